"""The hands: one module per watched system. `connect()` = a full report, then changes.

Rule 1: a connection lives for the length of its `async with` and never reconnects
itself; that is the plane's.
Rule 2: watching changes nothing in the watched system.
"""

"""Our public protocol: messages, the word table, the status answer, errors on the wire.

Rule 1: pure: what goes out is made here from views, what comes in is checked here.
Rule 2: names that the seeds promise appear here and nowhere further in.
"""

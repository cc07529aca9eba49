"""The ears: one package per foreign system; what it says → events of ours.

Rule 1: pure: bytes and the time of hearing in, events and wishes ("ask it for this
next") out. No clock, no socket, no file.
Rule 2: what cannot be read is counted and sampled, never an exception, and never costs
another event.
Rule 3: what leaves this room is already free of foreign prompts and keys.
"""

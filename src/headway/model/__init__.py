"""The words: events, entities, keys, cursor, phases, basis.

Everything here is a value; nothing here has a clock, a socket or a file.
"""

"""What differs between operating systems, and nothing else.

Rule 1: no other room asks which system it runs on.
Rule 2: nothing heavier than `os` and `sys` is imported at the top of these modules: the
fast command line goes through here.
Rule 3: the system's facts (platform, environment, roots of file systems) are arguments
with real defaults, so that every branch can be tried on any machine.
"""

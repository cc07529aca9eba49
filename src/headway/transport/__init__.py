"""The light sender: what happened, from a program or the command line, to where it is kept.

Rule 1: a running server gets it (the environment's, else the run file's of this
machine); where none runs it goes into the local store itself.
Rule 2: `Receipt` says what is true: stored (on disk where it belongs) or kept (on this
machine's disk, until the server given by HEADWAY_URL answers again). Nothing else is
ever acknowledged.
Rule 3: sending again is harmless: an event heard twice is no news.
Rule 4: this room blocks; whoever must not wait calls it from a thread of their own.
"""

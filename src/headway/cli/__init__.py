"""The command line.

Rule 1: stdout is data, stderr is talk.
Rule 2: the exit codes are the list in docs/protocol.md and no others (`codes`).
Rule 3: `status` with a server and `jobs` without one go the fast way: nothing is imported
that they do not need, and a test holds that.
"""

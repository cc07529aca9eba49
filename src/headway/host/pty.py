"""A command that runs as if we were not there, while we hear what it prints.

Rule 1: each of the command's three streams is what ours is: a terminal where ours is one,
    else none. A program that draws bars only for people does so exactly when it would
    have; a file gets the very bytes that it would have got.
Rule 2: bytes first. They are passed on as they come and are never looked at here; the tap
    gets the same objects, and some ten times a second a call in which to think.
Rule 3: when the command has ended, what it had printed by then is passed on, and nothing
    more: whatever it left behind in the background loses its terminal, as after `ssh -t`.
Rule 4: on a system without pseudo-terminals (Windows) pipes stand in for them.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # a command waits for what is imported here
if TYPE_CHECKING:
    from collections.abc import Sequence

    from headway.host.tap import Running

NOT_EXECUTABLE = 126  # as shells say it
NOT_FOUND = 127


def start(argv: Sequence[str], *, platform: str = sys.platform) -> Running:
    """Start the command. Call it before any thread is started: it forks.

    Raises: OSError if it cannot be started (see `code_of`).
    """
    if platform == "win32":
        from headway.host import pty_pipes

        return pty_pipes.start(argv)
    from headway.host import pty_unix

    return pty_unix.start(argv)


def code_of(error: OSError) -> int:
    """The exit code a shell gives to a command that could not be started so."""
    missing = (FileNotFoundError, NotADirectoryError)
    return NOT_FOUND if isinstance(error, missing) else NOT_EXECUTABLE

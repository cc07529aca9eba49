"""A command under a pseudo-terminal, on Linux and macOS.

Two ways, by Rule 1 of `headway.host.pty`:

session     input and output are a terminal: the command gets a terminal of its own in a
            session of its own (`pty_session`);
inherited   else: it stays in our process group with our very input, and only its output
            comes through here (`pty_inherited`).
"""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from headway.host.pty_copy import Copying


def start(argv: Sequence[str]) -> Copying:
    """Start the command. Raises: OSError if it cannot be started."""
    _fill_gaps()
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else nobody could wait for it
    if os.isatty(0) and os.isatty(1):
        from headway.host.pty_session import SessionRun

        return SessionRun(argv)
    from headway.host.pty_inherited import InheritedRun

    return InheritedRun(argv)


def _fill_gaps() -> None:
    # A closed stream's number would be given to the next file that is opened.
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), fd)

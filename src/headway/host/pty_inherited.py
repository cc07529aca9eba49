"""The command in our process group, with our very input; its output comes through here.

Rule 1: keys, signals and /dev/tty are as without us. A terminal's own signals (Ctrl-C) reach
    the whole foreground group anyway: they are not sent twice.
Rule 2: output and errors that go to one terminal stay one terminal; each way to another
    place is a way of its own.
Rule 3: where it waits because it is a job in the background, so do we.
"""

from __future__ import annotations

import os
import signal
import sys

from headway.host import pty_child
from headway.host.pty_copy import PASSED_ON, TICKS, Copying, Link, sent
from headway.host.pty_outer import copy_settings, copy_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

TYPED = ("SIGINT", "SIGQUIT")  # sent to the whole foreground group by a terminal
WAITS = ("SIGTTIN", "SIGTTOU")  # stops that only a job in the background gets


class InheritedRun(Copying):
    """The command in our process group, with our input; its output comes through here."""

    def __init__(self, argv: Sequence[str]) -> None:
        super().__init__()
        self._inner = -1  # a terminal that nobody types at
        self._shown = 1 if os.isatty(1) else 2  # where our output is one
        outputs = self._open()
        self.pid = pty_child.spawn(argv, (0, *outputs))
        for fd in {*outputs}:
            os.close(fd)
        names = [*PASSED_ON[:-1], "SIGWINCH", "SIGCHLD"]
        self._apart = _at_terminal() and hasattr(signal, "sigtimedwait")
        if self._apart:
            self._mask = signal.pthread_sigmask(
                signal.SIG_BLOCK, [getattr(signal, name) for name in TYPED]
            )
        self._listen([name for name in names if not (self._apart and name in TYPED)])
        self._look()

    def _open(self) -> tuple[int, int]:
        ends: dict[int, int] = {}
        for stream in (1, 2):
            if os.isatty(stream):
                ends[stream] = self._terminal(stream)
            elif stream == 2 and 1 in ends and os.path.sameopenfile(1, 2):
                ends[stream] = ends[1]  # two ways to one file could change places
            else:
                source, ends[stream] = os.pipe()
                self._links.append(Link(source, stream))
        return ends[1], ends[2]

    def _terminal(self, stream: int) -> int:
        if self._inner < 0:
            master, self._inner = os.openpty()
            copy_settings(stream, self._inner, untouched=True)
            copy_size(stream, self._inner)
            self._links.append(Link(master, stream))
        return self._inner

    def _patience(self) -> float:
        return 1.0 / TICKS if self._apart else super()._patience()

    def _serve(self, ready: list[int]) -> None:
        if self._apart:
            self._sent_by_hand()

    def _sent_by_hand(self) -> None:
        if sys.platform == "darwin":
            return
        asked = [getattr(signal, name) for name in TYPED]
        while (found := signal.sigtimedwait(asked, 0)) is not None:
            self._asks(found.si_signo)
            if found.si_code <= 0:  # a process sent it, not the terminal
                self._send(found.si_signo)

    def _signal(self, number: int) -> None:
        if number == signal.SIGCHLD:
            self._look()
        elif number == signal.SIGWINCH:
            shown = [link for link in self._links if os.isatty(link.sink) and link.source >= 0]
            changed = [copy_size(link.sink, link.source) for link in shown]
            if True in changed:
                self._send(number)
        elif number in self._before:
            self._send(number)

    def _send(self, number: int) -> None:
        sent(lambda: os.kill(self.pid, number))

    def _look(self) -> None:
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
        except ChildProcessError:
            return
        if not pid:
            return
        if not os.WIFSTOPPED(status):
            self._status = status
        elif signal.Signals(os.WSTOPSIG(status)).name in WAITS:
            os.kill(os.getpid(), signal.SIGSTOP)  # a job in the background that wants the keys

    def _close(self) -> None:
        super()._close()
        if self._apart:
            self._sent_by_hand()
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)


def _at_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True

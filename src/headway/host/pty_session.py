"""The command in a session of its own, at a terminal of its own.

Rule 1: keys go to it as they are pressed, so that the system turns Ctrl-C, Ctrl-Z and the
    like into signals there as it would have here.
Rule 2: a command that is stopped stops us (that is how a shell learns of it), and goes on
    when we do.
"""

from __future__ import annotations

import os
import signal

from headway.host import pty_child
from headway.host.pty_copy import PASSED_ON, TICKS, Copying, Link, sent
from headway.host.pty_outer import Outer, asks_to_stop, copy_settings, copy_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_KEYS = 65_536  # bytes typed ahead of a command that does not read
STOPS = ("SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGSTOP")


class SessionRun(Copying):
    """The command in a session of its own, at a terminal of its own."""

    def __init__(self, argv: Sequence[str]) -> None:
        super().__init__()
        self._outer = Outer(0)
        self._keys = b""  # typed, and not yet taken by the terminal
        self._typing = True
        self._continued = False
        self._master, inner = os.openpty()
        copy_settings(0, inner)
        copy_size(1, inner)
        heard, errors = (-1, inner) if os.isatty(2) else os.pipe()
        started = pty_child.spawn_in_session(
            argv, (inner, inner, errors), inner, [fd for fd in (self._master, heard) if fd >= 0]
        )
        self._monitor, self.pid, self._reports, self._gate = started
        os.close(inner)
        self._links = [Link(self._master, 1)]
        if heard >= 0:
            os.close(errors)
            self._links.append(Link(heard, 2))
        self._listen([*PASSED_ON, "SIGWINCH", "SIGCONT"])
        self._outer.take()

    def _inputs(self) -> list[int]:
        keys = self._typing and self._outer.raw and len(self._keys) < MOST_KEYS
        return [self._reports, 0] if keys else [self._reports]

    def _outputs(self) -> list[int]:
        return [self._master] if self._keys and self._links[0].source >= 0 else []

    def _patience(self) -> float:
        return super()._patience() if self._outer.raw else 1.0 / TICKS

    def _serve(self, ready: list[int]) -> None:
        if 0 in ready:
            self._typed()
        if self._keys:
            self._press()
        if self._reports in ready:
            self._reported()
        if not self._outer.raw:
            self._outer.take()  # a shell may bring us to the foreground without a word

    def _typed(self) -> None:
        try:
            typed = os.read(0, 4096)
        except OSError:
            typed = b""
        self._typing = bool(typed)
        self._keys += typed
        if asks_to_stop(self._master, typed):
            self._asks(signal.SIGINT)

    def _press(self) -> None:
        if self._links[0].source < 0:
            self._keys = b""
            return
        try:
            self._keys = self._keys[os.write(self._master, self._keys) :]
        except BlockingIOError:
            return
        except OSError:
            self._keys = b""

    def _reported(self) -> None:
        told = os.read(self._reports, pty_child.STATUS.size)
        if not told:  # somebody killed the monitor, and the system all of its session
            self._status = signal.SIGHUP
            return
        (status,) = pty_child.STATUS.unpack(told)
        if os.WIFSTOPPED(status):
            self._stopped(os.WSTOPSIG(status))
        else:
            self._status = status

    def _stopped(self, number: int) -> None:
        if signal.Signals(number).name not in STOPS:
            return
        self._outer.give_back()
        self._continued = False
        usual = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(0, signal.SIGTSTP)  # all of our job stops here, unless no shell looks after it
        signal.signal(signal.SIGTSTP, usual)
        self._signalled()
        if number != signal.SIGSTOP and not self._continued:
            self._go_on()
        self._outer.take()

    def _signal(self, number: int) -> None:
        if number == signal.SIGWINCH:
            copy_size(1, self._master)
        elif number == signal.SIGCONT:
            self._go_on()
        else:
            sent(lambda: os.killpg(self._group(number), number))

    def _go_on(self) -> None:
        self._continued = True
        self._outer.raw = False  # a shell has set the terminal as it likes it meanwhile
        self._outer.take()
        copy_size(1, self._master)
        sent(lambda: os.killpg(self.pid, signal.SIGCONT))

    def _group(self, number: int) -> int:
        if signal.Signals(number).name in ("SIGINT", "SIGQUIT", "SIGTSTP"):
            try:
                return os.tcgetpgrp(self._master) or self.pid
            except OSError:
                return self.pid
        return self.pid

    def _close(self) -> None:
        self._outer.give_back()
        super()._close()
        os.close(self._gate)
        os.close(self._reports)
        os.waitpid(self._monitor, 0)

"""The terminal that a person sits at: its size, and its keys as they are pressed.

Rule 1: its settings are changed only while our process group is in its foreground: a
    job in the background that tries is stopped.
Rule 2: what was changed is put back, whatever happens (kill -9 excepted).
Rule 3: a terminal that is gone answers nothing, and that is no error here.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

if sys.platform != "win32":
    import fcntl
    import termios
    import tty

SIZE = 8  # bytes of `struct winsize`


class Outer:
    """The terminal behind the descriptor."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.settings: list[Any] = termios.tcgetattr(fd)
        self.raw = False

    def take(self) -> bool:
        """Get the keys as they are pressed; False while we are in the background."""
        if not in_foreground(self.fd):
            self.raw = False
            return False
        if not self.raw:
            try:
                self.settings = termios.tcgetattr(self.fd)
                tty.setraw(self.fd, termios.TCSANOW)
            except (termios.error, OSError):
                return False
            self.raw = True
        return True

    def give_back(self) -> None:
        """Put the settings back."""
        if self.raw and in_foreground(self.fd):
            try:
                termios.tcsetattr(self.fd, termios.TCSANOW, self.settings)
            except (termios.error, OSError):
                return
        self.raw = False


def in_foreground(fd: int) -> bool:
    """Whether our process group is the one that the terminal serves."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False


def copy_size(outer: int, inner: int) -> bool:
    """Give the inner terminal the outer one's size; False if it had it already."""
    try:
        size = fcntl.ioctl(outer, termios.TIOCGWINSZ, bytes(SIZE))
        if fcntl.ioctl(inner, termios.TIOCGWINSZ, bytes(SIZE)) == size:
            return False
        fcntl.ioctl(inner, termios.TIOCSWINSZ, size)
    except OSError:
        return False
    return True


def copy_settings(outer: int, inner: int, *, untouched: bool = False) -> None:
    """Give the inner terminal the outer one's settings. `untouched`: it changes no output."""
    try:
        settings = termios.tcgetattr(outer)
        if untouched:
            settings[1] &= ~termios.OPOST
        termios.tcsetattr(inner, termios.TCSANOW, settings)
    except (termios.error, OSError):
        return


def asks_to_stop(terminal: int, typed: bytes) -> bool:
    """Whether the terminal makes an interrupt (Ctrl-C) of what was typed."""
    try:
        settings = termios.tcgetattr(terminal)
    except (termios.error, OSError):
        return False
    keys = settings[6][termios.VINTR], settings[6][termios.VQUIT]
    return bool(settings[3] & termios.ISIG) and any(key in typed for key in keys if key != b"\0")

"""The copy loop of a command behind a pseudo-terminal: bytes from it, signals for it.

Rule 1: bytes are passed on as they come. The tap is given the very objects and thinks
    about them in its ticks, which together take no more than `SHARE` of the time.
Rule 2: a signal that a person sends to us is passed on; one that we were told to ignore is
    ignored, by the command as well.
Rule 3: where our output is closed, the command's is closed: it is told by SIGPIPE, or by
    SIGHUP at a terminal, as without us.
Rule 4: at the end every signal is treated as it was before.
"""

from __future__ import annotations

import os
import select
import signal
import time

TYPE_CHECKING = False  # importing `typing` would cost each command some milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType
    from typing import Any

    from headway.host.tap import Tap

CHUNK = {True: 4_096, False: 65_536}  # bytes of one read: of a terminal, of a pipe
BURST = 32  # reads between two looks at the keys
TICKS = 10  # a second
SHARE = 0.03  # of the time that ticks may take
QUIET = 1.0  # seconds between two looks at the world while nothing is printed
LEFT_BEHIND = 1_048_576  # bytes read from one stream after the end: what a pipe can hold

PASSED_ON = ("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGTSTP")
ASKS = ("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP")  # to stop
JUST_NOW = 10.0  # seconds between being asked and having stopped


class Link:
    """Where a stream is read and where it is passed on to; `source` -1: closed."""

    __slots__ = ("chunk", "sink", "source", "stream")

    def __init__(self, source: int, stream: int) -> None:
        self.source = source
        self.chunk = CHUNK[os.isatty(source)]
        self.sink = self.stream = stream
        os.set_blocking(source, False)

    def close(self) -> None:
        """Let go of the source, so that whoever writes to it is told."""
        if self.source >= 0:
            os.close(self.source)
        self.source = -1


class Copying:
    """A command under way, whichever way it was started; `headway.host.tap.Running`."""

    def __init__(self) -> None:
        self.pid = 0
        self._links: list[Link] = []
        self._status: int | None = None
        self._dirty = False  # something was printed in this tick or the one before
        self._fresh = False  # in this one
        self._next = 0.0  # tick
        self._asked_at = float("-inf")
        self._before: dict[int, Any] = {}
        self._wake, self._waker = os.pipe()
        for fd in (self._wake, self._waker):
            os.set_blocking(fd, False)

    def passed(self, tap: Tap) -> int:
        """As `headway.host.tap.Running`."""
        try:
            while self._status is None:
                self._turn(tap)
            for link in self._links:
                self._drain(link, tap)
            tap.tick()
        finally:
            self._close()
        return os.WEXITSTATUS(self._status) if os.WIFEXITED(self._status) else (
            128 + os.WTERMSIG(self._status)
        )  # fmt: skip

    @property
    def asked(self) -> bool:
        """As `headway.host.tap.Running`."""
        return time.monotonic() - self._asked_at < JUST_NOW

    def _turn(self, tap: Tap) -> None:
        open_ones = [link for link in self._links if link.source >= 0]
        watched = [self._wake, *self._inputs(), *[link.source for link in open_ones]]
        ready, _, _ = select.select(watched, self._outputs(), [], self._patience())
        for link in open_ones:
            if link.source in ready:
                self._pass_on(link, tap, BURST)
        if self._wake in ready:
            self._signalled()
        self._serve(ready)
        if time.monotonic() >= self._next:
            # Once more after the last of it, so that a tap can tell that nothing follows.
            self._dirty, self._fresh = self._fresh, False
            self._tick(tap)

    def _tick(self, tap: Tap) -> None:
        start = time.monotonic()
        tap.tick()
        now = time.monotonic()
        pause = 1.0 / TICKS if self._dirty else QUIET
        self._next = now + max(pause, (now - start) / SHARE)

    def _pass_on(self, link: Link, tap: Tap, reads: int) -> bool:
        """Pass on what is there; False once there is no more."""
        self._dirty = self._fresh = True
        read, heard, stream = os.read, tap.heard, link.stream
        source, chunk = link.source, link.chunk
        for _ in range(reads):
            try:
                data = read(source, chunk)
            except BlockingIOError:
                return False
            except OSError:  # EIO: nobody has the terminal open any more
                data = b""
            if not data:
                link.close()
                return False
            heard(stream, data)
            if not _written(link.sink, data):
                self._sink_closed(link)
                return False
        return True

    def _drain(self, link: Link, tap: Tap) -> None:
        budget = LEFT_BEHIND // 4096
        if link.source >= 0:
            self._pass_on(link, tap, budget)

    def _signalled(self) -> None:
        try:
            numbers = os.read(self._wake, 512)
        except BlockingIOError:
            return
        for number in numbers:
            self._asks(number)
            self._signal(number)

    def _asks(self, number: int) -> None:
        if signal.Signals(number).name in ASKS:
            self._asked_at = time.monotonic()

    def _listen(self, names: Sequence[str]) -> None:
        """Be told of these signals, except those that we were told to ignore."""
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for name in names:
            number = getattr(signal, name)
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, _heard_elsewhere)

    def _close(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)
        for link in self._links:
            link.close()
        for fd in (self._wake, self._waker):
            os.close(fd)

    def _inputs(self) -> list[int]:
        return []

    def _outputs(self) -> list[int]:
        return []

    def _patience(self) -> float:
        return 1.0 / TICKS if self._dirty else QUIET

    def _serve(self, ready: list[int]) -> None:
        return

    def _signal(self, number: int) -> None:
        raise NotImplementedError

    def _sink_closed(self, link: Link) -> None:
        link.close()


def sent(send: Callable[[], None]) -> None:
    """Send a signal to somebody who may be gone, or another's."""
    try:
        send()
    except (ProcessLookupError, PermissionError):
        return


def _written(fd: int, data: bytes) -> bool:
    """Write all of it, however long that takes; False if nobody can read it any more."""
    while True:
        try:
            done = os.write(fd, data)
        except BlockingIOError:  # somebody else made it so
            select.select([], [fd], [])
            continue
        except OSError:
            return False
        if done == len(data):
            return True
        data = data[done:]


def _heard_elsewhere(number: int, frame: FrameType | None) -> None:
    return

"""The tap on a command's output: a bounded sample of it, read some times a second.

Rule 1: what is heard is never held longer or larger than `HELD`: of a flood only the
    last bytes before each look are read, and the last of all always are.
Rule 2: output and errors are two screens where they go to two places, else one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from headway.run.hearing import Hearing
from headway.run.screen import Screen

HELD = 16_384  # bytes of a stream that are read at one look,
LINES = 128  # and lines of it
MOST_LINES = 20  # last lines that are kept for a failure
LONGEST_LINE = 300  # characters of each


class Ear:
    """One stream: what was printed since the last look, and how it looks now."""

    __slots__ = ("chunks", "gap", "hearing", "held", "quiet", "screen", "total")

    def __init__(self, words: Sequence[str]) -> None:
        self.chunks: deque[bytes] = deque()
        self.held = 0  # bytes in the chunks
        self.total = 0  # bytes ever
        self.gap = False
        self.quiet = False
        self.screen = Screen()
        self.hearing = Hearing(words)

    def heard(self, data: bytes) -> None:
        """Keep the bytes until the next look, or forget older ones."""
        size = len(data)
        self.total += size
        self.held += size
        self.chunks.append(data)
        while self.held - len(self.chunks[0]) >= HELD:
            self.held -= len(self.chunks.popleft())
            self.gap = True

    def look(self, *, last: bool = False) -> None:
        """Read what was heard since; `last`: nothing will follow."""
        data = b"".join(self.chunks)
        if self.gap or data.count(b"\n") > LINES:
            data, self.gap = b"\n".join(data[-HELD:].rsplit(b"\n", LINES)[1:]) or data[-HELD:], True
        quiet, self.quiet = self.quiet, not data
        if not data and quiet and not last:
            return  # it was read to its end at the look before
        if self.gap:
            self.screen.skip()
        self.chunks.clear()
        self.held, self.gap = 0, False
        rows = self.screen.feed(data, last=last or not data)
        self.hearing.feed(rows, self.screen.base)


class Listener:
    """Hears both streams; calls `told` after each look. A `headway.host.tap.Tap`."""

    def __init__(self, words: Sequence[str], told: Callable[[Listener], None]) -> None:
        self._ears = {1: Ear(words), 2: Ear(words)}
        self._told = told

    def heard(self, stream: int, data: bytes) -> None:
        """Bytes of stream 1 or 2."""
        self._ears[stream].heard(data)

    def tick(self) -> None:
        """Look at what was printed, and tell."""
        for ear in self._ears.values():
            ear.look()
        self._told(self)

    def finish(self) -> None:
        """Nothing will follow: read what still waits, and tell."""
        for ear in self._ears.values():
            ear.look(last=True)
        self._told(self)

    @property
    def hearing(self) -> Hearing:
        """The stream that says something: the errors' where only they do."""
        output, errors = self._ears[1].hearing, self._ears[2].hearing
        return errors if errors.reader and output.reader in ("", "guess") else output

    @property
    def printed(self) -> int:
        """Bytes of both streams."""
        return sum(ear.total for ear in self._ears.values())

    @property
    def last_lines(self) -> list[str]:
        """The last lines with text, oldest first; the errors' where these are apart."""
        errors = self._ears[2]
        ear = errors if errors.total else self._ears[1]
        return [line[:LONGEST_LINE] for line in ear.screen.lines(MOST_LINES)]

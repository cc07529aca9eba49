"""The server's console as a client can read it: the last entries, and a stream of new ones.

Rule 1: one write is one entry `{t, m}`; subscribers get the entries gathered since the last flush
    in one message.
Rule 2: a write that begins with a carriage return takes the place of an unfinished last line, as on
    a terminal; so the last entry is the current bar, with its step, elapsed time and rate.
Rule 3: the terminal's size is told once: with the first message to a subscriber, or to the first
    who reads all. After that messages carry null, whoever hears them.
Rule 4: a bar closes with an empty write and a last drawing; its line end waits for the next flush.
Rule 5: a coloured console (since 0.23) marks each line that was logged with its level, and some
    lines as a whole. Bars and what a dying thread says are written past the logger, unmarked.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

KEPT = 300  # entries
SIZE = {"cols": 80, "rows": 24}
BLOCKS = " ▏▎▍▌▋▊▉█"  # eighths of a character
BAR_WIDTH = 10  # characters, when the terminal's width is unknown
DRAWN_EVERY = 0.1  # seconds between two drawings, at speed 1.0
SMOOTHING = 0.3  # weight of the newest step in the shown rate

PLAIN = "\033[0m"
GREEN = "\033[32m"
#: level -> how its mark begins; "" is no level, for what is not logged
LEVELS = {"INFO": GREEN, "WARNING": "\033[1m\033[33m", "ERROR": "\033[1m\033[31m"}

Entry = dict[str, str]


class Log:
    """The console. `send` gets the entries of every flush."""

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        send: Callable[[list[Entry]], None],
        coloured: bool = False,
    ) -> None:
        self.entries: deque[Entry] = deque(maxlen=KEPT)
        self._clock = clock
        self._send = send
        self._coloured = coloured
        self._size_told = False
        self._unflushed: list[Entry] = []

    def line(self, text: str, *, level: str = "INFO", colour: str = "") -> None:
        """Write one whole line (or several that come as one entry) and flush."""
        if self._coloured and level:
            body = f"{colour}{text}{PLAIN}" if colour else text
            text = f"{LEVELS[level]}[{level}]{PLAIN} {body}"
        self.write(text + "\n")
        self.flush()

    def write(self, text: str) -> None:
        entry = {"t": datetime.fromtimestamp(self._clock()).isoformat(), "m": text}
        if text.startswith("\r") and self.entries and not self.entries[-1]["m"].endswith("\n"):
            self.entries.pop()
        self.entries.append(entry)
        self._unflushed.append(entry)

    def flush(self) -> None:
        if self._unflushed:
            entries, self._unflushed = self._unflushed, []
            self._send(entries)

    def new_size(self) -> dict[str, int] | None:
        """The terminal's size for a message, unless it was told before."""
        told, self._size_told = self._size_told, True
        return None if told else SIZE

    def raw(self) -> dict[str, Any]:
        """The body of GET /internal/logs/raw."""
        self._size_told = True
        return {"entries": list(self.entries), "size": SIZE}

    def text(self) -> str:
        """The body of GET /internal/logs."""
        return "".join(f"{entry['t']} - {entry['m']}" for entry in self.entries)


class Bar:
    """A tqdm bar on the console. Draws 0 when made, then each step; close() it in every case."""

    def __init__(
        self, log: Log, total: int | None, *, clock: Callable[[], float], speed: float
    ) -> None:
        self._log = log
        self._total = total
        self._clock = clock
        self._every = DRAWN_EVERY / speed
        self._began = self._drawn_at = self._stepped_at = clock()
        self._step_time = 0.0
        self._done = 0
        self._draw(rate=0.0)

    def step(self) -> None:
        now = self._clock()
        took, self._stepped_at = now - self._stepped_at, now
        self._step_time = (
            took if not self._done else SMOOTHING * took + (1 - SMOOTHING) * self._step_time
        )
        self._done += 1
        if now - self._drawn_at >= self._every:
            self._drawn_at = now
            self._draw(rate=_per_second(1, self._step_time))

    def close(self) -> None:
        self._log.write("")
        self._draw(rate=_per_second(self._done, self._clock() - self._began))
        self._log.write("\n")

    def _draw(self, *, rate: float) -> None:
        elapsed = self._clock() - self._began
        self._log.write("\r" + bar_text(self._done, self._total, elapsed=elapsed, rate=rate))
        self._log.flush()


def _per_second(count: int, seconds: float) -> float:
    return count / seconds if seconds > 0 else 0.0


def bar_text(done: int, total: int | None, *, elapsed: float, rate: float) -> str:
    """One drawing of a bar, such as ` 50%|█████     | 3/6 [00:00<00:00,  4.49it/s]`.

    Rate 0 is shown as unknown.
    """
    speed = _rate_text(rate)
    if total is None:
        return f"{done}it [{_clock_text(elapsed)}, {speed}]"
    left = _clock_text((total - done) / rate) if rate else "?"
    fraction = done / total
    times = f"{_clock_text(elapsed)}<{left}, {speed}"
    return f"{fraction:>4.0%}|{_blocks(fraction)}| {done}/{total} [{times}]"


def _blocks(fraction: float) -> str:
    full, eighths = divmod(int(fraction * BAR_WIDTH * 8), 8)
    return (BLOCKS[8] * full + (BLOCKS[eighths] if eighths else "")).ljust(BAR_WIDTH)


def _rate_text(rate: float) -> str:
    if not rate:
        return "?it/s"
    return f"{rate:5.2f}it/s" if rate >= 1 else f"{1 / rate:5.2f}s/it"


def _clock_text(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:d}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"

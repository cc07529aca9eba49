"""What was heard, as a job's progress.

Rule 1: only what changed is told.
Rule 2: the whole's bar is the job's, a part's is a step's: a part's share in the whole is
    not known, so that no percent of the job comes from it.
Rule 3: while nothing is recognised, how much is printed is all that is said.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Protocol

from headway.run.hearing import Hearing
from headway.run.listening import Listener
from headway.run.privacy import Hide
from headway.run.reading import Bar

WINDOW = 1.0  # seconds over which the rate of output is taken
MOST_STEPS = 200  # parts of one command that become steps
LONGEST_NAME = 120  # characters of a part's name
LONGEST_DOING = 200  # characters of what it does
UNITS = ("B", "kB", "MB", "GB")

_DIGITS = re.compile(r"[0-9]+")


class StepLike(Protocol):
    """What is used of `headway.progress.Step`."""

    def set(self, done: float, *, total: float | None, unit: str) -> object:
        """Stand at `done`."""

    def close(self) -> object:
        """End."""


class JobLike(Protocol):
    """What is used of `headway.progress.Job`."""

    def set(self, done: float, *, total: float | None, unit: str) -> object:
        """Stand at `done`."""

    def step(self, name: str) -> StepLike:
        """Begin a part."""

    def doing(self, text: str) -> object:
        """What it does."""

    def reading(self, field: str, value: float) -> object:
        """A named value."""


class _Part:
    __slots__ = ("bar", "doing", "step")

    def __init__(self, step: StepLike) -> None:
        self.step = step
        self.bar: Bar | None = None
        self.doing = ""


class Telling:
    """Tells a job of what a listener hears; call it after each look."""

    def __init__(
        self, job: JobLike, hide: Hide, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._job, self._hide, self._clock = job, hide, clock
        self._whole: Bar | None = None
        self._parts: dict[str, _Part] = {}
        self._begun = 0
        self._doing = ""
        self._printed, self._since = 0, clock()
        self._rate = -1.0

    def __call__(self, listener: Listener) -> None:
        """Tell what changed since the last call."""
        hearing = listener.hearing
        self._tell_whole(hearing.levels.get(0))
        self._tell_parts(hearing)
        self._tell_rate(listener.printed)
        self._tell_doing(hearing)

    def finish(self) -> None:
        """All went well: what has begun is over."""
        while self._parts:
            self._parts.popitem()[1].step.close()

    def _tell_whole(self, bar: Bar | None) -> None:
        if bar is not None and bar != self._whole:
            self._whole = bar
            self._job.set(bar.done, total=bar.total, unit=bar.unit)

    def _tell_parts(self, hearing: Hearing) -> None:
        shown = [self._part(level, bar) for level, bar in sorted(hearing.levels.items()) if level]
        for name, bar in shown:
            part = self._parts.get(name) or self._begin(name, bar)
            if part is not None and part.bar != bar:
                part.bar, part.doing = bar, hearing.doing
                part.step.set(bar.done, total=bar.total, unit=bar.unit)
        # A bar that comes and goes is one part; it is over when something else is done.
        for name in self._parts.keys() - {name for name, _ in shown}:
            if self._parts[name].doing != hearing.doing:
                self._parts.pop(name).step.close()

    def _part(self, level: int, bar: Bar) -> tuple[str, Bar]:
        label = self._hide(bar.label)[:LONGEST_NAME] or f"part {level}"
        return _DIGITS.sub("#", label), bar  # "epoch 3" is the same part as "epoch 2"

    def _begin(self, name: str, bar: Bar) -> _Part | None:
        if self._begun >= MOST_STEPS:
            return None
        self._begun += 1
        self._parts[name] = _Part(self._job.step(self._hide(bar.label)[:LONGEST_NAME] or name))
        return self._parts[name]

    def _tell_rate(self, printed: int) -> None:
        now = self._clock()
        if now - self._since < WINDOW:
            return
        rate = round((printed - self._printed) / (now - self._since), 1)
        self._printed, self._since = printed, now
        if rate != self._rate:
            self._rate = rate
            self._job.reading("output_rate", rate)

    def _tell_doing(self, hearing: Hearing) -> None:
        doing = self._hide(hearing.doing)[:LONGEST_DOING]
        if not hearing.reader and self._rate >= 0.0:
            doing = f"prints {amount(self._rate)}/s" if self._rate else "prints nothing"
        if doing != self._doing:
            self._doing = doing
            self._job.doing(doing)


def amount(size: float) -> str:
    """Bytes for people: 0 B, 12 kB, 3.4 MB."""
    place = 0
    while size >= 1000.0 and place < len(UNITS) - 1:
        size, place = size / 1000.0, place + 1
    return f"{size:.1f} {UNITS[place]}" if place and size < 10.0 else f"{size:.0f} {UNITS[place]}"

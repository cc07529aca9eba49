"""Live bars on the terminal: one for each job of a submission, and lines where there is none.

Rule 1: bars go to stderr: stdout is data.
Rule 2: without a terminal each change of phase is one line; the same phase is told once.
Rule 3: what is not known shows no percent: the bar pulses.
"""

from __future__ import annotations

import sys
import time
from typing import Any, Protocol, Self

from headway.estimate.pace import Pace
from headway.estimate.remaining import remaining
from headway.generate.running import Running
from headway.model.views import JobView
from headway.model.words import RESOLVED
from headway.render.making import bar_of, line_of, phase_words
from headway.render.table import safe


class Bars(Protocol):
    """Shows a submission."""

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(self, *_: object) -> None:
        """Leave the last state standing."""
        ...

    def show(self, running: Running, name: str = "") -> None:
        """How it stands now."""
        ...


class Lines:
    """One line for each change of phase."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def show(self, running: Running, name: str = "") -> None:
        """How it stands now, where that is news."""
        for job in running.jobs:
            words = phase_words(job, running.steps(job.key))
            if self._told.get(job.key) != words:
                self._told[job.key] = words
                line = line_of(job, running.steps(job.key), per_unit=None, left=None)
                print(safe(f"{_name(job, name)}: {line}"), file=sys.stderr, flush=True)


class Rich:
    """Bars that move."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        columns = (
            TextColumn("{task.fields[name]}", markup=False),
            BarColumn(bar_width=20),
            TaskProgressColumn(),
            TextColumn("{task.description}", markup=False),
        )
        console = Console(file=sys.stderr)
        self._progress = Progress(*columns, console=console, refresh_per_second=10)
        self._tasks: dict[str, Any] = {}
        self._paces: dict[str, Pace] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, running: Running, name: str = "") -> None:
        """How it stands now."""
        for job in running.jobs:
            self._show(job, running, name)

    def _show(self, job: JobView, running: Running, name: str) -> None:
        if job.key not in self._tasks:
            named = safe(_name(job, name))[:24]
            self._tasks[job.key] = self._progress.add_task("", total=None, name=named)
            self._paces[job.key] = Pace()
        pace, bar = self._paces[job.key], bar_of(job)
        if bar is not None:
            pace.hear(bar, job.stepped_at)
        left = remaining(job, (), pace=pace.measured(), now=time.time())
        text = line_of(
            job,
            running.steps(job.key),
            per_unit=pace.measured().per_unit,
            left=left[0] if left else None,
        )
        known = job.fraction is not None
        self._progress.update(
            self._tasks[job.key],
            description=safe(text),
            total=1.0 if known or job.phase in RESOLVED else None,
            completed=job.fraction or 0.0,
        )


def bars(*, live: bool) -> Bars:
    """What this terminal can show."""
    return Rich() if live else Lines()


def _name(job: JobView, name: str) -> str:
    return name or job.title or job.native[:8]

"""Bars on this terminal, drawn by rich.

Rule 1: only where stderr is a terminal; elsewhere (a pipe, a notebook, a service) nothing is
written and rich is not imported.
Rule 2: nothing is redirected, and what goes wrong here ends the drawing, not the reporting.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from headway.progress.voice import Line, Voice, warn

MOST = 8  # bars at once; more would not fit
OFF = ("off", "0", "no")


class Screen:
    """The bars of one process."""

    def __init__(self) -> None:
        self._on = _is_terminal()
        self._bars: Any = None
        self._tasks: dict[Line, Any] = {}

    def show(self, voice: Voice) -> None:
        """Draw what stands."""
        if not self._on or not (voice.live or self._bars):
            return
        try:
            self._draw(voice)
        except Exception as error:  # a task root: a terminal can go away
            self._on = False
            warn(f"no bars can be drawn: {error!r}")

    def close(self) -> None:
        """Leave the terminal as it was found."""
        bars, self._bars = self._bars, None
        self._tasks.clear()
        if bars is not None:
            bars.stop()

    def _draw(self, voice: Voice) -> None:
        shown = {line: ref() for line, ref in list(voice.live.items()) if line.show}
        if not shown and not self._tasks:
            return
        if self._bars is None:
            self._bars = _bars()
            self._bars.start()
        for line in [line for line in self._tasks if line not in shown]:
            self._end(line)
        for line, counter in list(shown.items())[:MOST]:
            if counter is not None:
                self._update(line, counter)
        self._bars.refresh()
        if not self._tasks:
            self.close()

    def _update(self, line: Line, counter: Any) -> None:
        if line not in self._tasks:
            self._tasks[line] = self._bars.add_task(_plain(line.title or "…"), total=None)
        done, total = _number(counter.done), _number(counter.total)
        self._bars.update(self._tasks[line], completed=done or 0, total=total)

    def _end(self, line: Line) -> None:
        task = self._tasks.pop(line)
        last = _number((line.told or (None,))[0])
        if last is not None:
            self._bars.update(task, completed=last)
        self._bars.stop_task(task)
        if line.step:
            self._bars.remove_task(task)


def _bars() -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
    )


def _is_terminal() -> bool:
    if os.environ.get("HEADWAY_BARS", "").lower() in OFF or os.environ.get("TERM") == "dumb":
        return False
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        return False  # workers would draw over each other
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False


def _plain(title: str) -> str:
    return "".join([one if one.isprintable() else "�" for one in title])


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0.0 <= number < float("inf") else None

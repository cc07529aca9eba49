"""The live speed of a bar: seconds per unit, measured in this run.

Rule 1: the first unit holds the warm-up and is left out as soon as there is a second;
until then the speed is not `settled`, and history knows better.
Rule 2: a new run or total starts the measurement anew.
"""

from __future__ import annotations

from headway.model.views import BarView

RECENT_POINTS = 8  # readings over which the speed is taken


class Pace:
    """The readings of one bar, newest last; bounded."""

    def __init__(self) -> None:
        self._points: list[tuple[float, float]] = []
        self._total: float | None = None

    def hear(self, bar: BarView) -> None:
        """Take a reading; an old or repeated one changes nothing."""
        if bar.total != self._total or (self._points and bar.done < self._points[-1][1]):
            self._points, self._total = [], bar.total
        if not self._points or bar.done > self._points[-1][1]:
            self._points.append((bar.at, bar.done))
            del self._points[:-RECENT_POINTS]

    @property
    def settled(self) -> bool:
        """Whether more than the warm-up was measured."""
        return len(self._points) > 2

    def seconds_per_unit(self) -> float | None:
        """The measured speed; None before two readings."""
        points = self._points
        if len(points) > 2 and points[0][1] == 0:
            points = points[1:]
        if len(points) < 2 or points[-1][0] <= points[0][0]:
            return None
        return (points[-1][0] - points[0][0]) / (points[-1][1] - points[0][1])

"""The live speed of a bar: seconds per unit, measured in this run.

Rule 1: the first unit holds the warm-up and is left out as soon as there is a second;
until then the speed is not `settled`, and history knows better.
Rule 2: a new run or total starts the measurement anew.
"""

from __future__ import annotations

import msgspec

from headway.model.views import BarView

RECENT_POINTS = 8  # readings over which the speed is taken


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """The speed of a bar. `began`: when it stood at 0. `per_unit`: seconds; None before
    two readings. `settled`: more than the warm-up was measured.
    """

    began: float | None = None
    per_unit: float | None = None
    settled: bool = False


NOTHING = Measured()


class Pace:
    """The readings of one bar, newest last; bounded."""

    def __init__(self) -> None:
        self.began: float | None = None  # when the bar stood at 0; None: nobody saw
        self._points: list[tuple[float, float]] = []
        self._total: float | None = None

    def hear(self, bar: BarView, stepped_at: float | None = None) -> None:
        """Take a reading; an old or repeated one changes nothing.

        `stepped_at`: when the newest step began, for bars that do not say 0 first.
        """
        if not self._points or bar.total != self._total or (bar.done < self._points[-1][1]):
            self._points, self._total = [], bar.total
            self.began = bar.at if bar.done == 0 else stepped_at
        if not self._points or bar.done > self._points[-1][1]:
            self._points.append((bar.at, bar.done))
            del self._points[:-RECENT_POINTS]

    def measured(self) -> Measured:
        """What is known of the bar's speed by now."""
        return Measured(began=self.began, per_unit=self._per_unit(), settled=len(self._points) > 2)

    def _per_unit(self) -> float | None:
        points = self._points
        if len(points) > 2 and points[0][1] == 0:
            points = points[1:]
        if len(points) < 2 or points[-1][0] <= points[0][0]:
            return None
        return (points[-1][0] - points[0][0]) / (points[-1][1] - points[0][1])

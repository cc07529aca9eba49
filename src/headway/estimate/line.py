"""The line: when those that wait will start and end.

Rule 1: one job at a time: the next starts when the one before it is expected to end.
Rule 2: once the length of one in line is unknown, nothing behind it is estimated; when
it will start is known all the same, if something is ahead of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import hypot
from typing import NamedTuple

from headway.estimate.remaining import Spread
from headway.model.views import Estimate


class Line(NamedTuple):
    """`estimates` by key; `stops`: the first of unknown length, and when it should start."""

    estimates: dict[str, Estimate]
    stops: tuple[str, float] | None = None


def estimate_of(
    rest: Spread, *, samples: int, now: float, start_at: float | None = None, how: str = ""
) -> Estimate:
    """Seconds from `now` to an estimate in absolute times."""
    expected, low, high = rest
    return Estimate(
        end_at=round(now + expected, 3),
        low_at=round(now + low, 3),
        high_at=round(now + high, 3),
        samples=samples,
        start_at=None if start_at is None else round(start_at, 3),
        how=how,
    )


def line(
    first: Sequence[Spread], waiting: Iterable[tuple[str, Spread | None, int]], *, now: float
) -> Line:
    """Estimates of those that wait, in order: (key, length, samples).

    `first` is what the running jobs still need; the line moves when the last of them
    ends. Widths add up as independent errors do.
    """
    ahead, low, high = max(first, default=(0.0, 0.0, 0.0))
    below, above = ahead - low, high - ahead
    estimates: dict[str, Estimate] = {}
    for key, length, samples in waiting:
        if length is None:
            return Line(estimates, (key, round(now + ahead, 3)) if ahead else None)
        below = hypot(below, length[0] - length[1])
        above = hypot(above, length[2] - length[0])
        end = ahead + length[0]
        estimates[key] = estimate_of(
            (end, max(end - below, 0.0), end + above),
            samples=samples,
            now=now,
            start_at=now + ahead,
            how="history and the line ahead",
        )
        ahead = end
    return Line(estimates)

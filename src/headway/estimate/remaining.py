"""How long a running job still needs.

The rest is counted from where the job is: what is left of the running step, then what
came after that step in each earlier run. While only the warm-up of this run's step was
measured, what is left of it is what was left in the earlier run; then it goes by this
run's own speed, and what follows is stretched as much as the step was. Each earlier run
gives one answer; the estimate is their median, the spread their 10th to 90th percentile.

Rule 1: outside a measured step the earlier runs that took longer than this one
already has are the ones that still tell something.
Rule 2: without history, inside a measured step, the step's own rest is said, and that
it rests on no finished job.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from headway.estimate.pace import NOTHING, Measured
from headway.model.records import Record, Span
from headway.model.views import BarView, JobView

SLOWEST, FASTEST = 4.0, 0.25  # how far a live speed may scale what follows
UNKNOWN_TAIL = 1.5  # the most that is said to follow a measured step, without history
OVERRUN = 0.1  # of the time already run: what is left when all earlier runs were shorter

Spread = tuple[float, float, float]
"""Seconds: the expectation, and the low and high end of the plain spread."""


def remaining(
    job: JobView, similar: Sequence[Record], *, pace: Measured = NOTHING, now: float
) -> Spread | None:
    """Seconds the running job still needs; None if nothing is known.

    `pace` is the measured speed of its newest bar.
    """
    bar = next((one for one in job.bars if one.total), None)
    if bar is None:
        return _rest_of_run(job, similar, now)
    answers = [_rest_by(one, bar, pace, now) for one in similar]
    known = [rest for rest in answers if rest is not None]
    if known:
        return spread(known)
    if pace.per_unit is None:
        return _rest_of_run(job, similar, now)
    rest = _rest_of_bar(bar, pace.per_unit, now)
    return rest, rest, rest * UNKNOWN_TAIL


def whole(similar: Sequence[Record]) -> Spread | None:
    """Seconds that a job takes from start to end; None without history."""
    return spread([one.seconds for one in similar if one.seconds is not None])


def spread(values: Sequence[float]) -> Spread | None:
    """Median, 10th and 90th percentile; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    last = len(ordered) - 1
    return median(ordered), ordered[round(last * 0.1)], ordered[round(last * 0.9)]


def _rest_by(record: Record, bar: BarView, pace: Measured, now: float) -> float | None:
    span = _span_of(record, bar)
    if span is None or not span.units or record.seconds is None:
        return None
    after = max(record.seconds - span.after - span.seconds, 0.0)
    if pace.settled and pace.per_unit:
        return _rest_of_bar(bar, pace.per_unit, now) + after * _stretch(span, bar, pace)
    if pace.began is not None and span.seconds > now - pace.began:
        return span.seconds - (now - pace.began) + after
    return _rest_of_bar(bar, span.seconds / span.units, now) + after


def _stretch(span: Span, bar: BarView, pace: Measured) -> float:
    """How many times as long as in that run the step takes in this one."""
    assert pace.per_unit is not None
    spent = bar.at - pace.began if pace.began is not None else bar.done * pace.per_unit
    whole_step = spent + max((bar.total or 0.0) - bar.done, 0.0) * pace.per_unit
    return min(max(whole_step / span.seconds, FASTEST), SLOWEST) if span.seconds else 1.0


def _rest_of_run(job: JobView, similar: Sequence[Record], now: float) -> Spread | None:
    if job.started_at is None:
        return None
    elapsed = max(now - job.started_at, 0.0)
    lengths = [one.seconds for one in similar if one.seconds is not None]
    longer = [seconds - elapsed for seconds in lengths if seconds > elapsed]
    if lengths and not longer:
        longer = [elapsed * OVERRUN]
    return spread(longer)


def _rest_of_bar(bar: BarView, per_unit: float, now: float) -> float:
    left = max((bar.total or 0.0) - bar.done, 0.0)
    since = min(max(now - bar.at, 0.0), per_unit)  # part of the unit under way
    return max(left * per_unit - since, 0.0)


def _span_of(record: Record, bar: BarView | None) -> Span | None:
    # By step; a bar that no step could be told for is matched by its length.
    if bar is None:
        return None
    measured = [span for span in record.spans if span.units]
    by_step = [span for span in measured if span.step == bar.step]
    by_total = [span for span in measured if span.units == bar.total]
    return next(iter(by_step or by_total or measured[:1]), None)

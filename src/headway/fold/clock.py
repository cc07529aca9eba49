"""What depends on the time: pure functions of (view, its source, now).

Rule 1: silence proves nothing about a job: an unreachable source makes its jobs stale
and changes no phase.
Rule 2: nothing here is ever stored or sent; absolute times go on the wire and every
reader calls this with its own now.
"""

from __future__ import annotations

import msgspec

from headway.model.views import JobView, NodeView
from headway.model.words import RESOLVED

SOONEST = 90 * 86_400.0  # seconds: older `at` than this is not believed
LATEST = 5.0  # seconds: an `at` further ahead than this is not believed


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """A job at one moment. Durations are in seconds; None means unknown.

    `stale` is since when its source cannot be reached; `stalled` is for how long
    nothing was heard, only once that is longer than it should be.
    """

    waited: float | None = None
    elapsed: float | None = None
    remaining: float | None = None
    starts_in: float | None = None
    overdue: bool = False
    stale: float | None = None
    stalled: float | None = None
    percent: float | None = None


def moment(job: JobView, source: NodeView | None, now: float) -> Moment:
    """The job as it stands at `now`."""
    resolved = job.phase in RESOLVED
    until = job.ended_at if resolved else now
    estimate = job.estimate
    stale = None if resolved else unreachable_since(source)
    silent = job.stalled_at is not None and now > job.stalled_at and stale is None
    return Moment(
        waited=_between(job.queued_at, job.started_at or (None if job.ended_at else now)),
        elapsed=_between(job.started_at, until),
        remaining=max(estimate.end_at - now, 0.0) if estimate else None,
        starts_in=_left(start_of(job), now),
        overdue=bool(estimate and now > estimate.high_at),
        stale=stale,
        stalled=now - job.updated_at if silent else None,
        percent=None if job.fraction is None else 100.0 * job.fraction,
    )


def start_of(job: JobView) -> float | None:
    """When it should start, while it waits: of its estimate, or alone where there is none."""
    if job.estimate is not None:
        return job.estimate.start_at
    alone = job.readings.get("start_at")
    return float(alone) if isinstance(alone, float | int) and job.phase == "queued" else None


def unreachable_since(source: NodeView | None) -> float | None:
    """Since when the source cannot be reached; None while it can, or is not known."""
    return source.since if source is not None and source.seen is False else None


def believable(at: float, received_at: float) -> bool:
    """True if an event received then can have happened at `at`."""
    return received_at - SOONEST <= at <= received_at + LATEST


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else max(end - start, 0.0)


def _left(at: float | None, now: float) -> float | None:
    return None if at is None else max(at - now, 0.0)

"""A finished job, condensed to what estimates need.

Rule 1: only times that were seen: a job whose start or end nobody saw has
`seconds` None, and a step without both has no span.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headway.fold.views import meta_of, outcome_of, view
from headway.model.entities import Attempt, Job, Step
from headway.model.keys import source_of
from headway.model.records import Record, Span
from headway.model.views import StepView
from headway.model.words import PRESUMED


def record_of(job: Job, steps: Iterable[Step]) -> Record | None:
    """What to remember of the job; None while it has not ended."""
    closed = outcome_of(job)
    if closed is None or closed[2].end is None:
        return None
    attempt, meta = closed[2], meta_of(job)
    started = attempt.started.at if attempt.started else None
    readings = {field: next(iter(who.values())).value for field, who in job.levels.items() if who}
    return Record(
        key=job.key,
        source=source_of(job.key),
        ended_at=closed[2].end.at,
        outcome=closed[0],
        signature=str(meta.get("signature", "")),
        family=str(meta.get("family", "")),
        seconds=_seconds(attempt),
        cold=readings.get("reading cold"),
        sampling_steps=_number(meta.get("sampling_steps")),
        work=_number(meta.get("work")),
        spans=[] if started is None else _spans(steps, started),
    )


def _seconds(attempt: Attempt) -> float | None:
    if attempt.started is None or attempt.end is None or attempt.end.basis in PRESUMED:
        return None
    return max(attempt.end.at - attempt.started.at, 0.0)


def _spans(steps: Iterable[Step], started: float) -> list[Span]:
    views = [one for one in map(view, steps) if isinstance(one, StepView) and not one.cached]
    spans = [
        Span(
            one.step,
            one.name,
            round(one.started_at - started, 4),
            round(max(one.ended_at - one.started_at, 0.0), 4),
            one.bar.total if one.bar else None,
        )
        for one in views
        if one.started_at is not None and one.ended_at is not None
    ]
    return sorted(spans, key=lambda span: (span.after, span.step))


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None

"""A finished job, condensed to what estimates need.

Rule 1: only times that were seen: a job whose start or end nobody saw has
`seconds` None, and a step without both has no span.
Rule 2: of one attempt only, the one that closed the job.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headway.fold.views import best, meta_of, outcome_of, shown_attempt, shown_bar
from headway.model.entities import Attempt, Job, Stamp, Step, StepAttempt
from headway.model.keys import readable, source_of, split
from headway.model.records import Record, Span
from headway.model.words import PRESUMED


def record_of(job: Job, steps: Iterable[Step]) -> Record | None:
    """What to remember of the job; None while it has not ended."""
    closed = outcome_of(job)
    if closed is None or closed[2].end is None:
        return None
    attempt, meta = closed[2], meta_of(job)
    cold = best(job.levels.get("reading cold"))
    return Record(
        key=job.key,
        source=source_of(job.key),
        ended_at=closed[2].end.at,
        outcome=closed[0],
        signature=str(meta.get("signature", "")),
        family=str(meta.get("family", "")),
        seconds=_seconds(attempt),
        cold=cold.value if cold and isinstance(cold.value, bool) else None,
        sampling_steps=_number(meta.get("sampling_steps")),
        work=_number(meta.get("work")),
        spans=_spans(steps, attempt, shown_attempt(job)),
    )


def _seconds(attempt: Attempt) -> float | None:
    end = attempt.end
    return None if end is None else _between(attempt.started, Stamp(end.at, end.basis))


def _spans(steps: Iterable[Step], attempt: Attempt, number: int) -> list[Span]:
    if attempt.started is None or attempt.started.basis in PRESUMED:
        return []
    since = attempt.started.at
    spans = [_span(step, step.attempts.get(number), since) for step in steps]
    return sorted(filter(None, spans), key=lambda span: (span.after, span.step))


def _span(step: Step, attempt: StepAttempt | None, since: float) -> Span | None:
    if attempt is None or attempt.cached or attempt.started is None:
        return None
    seconds = _between(attempt.started, attempt.ended)
    if seconds is None:
        return None
    bar = shown_bar(attempt.bars)
    return Span(
        readable(split(step.key)[3]),
        attempt.name,
        round(attempt.started.at - since, 4),
        round(seconds, 4),
        bar[1].total if bar else None,
    )


def _between(start: Stamp | None, end: Stamp | None) -> float | None:
    if start is None or end is None or start.basis in PRESUMED or end.basis in PRESUMED:
        return None
    return max(end.at - start.at, 0.0)


def _number(value: Any) -> float | None:
    # Meta comes from anywhere: an integer of 400 digits is JSON, but no float.
    try:
        return float(value) if isinstance(value, int | float) else None
    except OverflowError:
        return None

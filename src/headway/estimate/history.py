"""Which finished jobs tell something about one that is not finished.

Rule 1: closest first: the same signature and the same warmth; then the same family
(same graph and model) and warmth, scaled by the amount of work; then the same
signature, then the same family, whatever the warmth; then nothing.
Rule 2: warmth: a cold run had to load models first, and says little about a warm one.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headway.model.records import Record, Span
from headway.model.views import JobView

MOST = 1e15  # units of work; more is no amount
RECENT = 15  # finished jobs that an estimate rests on


def alike(job: JobView, records: Sequence[Record], *, cold: bool | None) -> list[Record]:
    """The records, newest first, that tell how long `job` takes. May be empty."""
    succeeded = [one for one in records if one.outcome == "succeeded" and one.seconds]
    signature = job.meta.get("signature")
    same = [one for one in succeeded if signature and one.signature == signature]
    akin = _scaled(job, succeeded)
    for found in (_as_warm(same, cold), _as_warm(akin, cold), same, akin):
        if found:
            return found[:RECENT]
    return []


def _scaled(job: JobView, records: Sequence[Record]) -> list[Record]:
    family, work = job.meta.get("family"), _amount(job.meta.get("work"))
    steps = _amount(job.meta.get("sampling_steps"))
    if not family or work is None:
        return []
    return [
        rescale(one, work / one.work, steps=_ratio(steps, one.sampling_steps))
        for one in records
        if one.family == family and one.work
    ]


def rescale(record: Record, factor: float, *, steps: float = 1.0) -> Record:
    """The record as if its measured steps had had `factor` times the work.

    `steps` of that factor are more units, the rest larger ones. What comes before the
    measured steps (loading, encoding) keeps its time; what comes after them (decoding,
    saving) goes by the size alone.
    """
    assert record.seconds is not None
    spans, shift, measured_until = [], 0.0, 0.0
    for span in record.spans:
        seconds, units = span.seconds, span.units
        if units:
            seconds, units = seconds * factor, units * steps
            measured_until = max(measured_until, span.after + span.seconds)
        spans.append(Span(span.step, span.name, span.after + shift, seconds, units))
        shift += seconds - span.seconds
    if measured_until:
        shift += max(record.seconds - measured_until, 0.0) * (factor / steps - 1.0)
    return msgspec.structs.replace(record, spans=spans, seconds=record.seconds + shift)


def _ratio(steps: float | None, others: float | None) -> float:
    return steps / others if steps and others else 1.0


def _amount(value: object) -> float | None:
    # Meta comes from anywhere; only an amount that can be is one.
    if isinstance(value, int | float) and 0 < value < MOST:
        return float(value)
    return None


def _as_warm(records: list[Record], cold: bool | None) -> list[Record]:
    return records if cold is None else [one for one in records if bool(one.cold) == cold]

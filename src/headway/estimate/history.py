"""Which finished jobs tell something about one that is not finished.

Rule 1: the same signature first; without one the same family, scaled by the amount of
work; without that, nothing.
Rule 2: a cold run (models were loaded) says little about a warm one: where both kinds
are known only the same kind is used, as long as there is any.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headway.model.records import Record, Span
from headway.model.views import JobView

RECENT = 15  # finished jobs that an estimate rests on


def alike(job: JobView, records: Sequence[Record], *, cold: bool | None) -> list[Record]:
    """The records, newest first, that tell how long `job` takes. May be empty."""
    succeeded = [one for one in records if one.outcome == "succeeded" and one.seconds]
    signature = job.meta.get("signature")
    same = [one for one in succeeded if signature and one.signature == signature]
    if not same:
        same = _scaled(job, succeeded)
    return _same_warmth(same, cold)[:RECENT]


def _scaled(job: JobView, records: Sequence[Record]) -> list[Record]:
    family, work = job.meta.get("family"), job.meta.get("work")
    return [
        rescale(one, work / one.work)
        for one in records
        if family and one.family == family and one.work and isinstance(work, int | float) and work
    ]


def rescale(record: Record, factor: float) -> Record:
    """The record as if its measured steps had had `factor` times the work.

    Steps that report no units (loading, encoding, decoding) keep their time.
    """
    spans, shift = [], 0.0
    for span in record.spans:
        seconds = span.seconds * factor if span.units else span.seconds
        spans.append(Span(span.step, span.name, span.after + shift, seconds, span.units))
        shift += seconds - span.seconds
    assert record.seconds is not None
    return msgspec.structs.replace(record, spans=spans, seconds=record.seconds + shift)


def _same_warmth(records: list[Record], cold: bool | None) -> list[Record]:
    # ComfyUI logs a load even of a resident model; only runs that say so count as cold.
    if cold is None:
        return records
    same = [one for one in records if bool(one.cold) == cold]
    return same or records

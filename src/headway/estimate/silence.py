"""How long a job may be silent before it counts as stalled.

Rule 1: three times the longest silence of its own history; `DEFAULT` without history.
Rule 2: a stall is a remark beside the phase, never an outcome.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headway.model.records import Record

DEFAULT = 600.0  # seconds, without history
SHORTEST = 30.0  # seconds: a busy machine may always be that late
TIMES = 3.0


def stall_limit(similar: Sequence[Record]) -> float:
    """Seconds of silence after which a job like these counts as stalled."""
    silences = [gap for one in similar for gap in _silences(one)]
    return max(TIMES * max(silences), SHORTEST) if silences else DEFAULT


def _silences(record: Record) -> Iterator[float]:
    end = 0.0
    for span in record.spans:
        yield max(span.after - end, 0.0)
        yield span.seconds / span.units if span.units else span.seconds
        end = max(end, span.after + span.seconds)
    if record.seconds is not None:
        yield max(record.seconds - end, 0.0)

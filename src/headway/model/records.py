"""What is remembered of a finished job, for estimates: one compact row for each end.

Rule 1: a record is facts only, and it is complete in itself: estimates read records
and never the past.
Rule 2: records are rewritten when a late fact about their job arrives.
"""

from __future__ import annotations

import msgspec

from headway.model.words import Outcome


class Span(msgspec.Struct, array_like=True, frozen=True):
    """One step that really ran: seconds from the job's start, its length, its work units.

    `units` is the last total of its bar (sampling steps, tiles); None: it reported none.
    """

    step: str
    name: str
    after: float
    seconds: float
    units: float | None = None


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A finished job. `seconds` is the time it ran, without waiting; None: not known.

    `cold` None: not known whether models had to be loaded first.
    """

    key: str
    source: str
    ended_at: float
    outcome: Outcome
    signature: str = ""
    family: str = ""
    seconds: float | None = None
    cold: bool | None = None
    sampling_steps: float | None = None
    work: float | None = None
    spans: list[Span] = []

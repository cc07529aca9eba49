"""The closed vocabularies of the model, and the order among their words.

Rule 1: words, not numbers, in memory, on disk and on the wire; the rank tables below
are the only place where an order is written down.
Rule 2: lists go from least to most; a join takes the greater.
"""

from __future__ import annotations

from typing import Literal

Basis = Literal["estimated", "inferred", "derived", "observed", "reported"]
"""How a fact is known (see docs/glossary.md):

reported   the process that does the work says so
observed   seen in the back end's own answers
derived    read from text or pieces that allow one reading
inferred   a guess from something else
estimated  computed from history
"""

BASIS_RANK: dict[Basis, int] = {
    "estimated": 0,
    "inferred": 1,
    "derived": 2,
    "observed": 3,
    "reported": 4,
}

Outcome = Literal["unknown", "lost", "failed", "cancelled", "succeeded"]
"""How a job ended:

unknown    it ended, and nobody can say how
lost       it cannot have finished, and the evidence is named
failed     it broke; `why` says at what
cancelled  somebody stopped or removed it
succeeded  it is done and its outputs are readable
"""

OUTCOME_RANK: dict[Outcome, int] = {
    "unknown": 0,
    "lost": 1,
    "failed": 2,
    "cancelled": 3,
    "succeeded": 4,
}

CLOSING: frozenset[Outcome] = frozenset({"succeeded", "cancelled"})
"""Ends that no further attempt follows, whether or not the event says `final`."""

Phase = Literal[
    "pending",
    "queued",
    "running",
    "finishing",
    "retrying",
    "unknown",
    "lost",
    "failed",
    "cancelled",
    "succeeded",
]
"""Where a job is. The last five are outcomes; before them:

pending    heard of, but nobody said yet that it waits or runs
queued     waits at a back end
running    is being worked on
finishing  the work is done, the outputs are not yet known to be readable
retrying   an attempt ended and another may follow
"""

WAITING: frozenset[Phase] = frozenset({"pending", "queued", "retrying"})
ACTIVE: frozenset[Phase] = frozenset({"running", "finishing"})
RESOLVED: frozenset[Phase] = frozenset(OUTCOME_RANK)

PRESUMED: frozenset[Basis] = frozenset({"inferred", "estimated"})
"""An end known only on such a basis gives way to any end that was seen."""

Seen = Literal["missing", "seen"]
"""Whether an observer sees the entity now; `missing` never changes a phase."""

Level = Literal["progress", "position", "activity", "reading", "presence"]

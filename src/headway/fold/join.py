"""The joins: how two statements about one thing become one.

Rule 1: every function here takes what is known and what was said and returns what is
known then; when nothing changed it returns the very same object.
Rule 2: each is commutative, associative and idempotent, whatever the values: ties are
broken by value, never by order of arrival.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headway.model.entities import Bar, Bars, End, Reading, Registration, Stamp
from headway.model.events import Ended, Progress
from headway.model.words import BASIS_RANK, OUTCOME_RANK, PRESUMED, Basis

_encode = msgspec.json.Encoder(order="deterministic").encode


def earliest(known: Stamp | None, at: float, basis: Basis) -> Stamp:
    """The time of an edge: the earliest within the best basis."""
    if known is None:
        return Stamp(at, basis)
    if basis == known.basis:
        return Stamp(at, basis) if at < known.at else known
    return Stamp(at, basis) if BASIS_RANK[basis] > BASIS_RANK[known.basis] else known


def newest(known: Reading | None, said: Reading) -> Reading:
    """A level of one observer: the newest; of the same instant, the greater value."""
    if known is None or said.at > known.at:
        return said
    if said.at < known.at or said == known:
        return known
    return said if _weight(said) > _weight(known) else known


def furthest(bars: Bars, event: Progress) -> bool:
    """Join a reading into an observer's bars: the newest run's furthest point."""
    of_observer = bars.get(event.observer)
    if of_observer is None:
        of_observer = bars[event.observer] = {}
    known = of_observer.get(event.bar)
    if known is not None and not _is_further(known, event):
        return False
    of_observer[event.bar] = Bar(
        event.at, event.done, event.basis, event.total, event.run, event.unit
    )
    return True


def verdict(known: End | None, event: Ended) -> End:
    """The end of an attempt: seen before presumed, then the higher outcome.

    Of two equal verdicts the better known, then the earlier one is kept, with its words.
    """
    said = End(event.outcome, event.at, event.basis, event.why, event.evidence)
    if known is None:
        return said
    return said if _standing(said) > _standing(known) else known


def is_presumed(end: End) -> bool:
    """True if nobody saw this end. Success is never presumed: it then counts as unknown."""
    return end.basis in PRESUMED


def registrations(known: list[Registration], said: Registration) -> list[Registration]:
    """Meta fields, each with whoever stated it first by (at, observer).

    The list is sorted by (at, observer) and names each field once.
    """
    held: dict[str, tuple[tuple[float, str, bytes], Any]] = {}
    for one in (*known, said):
        for name, value in one.meta.items():
            claim = ((one.at, one.observer, _encode(value)), value)
            if name not in held or claim[0] < held[name][0]:
                held[name] = claim
    by_claim: dict[tuple[float, str], dict[str, Any]] = {}
    for name, ((at, observer, _), value) in sorted(held.items()):
        by_claim.setdefault((at, observer), {})[name] = value
    merged = [Registration(at, who, meta) for (at, who), meta in sorted(by_claim.items())]
    return known if merged == known else merged


def _is_further(known: Bar, event: Progress) -> bool:
    if event.run == known.run and event.total == known.total and event.done != known.done:
        return event.done > known.done
    if event.run != known.run:
        return event.run > known.run
    if event.total != known.total:
        return _size(event.total) > _size(known.total)
    return (-event.at, BASIS_RANK[event.basis], event.unit) > (
        -known.at,
        BASIS_RANK[known.basis],
        known.unit,
    )


def _size(total: float | None) -> float:
    return -1.0 if total is None else total


def _weight(reading: Reading) -> tuple[bytes, int]:
    return _encode(reading.value), BASIS_RANK[reading.basis]


def _standing(end: End) -> tuple[bool, int, int, float, str, str]:
    return (
        end.basis not in PRESUMED,
        OUTCOME_RANK[end.outcome],
        BASIS_RANK[end.basis],
        -end.at,
        end.why,
        end.evidence,
    )

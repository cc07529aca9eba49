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
_Claim = tuple[float, str, Any]  # when a meta field was stated, by whom, and its value


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
    if said.at < known.at:
        return known
    return said if _weight(said) > _weight(known) else known


def furthest(bars: Bars, event: Progress) -> bool:
    """Join a reading into an observer's bars: the newest run's furthest point."""
    of_observer = bars.get(event.observer)
    if of_observer is None:
        of_observer = bars[event.observer] = {}
    known = of_observer.get(event.bar)
    if known is not None and not is_further(known, event):
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
    held: dict[str, _Claim] = {
        name: (one.at, one.observer, value) for one in known for name, value in one.meta.items()
    }
    claims = ((name, (said.at, said.observer, value)) for name, value in said.meta.items())
    news = {name: one for name, one in claims if name not in held or _is_prior(one, held[name])}
    if not news:
        return known
    by_speaker: dict[tuple[float, str], dict[str, Any]] = {}
    for name, (at, observer, value) in sorted((held | news).items(), key=lambda pair: pair[0]):
        by_speaker.setdefault((at, observer), {})[name] = value
    return [Registration(at, who, meta) for (at, who), meta in sorted(by_speaker.items())]


def _is_prior(one: _Claim, other: _Claim) -> bool:
    # Compared as encoded: to Python 1, 1.0 and True are equal, to a reader they are not.
    if one[:2] != other[:2]:
        return one[:2] < other[:2]
    return _encode(one[2]) < _encode(other[2])


def is_further(known: Bar | Progress, event: Progress) -> bool:
    """Whether the reading says more of its bar than what is known."""
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

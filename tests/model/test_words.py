"""The closed vocabularies, and that each word has exactly one place in its order."""

from __future__ import annotations

from typing import get_args

from headway.model.words import (
    ACTIVE,
    BASIS_RANK,
    CLOSING,
    OUTCOME_RANK,
    PRESUMED,
    RESOLVED,
    WAITING,
    Basis,
    Outcome,
    Phase,
)


def test_bases_and_outcomes_are_ordered_as_they_are_listed() -> None:
    assert list(BASIS_RANK) == list(get_args(Basis))
    assert list(BASIS_RANK.values()) == list(range(5))
    assert list(OUTCOME_RANK) == list(get_args(Outcome))
    assert list(OUTCOME_RANK.values()) == list(range(5))


def test_every_phase_waits_is_active_or_is_resolved() -> None:
    parts = [*WAITING, *ACTIVE, *RESOLVED]

    assert sorted(parts) == sorted(get_args(Phase))


def test_presumed_is_what_ranks_below_anything_seen() -> None:
    seen = set(BASIS_RANK) - PRESUMED

    assert max(BASIS_RANK[one] for one in PRESUMED) < min(BASIS_RANK[one] for one in seen)


def test_ends_that_close_by_themselves_are_the_two_highest() -> None:
    assert {one for one, rank in OUTCOME_RANK.items() if rank >= 3} == CLOSING

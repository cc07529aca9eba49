"""The fault matrix: whatever goes wrong at whatever moment, nothing false is said of it.

A part of it that is the same every time; `python -m bench.faults` draws several hundred cells.
"""

from __future__ import annotations

import pytest
from tests.whole.cells import Cell, run
from tests.whole.judging import BOUND
from tests.whole.mishaps import AFTER_SILENCE, MISHAPS, MOMENTS

NAMES = list(MISHAPS)
GROUPS = [NAMES[n::4] for n in range(4)]  # cells of a group live at once: they wait together


def cell(n: int) -> Cell:
    """Each mishap once; moments, versions and owners take turns, so that all of them occur."""
    moment = list(MOMENTS)[n % len(MOMENTS)]
    version = ("0.33.0", "0.3.45", "0.9.2", "0.33.0")[n // 6 % 4]
    return Cell(NAMES[n], moment, version, None if n % 4 == 3 else "stranger", n)


@pytest.mark.parametrize("names", GROUPS, ids=lambda names: f"{names[0]} and others")
def test_nothing_false_is_said_and_nothing_that_lay_open_is_missed(names: list[str]) -> None:
    told = run([cell(NAMES.index(name)) for name in names])

    assert {str(one): said.false for one, said in told.items() if said.false} == {}
    assert {str(one): said.misses for one, said in told.items() if said.misses} == {}
    assert max([0.0, *(late for said in told.values() for late in said.lost_after)]) <= BOUND
    assert {one.mishap for one, said in told.items() if said.unsure} <= AFTER_SILENCE


def test_a_watched_restart_is_lost_and_one_after_a_silence_is_unknown() -> None:
    watched, unheard = Cell("slow restart", "loading"), Cell("restart away", "loading")
    told = run([watched, unheard])

    assert "lost → lost" in told[watched].outcomes
    assert "lost → unknown" in told[unheard].outcomes


def test_an_outcome_that_is_wrong_is_found_by_the_judge() -> None:
    """The judge itself: a plane that is deceived says what is false, and it is counted."""
    told = run([Cell("restart behind a dead tunnel", "pending", seed=seed) for seed in range(4)])

    assert any("told lost" in said for one in told.values() for said in one.false)

"""A number is progress only once it behaved like that."""

from __future__ import annotations

import pytest

from headway.run.guess import Guess
from headway.run.reading import Bar


def guessed(lines: list[str]) -> list[tuple[float, float | None]]:
    guess = Guess()
    found = [guess.read(line) for line in lines]
    return [(one.bars[0].done, one.bars[0].total) for one in found if one is not None]


@pytest.mark.parametrize(
    "form", ["[{n}/5] Building foo{n}.o", "Step {n}/5 : RUN make", "{n} of 5 done", "({n}/5) x"]
)
def test_a_pair_that_grows_twice_in_its_place_is_progress(form: str) -> None:
    assert guessed([form.format(n=n) for n in range(1, 6)]) == [(3, 5), (4, 5), (5, 5)]


def test_a_percent_has_to_grow_more_often() -> None:
    assert guessed([f"done: {p}%" for p in (1, 2, 3, 4, 50)]) == [(50, 100)]


@pytest.mark.parametrize(
    "lines",
    [
        ["100% cotton"] * 9,
        ["11/22 it rained", "11/22 it rained", "12/22 it rained"],
        [f"{month:02}/22/2026 log" for month in range(1, 13)],
        [f"cpu {p}%" for p in (10, 40, 20, 50, 30, 60, 20, 70)],
        [f"2026/11/{day}" for day in range(10, 30)],
        [f"file{n}/5" for n in range(5)],
        [f"http://x/{n}/5" for n in range(5)],
        [f"{n}/4 cups" for n in (1, 3, 1, 2, 1, 3)],
    ],
)
def test_dates_gauges_and_prose_are_none(lines: list[str]) -> None:
    assert guessed(lines) == []


def test_a_percent_that_turns_out_to_be_a_gauge_is_not_believed_any_longer() -> None:
    rising = [f"load {p}%" for p in (1, 2, 3, 4, 5)]
    then = [f"load {p}%" for p in (2, 6, 3, 7, 8, 9, 10)]

    assert len(guessed(rising + then)) <= 4


def test_a_bar_that_begins_again_after_its_end_is_still_one() -> None:
    lines = [f"part {n}/3" for n in (1, 2, 3, 1, 2, 3)]

    assert guessed(lines) == [(3, 3), (1, 3), (2, 3), (3, 3)]


def test_one_proven_number_is_not_left_for_another() -> None:
    guess = Guess()
    found = [guess.read(f"[{n}/90] {n}% of it, {n}/9") for n in range(1, 9)]

    assert {one.bars for one in found if one} == {(Bar(n, 90, level=0),) for n in range(3, 9)}

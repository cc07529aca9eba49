"""Whose turn it is on the console."""

from __future__ import annotations

from headway.dialects.comfyui.logs import Bar
from headway.dialects.comfyui.turns import LAG, MOST_HELD, Turns

LINE = Bar(1, 6)


def test_a_line_belongs_to_the_only_running_job() -> None:
    turns = Turns()
    turns.listing(["a"], 1.0)

    assert turns.line(LINE, 1.5) == "a"


def test_with_two_running_a_line_is_nobodys() -> None:
    turns = Turns()
    turns.listing(["a", "b"], 1.0)

    assert turns.line(LINE, 1.5) == ""


def test_lines_after_an_end_wait_for_the_next_job() -> None:
    turns = Turns()
    turns.listing(["a"], 1.0)

    assert turns.executed(2.0) == ("a", [])
    assert turns.line(LINE, 2.1) == ""
    assert turns.listing(["b"], 2.2) == [(2.1, LINE)]


def test_late_lines_of_the_former_job_are_not_given_to_the_next() -> None:
    turns = Turns()
    turns.listing(["a"], 1.0)

    assert turns.listing(["b"], 2.0) == []
    assert turns.line(LINE, 2.1) == ""
    assert turns.executed(2.2) == ("", [])
    assert turns.line(LINE, 2.3) == "b"


def test_a_queue_read_before_the_last_line_does_not_begin_the_turn_again() -> None:
    turns = Turns()
    turns.listing(["a"], 1.0)
    turns.executed(2.0)

    turns.listing(["a"], 2.05)

    assert turns.owner == ""


def test_after_the_lag_the_queue_is_believed() -> None:
    turns = Turns()
    turns.listing(["a"], 1.0)
    turns.listing(["b"], 2.0)

    turns.listing(["b"], 2.0 + LAG)

    assert turns.owner == "b"


def test_what_waits_is_bounded() -> None:
    turns = Turns()
    for n in range(3 * MOST_HELD):
        turns.line(Bar(n, None), float(n))

    held = turns.listing(["a"], 1_000.0)

    assert len(held) == MOST_HELD
    assert held[-1][1] == Bar(3 * MOST_HELD - 1, None)

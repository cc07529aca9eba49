"""When a restart is proven, and when a worker is held for stuck."""

from __future__ import annotations

from headway.dialects.comfyui.restart import Traces, by_console, by_numbers, with_number
from headway.dialects.comfyui.wedge import GAP, SILENCE, Wedge


def test_another_start_up_line_proves_a_restart() -> None:
    before = Traces(boot="2026-11-21T20:00:00")

    assert by_console(before, "2026-11-21T22:00:00")
    assert not by_console(before, before.boot)


def test_a_start_up_line_after_the_newest_line_proves_a_restart() -> None:
    before = Traces(newest="2026-11-21T21:00:00")

    assert by_console(before, "2026-11-21T22:00:00")
    assert not by_console(before, "2026-11-21T20:00:00")


def test_a_start_up_line_proves_nothing_to_a_newcomer() -> None:
    assert not by_console(Traces(), "2026-11-21T22:00:00")


def test_a_later_job_with_a_lower_number_proves_a_restart() -> None:
    before = Traces(number=57, created=1000)

    assert by_numbers(before, 0, 2000)
    assert not by_numbers(before, 58, 2000)
    assert not by_numbers(before, 0, 500)


def test_numbers_that_clients_choose_prove_nothing() -> None:
    before = Traces(number=57, created=1000)

    assert not by_numbers(before, -7.0, 2000)
    assert not by_numbers(before, 3.5, 2000)


def test_numbers_that_fell_once_are_not_proof_twice() -> None:
    after = with_number(Traces(number=57, created=1000), 3, 2000)

    assert not by_numbers(after, 4, 3000)


def test_a_gap_between_two_jobs_is_no_wedge() -> None:
    wedge = Wedge()
    wedge.listing(frozenset(), 3, 100.0)

    assert wedge.trouble(100.0 + GAP - 1) == ""
    wedge.listing(frozenset({"b"}), 2, 101.0)
    assert wedge.trouble(200.0) == ""


def test_waiting_jobs_and_nothing_running_is_a_wedge() -> None:
    wedge = Wedge()
    wedge.listing(frozenset(), 3, 100.0)
    wedge.listing(frozenset(), 3, 120.0)

    assert wedge.trouble(100.0 + GAP) == "jobs wait and nothing runs"


def test_silence_is_a_wedge_only_where_the_console_is_heard() -> None:
    wedge = Wedge()
    wedge.listing(frozenset({"a"}), 0, 100.0)

    assert wedge.trouble(101.0 + SILENCE) == ""
    wedge.console = True
    assert wedge.trouble(101.0 + SILENCE) == "a job runs and nothing is heard of it"


def test_a_worker_that_died_is_trouble_until_a_job_runs() -> None:
    wedge = Wedge()
    wedge.died()
    wedge.listing(frozenset(), 0, 100.0)

    assert "died" in wedge.trouble(100.0)
    wedge.listing(frozenset({"a"}), 0, 101.0)
    assert wedge.trouble(101.0) == ""

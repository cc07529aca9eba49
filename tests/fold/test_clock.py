"""What depends on the time, at moments chosen by hand."""

from __future__ import annotations

from typing import Any

import pytest

from headway.fold.clock import LATEST, SOONEST, believable, moment, unreachable_since
from headway.model.views import Estimate, JobView, SourceView

GONE = SourceView(key="comfy", seen=False, since=50.0)
HERE = SourceView(key="comfy", seen=True, since=1.0)


def job(**fields: Any) -> JobView:
    return JobView(key="comfy~a~", source="comfy", native="a", **{"phase": "running"} | fields)


def test_elapsed_and_waited_count_from_facts_to_now() -> None:
    at = moment(job(queued_at=10.0, started_at=15.0), HERE, 40.0)

    assert (at.waited, at.elapsed) == (5.0, 25.0)


def test_elapsed_stops_at_the_end() -> None:
    done = job(phase="succeeded", started_at=15.0, ended_at=20.0)

    assert moment(done, HERE, 1_000.0).elapsed == 5.0


def test_a_waiting_job_has_waited_until_now() -> None:
    assert moment(job(phase="queued", queued_at=10.0), HERE, 40.0).waited == 30.0


def test_what_is_not_known_is_none() -> None:
    at = moment(job(), None, 40.0)

    assert (at.waited, at.elapsed, at.remaining, at.starts_in, at.percent) == (None,) * 5
    assert (at.stale, at.stalled, at.overdue) == (None, None, False)


def test_no_duration_is_below_zero_whatever_the_clocks_say() -> None:
    early = job(
        started_at=50.0, estimate=Estimate(end_at=30.0, low_at=20.0, high_at=60.0, samples=1)
    )

    at = moment(early, HERE, 40.0)

    assert (at.elapsed, at.remaining) == (0.0, 0.0)


def test_what_remains_counts_down_alone_and_says_when_it_is_overdue() -> None:
    guess = Estimate(end_at=100.0, low_at=90.0, high_at=120.0, samples=3, start_at=60.0)
    waiting = job(phase="queued", estimate=guess)

    first, last = moment(waiting, HERE, 50.0), moment(waiting, HERE, 121.0)

    assert (first.remaining, first.starts_in, first.overdue) == (50.0, 10.0, False)
    assert (last.remaining, last.starts_in, last.overdue) == (0.0, 0.0, True)


def test_an_unreachable_source_makes_its_unresolved_jobs_stale() -> None:
    assert moment(job(), GONE, 60.0).stale == 50.0
    assert moment(job(phase="succeeded"), GONE, 60.0).stale is None
    assert moment(job(), HERE, 60.0).stale is None


def test_silence_counts_as_stalled_only_after_its_time_and_only_where_one_could_hear() -> None:
    silent = job(updated_at=10.0, stalled_at=70.0)

    assert moment(silent, HERE, 70.0).stalled is None
    assert moment(silent, HERE, 71.0).stalled == 61.0
    assert moment(silent, GONE, 71.0).stalled is None


def test_percent_is_the_fraction_in_hundredths() -> None:
    assert moment(job(fraction=0.25), HERE, 1.0).percent == 25.0


def test_a_source_that_nobody_looked_at_is_not_unreachable() -> None:
    assert unreachable_since(None) is None
    assert unreachable_since(SourceView(key="comfy")) is None


@pytest.mark.parametrize(
    ("off", "believed"),
    [(0.0, True), (LATEST, True), (LATEST + 1, False), (-SOONEST, True), (-SOONEST - 1, False)],
)
def test_a_time_is_believed_within_its_limits(off: float, believed: bool) -> None:
    now = 1e9

    assert believable(now + off, now) == believed


@pytest.mark.parametrize("at", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_time_is_never_believed(at: float) -> None:
    assert not believable(at, 1e9)

"""Estimates: history, live speed, the line, silence."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.estimate.history import RECENT, alike, rescale
from headway.estimate.line import line
from headway.estimate.pace import Measured, Pace
from headway.estimate.remaining import remaining, spread, whole
from headway.estimate.silence import DEFAULT, stall_limit
from headway.model.records import Record, Span
from headway.model.views import BarView, JobView

SAMPLER = Span("3", "KSampler", 2.0, 10.0, 20.0)


def record(seconds: float = 15.0, **changed: object) -> Record:
    facts = {
        "key": "comfy~x~1",
        "source": "comfy",
        "ended_at": 0.0,
        "outcome": "succeeded",
        "signature": "s",
        "family": "f",
        "work": 4.0,
        "seconds": seconds,
        "spans": [SAMPLER],
    }
    return Record(**(facts | changed))


def job(**changed: object) -> JobView:
    facts = {
        "key": "comfy~y~2",
        "source": "comfy",
        "native": "y",
        "phase": "running",
        "started_at": 100.0,
        "meta": {"signature": "s", "family": "f", "work": 4.0},
    }
    return JobView(**(facts | changed))


def bar(done: float, *, at: float, total: float = 20.0) -> BarView:
    return BarView(done=done, total=total, at=at, step="3")


def test_without_history_and_measurement_there_is_no_estimate() -> None:
    assert remaining(job(), [], now=101.0) is None
    assert remaining(job(bars=[bar(0, at=101.0)]), [], now=101.0) is None


def test_before_any_step_the_rest_is_that_of_the_median_run() -> None:
    similar = [record(10.0), record(20.0), record(30.0)]

    assert remaining(job(), similar, now=100.0) == (20.0, 10.0, 30.0)


def test_runs_that_were_shorter_than_this_one_already_is_tell_nothing() -> None:
    similar = [record(10.0), record(20.0), record(30.0)]

    assert remaining(job(), similar, now=115.0) == (10.0, 5.0, 15.0)


def test_inside_a_sampler_the_rest_is_at_live_speed_and_the_tail_scales_with_it() -> None:
    halfway = job(bars=[bar(10, at=110.0)])

    pace = Measured(began=100.0, per_unit=1.0, settled=True)

    rest = remaining(halfway, [record(15.0)], pace=pace, now=110.0)

    # 10 steps at 1 s (history: 0.5 s), then the 3 s that followed, twice as slow.
    assert rest == (16.0, 16.0, 16.0)


def test_while_only_the_warm_up_was_measured_history_tells_what_is_left_of_the_step() -> None:
    begun = job(bars=[bar(1, at=106.0)])
    pace = Measured(began=102.0, per_unit=4.0)

    rest = remaining(begun, [record(15.0)], pace=pace, now=106.0)

    # 4 of the step's 10 s are over, 3 s followed it.
    assert rest == (9.0, 9.0, 9.0)


def test_a_measured_speed_alone_gives_the_rest_of_its_own_step() -> None:
    pace = Measured(per_unit=1.0)

    rest = remaining(job(bars=[bar(10, at=110.0)]), [], pace=pace, now=110.0)

    assert rest == (10.0, 10.0, 15.0)


def test_a_family_tells_when_no_job_of_the_signature_ended_scaled_by_work() -> None:
    bigger = job(meta={"signature": "new", "family": "f", "work": 8.0})

    similar = alike(bigger, [record(15.0)], cold=None)

    # Twice the work: 10 s of sampling become 20, the 3 s after it 6; the 2 before stay.
    assert [one.seconds for one in similar] == [28.0]


def test_more_steps_are_more_units_and_not_slower_ones() -> None:
    longer = rescale(record(15.0), 2.0, steps=2.0)

    assert (longer.spans[0].seconds, longer.spans[0].units) == (20.0, 40.0)
    assert longer.seconds == 25.0


def test_failed_and_unmeasured_runs_are_no_history() -> None:
    records = [record(outcome="failed"), record(seconds=None)]

    assert alike(job(), records, cold=None) == []


def test_cold_runs_are_compared_with_cold_ones() -> None:
    records = [record(40.0, cold=True), record(15.0, cold=False)]

    assert [one.seconds for one in alike(job(), records, cold=True)] == [40.0]
    assert [one.seconds for one in alike(job(), records, cold=False)] == [15.0]


def test_only_recent_runs_count() -> None:
    assert len(alike(job(), [record()] * 40, cold=None)) == RECENT


def test_the_line_starts_each_job_where_the_one_before_ends() -> None:
    estimates, stops = line(
        [(10.0, 8.0, 12.0)], [("a", (20.0, 20.0, 20.0), 3), ("b", (5.0, 4.0, 6.0), 2)], now=100.0
    )

    assert (estimates["a"].start_at, estimates["a"].end_at) == (110.0, 130.0)
    assert (estimates["b"].start_at, estimates["b"].end_at) == (130.0, 135.0)
    assert estimates["b"].high_at > estimates["a"].high_at
    assert stops is None


def test_nothing_behind_a_job_of_unknown_length_is_estimated() -> None:
    waiting = [("a", (1.0, 1.0, 1.0), 1), ("b", None, 0), ("c", None, 0)]

    estimates, stops = line([], waiting, now=10.0)

    assert set(estimates) == {"a"}
    assert stops == ("b", 11.0), "it starts when the one before it ends"


def test_who_waits_for_nothing_that_is_known_has_no_start() -> None:
    assert line([], [("a", None, 0)], now=10.0) == ({}, None)
    assert line([(5.0, 4.0, 6.0)], [("a", None, 0)], now=10.0) == ({}, ("a", 15.0))


def test_the_warm_up_unit_is_left_out_of_the_pace() -> None:
    pace = Pace()
    for at, done in ((0.0, 0), (9.0, 1), (10.0, 2), (11.0, 3)):
        pace.hear(bar(done, at=at))

    assert pace.measured() == Measured(began=0.0, per_unit=1.0, settled=True)


def test_a_bar_that_starts_anew_is_measured_anew() -> None:
    pace = Pace()
    for at, done in ((0.0, 5), (1.0, 6), (2.0, 1)):
        pace.hear(bar(done, at=at))

    assert pace.measured() == Measured()


def test_a_stall_is_three_times_the_longest_silence_of_its_own_history() -> None:
    assert stall_limit([]) == DEFAULT
    assert stall_limit([record(40.0, spans=[])]) == 120.0
    assert stall_limit([record(15.0)]) == 30.0


@settings(max_examples=100)
@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_a_spread_contains_its_median(values: list[float]) -> None:
    expected, low, high = spread(values) or (0, 0, 0)

    assert min(values) <= low <= expected <= high <= max(values)


@settings(max_examples=100)
@given(st.floats(0.01, 100))
def test_what_comes_before_measured_steps_keeps_its_time(factor: float) -> None:
    scaled = rescale(record(15.0), factor)

    assert scaled.spans[0].after == 2.0
    assert scaled.seconds == pytest.approx(2.0 + 13.0 * factor)
    assert whole([scaled]) is not None

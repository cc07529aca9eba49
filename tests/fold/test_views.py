"""What readers see, law by law."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from tests.fold.stories import JOB, STEP, on_job, seen, told

from headway.fold.views import FRESH, NEARLY, STALL_LIMIT
from headway.model.events import (
    Activity,
    Ended,
    Finishing,
    Position,
    Presence,
    Progress,
    Queued,
    Reading,
    Registered,
    Started,
    StepEnded,
    StepStarted,
)
from headway.model.keys import JobKey, step_key

STEPS = on_job(Registered, meta={"needed": ["1", "2", "3", "4"]})
GUESS = {"end_at": 90.0, "low_at": 80.0, "high_at": 120.0, "samples": 7}


def test_a_job_of_which_nothing_is_known_is_pending() -> None:
    view = seen(on_job(Registered, meta={}))

    assert (view.phase, view.outcome, view.fraction, view.position) == ("pending", None, None, None)


@pytest.mark.parametrize(
    ("events", "phase", "basis"),
    [
        ([on_job(Queued, basis="observed")], "queued", "observed"),
        ([on_job(Queued), on_job(Started, basis="derived")], "running", "derived"),
        ([on_job(StepStarted, step="1")], "running", "derived"),
        ([on_job(Progress, done=0.0)], "running", "derived"),
        ([on_job(Started), on_job(Finishing)], "finishing", "reported"),
        ([on_job(Ended, outcome="lost", basis="inferred")], "lost", "inferred"),
    ],
)
def test_the_phase_is_the_furthest_that_was_heard_and_says_how(
    events: list[Any], phase: str, basis: str
) -> None:
    view = seen(*events)

    assert (view.phase, view.basis) == (phase, basis)


def test_a_late_position_is_not_shown_for_a_running_job() -> None:
    view = seen(on_job(Started), on_job(Position, at=20.0, position=3, of=5))

    assert (view.position, view.position_of) == (None, None)


def test_a_position_is_shown_while_the_job_waits() -> None:
    view = seen(on_job(Queued), on_job(Position, position=3, of=5))

    assert (view.position, view.position_of) == (3, 5)


def test_the_best_known_of_the_fresh_levels_is_shown() -> None:
    guess = on_job(Activity, at=20.0, observer="a", basis="inferred", text="busy")
    word = on_job(Activity, at=20.0 - FRESH, observer="b", basis="reported", text="sampling")

    assert seen(guess, word).activity == "sampling"


def test_a_level_that_is_no_longer_fresh_gives_way_to_a_worse_known_one() -> None:
    guess = on_job(Activity, at=20.1, observer="a", basis="inferred", text="busy")
    word = on_job(Activity, at=20.0 - FRESH, observer="b", basis="reported", text="sampling")

    assert seen(guess, word).activity == "busy"


def test_between_equals_the_lowest_observer_is_shown() -> None:
    one = on_job(Activity, at=12.0, observer="b", text="b says")
    other = on_job(Activity, at=10.0, observer="a", text="a says")

    assert seen(one, other).activity == "a says"


def test_two_observers_never_mix_their_bars() -> None:
    mirror = on_job(Progress, observer="a", done=3.0, total=20.0)
    log = on_job(Progress, observer="b", basis="derived", done=11.0, total=12.0)

    bar = seen(mirror, log).bars[0]

    assert (bar.done, bar.total, bar.basis) == (3.0, 20.0, "reported")


def test_of_bars_heard_at_one_instant_the_same_is_shown_in_any_order() -> None:
    one = on_job(Progress, done=1.0, total=2.0, bar="x")
    other = on_job(Progress, done=1.0, total=9.0, bar="y")

    assert seen(one, other).bars == seen(other, one).bars


def test_a_fraction_is_finished_steps_and_bars_over_needed_steps() -> None:
    half = on_job(Progress, step="2", done=10.0, total=20.0)

    view = seen(STEPS, on_job(StepEnded, step="1"), half)

    assert (view.fraction, view.steps_done, view.steps_needed) == (1.5 / 4, 1, 4)


def test_a_fraction_is_the_same_to_the_last_bit_in_whatever_order_bars_were_heard() -> None:
    bars = [
        on_job(Progress, step=step, done=done, total=10.0)
        for step, done in (("1", 1.0), ("2", 2.0), ("3", 3.0))
    ]

    fractions = {seen(STEPS, *order).fraction for order in permutations(bars)}

    assert fractions == {0.6 / 4}


def test_a_fraction_never_falls_by_a_bit_when_a_full_bar_becomes_a_finished_step() -> None:
    bars = [
        on_job(Progress, step=step, done=done, total=20.0)
        for step, done in (("1", 16.0), ("2", 20.0), ("3", 2.0))
    ]

    before, after = seen(STEPS, *bars), seen(STEPS, *bars, on_job(StepEnded, step="2"))

    assert after.fraction == before.fraction


def test_cached_steps_are_not_needed_any_more() -> None:
    view = seen(STEPS, on_job(StepEnded, step="1", cached=True), on_job(StepEnded, step="2"))

    assert (view.fraction, view.steps_done, view.steps_needed) == (1 / 3, 1, 3)
    assert view.steps_cached == 1


def test_steps_that_are_not_needed_count_nowhere() -> None:
    view = seen(STEPS, on_job(StepEnded, step="1"), on_job(StepEnded, step="99"))

    assert (view.fraction, view.steps_done) == (1 / 4, 1)


@pytest.mark.parametrize(
    "events",
    [
        [on_job(Started)],
        [on_job(Queued), STEPS],
        [on_job(Started), on_job(StepEnded, step="1")],
        [on_job(Progress, done=7.0)],
        [on_job(Registered, meta={"needed": 5}), on_job(StepEnded, step="1")],
        [on_job(Ended, outcome="failed")],
    ],
    ids=["no steps", "not begun", "steps of unknown need", "no total", "nonsense", "failed"],
)
def test_a_fraction_that_would_be_made_up_is_none(events: list[Any]) -> None:
    assert seen(*events).fraction is None


def test_a_job_of_one_bar_has_its_fraction() -> None:
    assert seen(on_job(Progress, done=5.0, total=20.0)).fraction == 0.25


def test_a_fraction_stays_below_one_until_the_job_succeeded() -> None:
    full = on_job(Progress, done=20.0, total=20.0)

    assert seen(full).fraction == NEARLY
    assert seen(full, on_job(Ended, outcome="failed")).fraction == NEARLY
    assert seen(full, on_job(Ended, outcome="succeeded")).fraction == 1.0


def test_a_bar_beyond_its_total_counts_as_full() -> None:
    view = seen(STEPS, on_job(Progress, step="1", done=30.0, total=20.0))

    assert (view.fraction, view.bars[0].done) == (0.25, 30.0)


def test_a_succeeded_job_shows_no_bars_and_a_failed_one_shows_where_it_stood() -> None:
    bar = on_job(Progress, done=9.0, total=20.0)

    assert seen(bar, on_job(Ended, outcome="succeeded")).bars == []
    assert seen(bar, on_job(Ended, outcome="failed")).bars[0].done == 9.0


def test_missing_stands_beside_the_phase_and_comes_and_goes() -> None:
    gone = on_job(Presence, at=20.0, presence="missing")
    back = on_job(Presence, at=30.0, presence="seen")

    assert (seen(on_job(Started), gone).phase, seen(gone).missing_since) == ("running", 20.0)
    assert seen(gone, back).missing_since is None


def test_missing_is_not_said_of_a_resolved_job() -> None:
    gone = on_job(Presence, at=20.0, presence="missing")

    assert seen(gone, on_job(Ended, outcome="succeeded")).missing_since is None


def test_what_it_does_and_when_it_will_end_are_not_said_of_a_resolved_job() -> None:
    guess = on_job(Reading, field="estimate", value=GUESS, basis="estimated")
    story = [on_job(Activity, text="sampling"), guess, on_job(Ended, outcome="failed")]

    view = seen(*story)

    assert (view.activity, view.estimate, view.stalled_at) == ("", None, None)


def test_an_estimate_is_a_reading_shown_in_its_own_place() -> None:
    view = seen(on_job(Started), on_job(Reading, field="estimate", value=GUESS, basis="estimated"))

    assert (view.estimate.end_at, view.estimate.samples, view.readings) == (90.0, 7, {})


@pytest.mark.parametrize("value", [None, 5, "soon", {"end_at": 1.0}, {"end_at": "x"}, [1.0]])
def test_an_estimate_that_is_none_is_not_shown(value: Any) -> None:
    assert seen(on_job(Reading, field="estimate", value=value)).estimate is None


def test_an_estimate_is_not_a_sign_of_life() -> None:
    guess = on_job(Reading, at=500.0, field="estimate", value=GUESS)

    view = seen(on_job(Started, at=10.0), guess)

    assert (view.updated_at, view.stalled_at) == (10.0, 10.0 + STALL_LIMIT)


@pytest.mark.parametrize(("limit", "after"), [(30, 30.0), (None, STALL_LIMIT), ("x", STALL_LIMIT)])
def test_a_running_job_counts_as_stalled_after_its_own_limit(limit: Any, after: float) -> None:
    view = seen(on_job(Started, at=10.0), on_job(Reading, field="stall_limit", value=limit))

    assert view.stalled_at == 10.0 + after


def test_a_waiting_job_is_never_stalled() -> None:
    assert seen(on_job(Queued)).stalled_at is None


def test_a_step_that_ends_after_its_bar_is_the_newest_sign_of_life() -> None:
    bar = on_job(Progress, at=500.0, step="1", done=20.0, total=20.0)
    story = [on_job(Started, at=10.0), bar, on_job(StepEnded, at=501.0, step="1")]

    assert seen(*story).updated_at == 501.0


def test_outputs_are_numbered_and_their_places_stay_inside() -> None:
    listed = [{"name": "a.png", "media": "image/png", "place": {"subfolder": "x"}}, "nonsense"]

    view = seen(on_job(Registered, meta={"outputs": listed}))

    assert [(one.n, one.name, one.media) for one in view.outputs] == [(0, "a.png", "image/png")]
    assert "outputs" not in view.meta


def test_bars_are_named_after_what_their_step_does() -> None:
    names = on_job(Registered, meta={"names": {"1": "KSampler"}})

    view = seen(names, on_job(Progress, step="1", done=1.0, total=2.0))

    assert (view.bars[0].step, view.bars[0].name) == ("1", "KSampler")


def test_a_closed_job_shows_the_attempt_that_closed_it() -> None:
    view = seen(
        on_job(Started, at=1.0),
        on_job(Ended, at=2.0, outcome="failed", final=False),
        on_job(Started, at=3.0, attempt=2),
        on_job(Ended, at=4.0, outcome="succeeded", attempt=2),
    )

    assert (view.attempt, view.started_at, view.ended_at) == (2, 3.0, 4.0)


def test_a_native_id_that_no_answer_can_hold_is_shown_readable() -> None:
    key = JobKey("comfy", "\ud800").text
    step = step_key(key, "\udfff")

    shown = told([Queued(key=key, at=1.0), Registered(key=step, at=1.0, meta={})])

    assert seen(*[Queued(key=key, at=1.0)], key=key).native == "?"
    assert set(shown) == {key, step}


@pytest.mark.parametrize(
    ("events", "phase"),
    [
        ([Registered(key=STEP, at=1.0, meta={})], "pending"),
        ([on_job(StepStarted, step="1")], "running"),
        ([on_job(Progress, step="1", done=1.0)], "running"),
        ([on_job(StepEnded, step="1")], "ended"),
        ([on_job(StepEnded, step="1", cached=True), on_job(StepStarted, step="1")], "cached"),
    ],
)
def test_a_step_is_pending_running_ended_or_cached(events: list[Any], phase: str) -> None:
    assert seen(*events, key=STEP).phase == phase


def test_a_step_names_its_job_and_has_its_own_times() -> None:
    view = seen(
        on_job(StepEnded, at=14.0, step="1"),
        on_job(StepStarted, at=11.0, step="1", name="KSampler", parent="7"),
        key=STEP,
    )

    assert (view.job, view.step, view.name, view.parent) == (JOB, "1", "KSampler", "7")
    assert (view.started_at, view.ended_at) == (11.0, 14.0)


def test_a_step_whose_start_nobody_saw_is_named_by_its_end() -> None:
    cached = on_job(StepEnded, step="1", cached=True, name="CLIPTextEncode", parent="7")

    view = seen(cached, key=STEP)

    assert (view.name, view.parent, view.started_at) == ("CLIPTextEncode", "7", None)


def test_a_source_that_nobody_looked_at_is_not_known_to_be_there() -> None:
    view = seen(Registered(key="comfy", at=1.0, meta={"title": "Studio"}), key="comfy")

    assert (view.seen, view.since, view.title) == (None, None, "Studio")


def test_a_source_says_since_when_it_is_gone_and_keeps_its_readings() -> None:
    view = seen(
        Reading(key="comfy", at=1.0, field="version", value="0.3.45"),
        Presence(key="comfy", at=5.0, presence="missing"),
        key="comfy",
    )

    assert (view.seen, view.since, view.readings) == (False, 5.0, {"version": "0.3.45"})


def test_a_worker_names_its_source_and_a_daemon_says_what_it_does() -> None:
    worker = seen(Activity(key="comfy~gpu0", at=1.0, text="loading"), key="comfy~gpu0")
    daemon = seen(Activity(key="~daemon~sync", at=1.0, text="resting"), key="~daemon~sync")

    assert (worker.source, worker.activity) == ("comfy", "loading")
    assert daemon.activity == "resting"

"""The table "out of order or twice" of the model, row by row, and what fold promises."""

from __future__ import annotations

from itertools import permutations

import pytest
from tests.fold.histories import BODIES
from tests.fold.stories import GROUP, JOB, STEP, encoded, on_job, seen, told

from headway.errors import DialectError, UsageError
from headway.fold.folding import Entities, fits, fold, touched
from headway.model.entities import Group
from headway.model.events import (
    EDGES,
    Activity,
    Ended,
    Progress,
    Queued,
    Registered,
    Sealed,
    Started,
    StepEnded,
    StepStarted,
)


def test_any_duplicate_changes_nothing_and_nobody_is_told() -> None:
    event = on_job(Ended, outcome="failed", why="out of memory")
    entities = told([event])

    assert fold(entities, event) == []


def test_after_success_late_events_fill_in_meta_and_times_and_nothing_else() -> None:
    late = [
        on_job(Progress, done=4.0, total=20.0),
        on_job(Started, at=5.0),
        on_job(Queued, at=1.0),
        on_job(Registered, at=0.5, meta={"title": "a cat"}),
    ]

    view = seen(on_job(Ended, at=30.0, outcome="succeeded"), *late)

    assert (view.phase, view.fraction, view.ended_at) == ("succeeded", 1.0, 30.0)
    assert (view.title, view.queued_at, view.started_at) == ("a cat", 1.0, 5.0)


def test_of_one_bar_the_furthest_point_counts() -> None:
    ahead = on_job(Progress, done=9.0, total=20.0)
    behind = on_job(Progress, at=11.0, done=4.0, total=20.0)

    for order in permutations([ahead, behind]):
        assert seen(*order).bars[0].done == 9.0


def test_a_new_run_is_shown_and_leaves_the_finished_steps_untouched() -> None:
    meta = {"needed": ["1", "2", "3"]}
    story = [
        on_job(Registered, meta=meta),
        on_job(StepEnded, step="1"),
        on_job(Progress, step="2", done=20.0, total=20.0),
        on_job(Progress, step="2", done=3.0, total=20.0, run=1),
    ]

    for order in permutations(story):
        view = seen(*order)
        assert (view.steps_done, [bar.done for bar in view.bars]) == (1, [3.0])


def test_a_changed_total_of_the_same_run_shows_the_larger_bar() -> None:
    story = [on_job(Progress, done=9.0, total=10.0), on_job(Progress, done=1.0, total=30.0)]

    for order in permutations(story):
        assert (seen(*order).bars[0].done, seen(*order).bars[0].total) == (1.0, 30.0)


def test_an_attempt_that_failed_for_now_and_a_second_that_started_read_running() -> None:
    story = [
        on_job(Ended, outcome="failed", final=False),
        on_job(Started, at=20.0, attempt=2),
    ]

    for order in permutations(story):
        assert (seen(*order).phase, seen(*order).attempt) == ("running", 2)


def test_an_attempt_that_failed_for_now_and_no_second_reads_retrying() -> None:
    view = seen(on_job(Ended, outcome="failed", final=False, why="no answer"))

    assert (view.phase, view.outcome, view.why, view.ended_at) == (
        "retrying",
        None,
        "no answer",
        None,
    )


def test_after_a_final_failure_a_later_start_does_not_revive_the_job() -> None:
    story = [
        on_job(Ended, at=12.0, outcome="failed", final=True, why="out of memory"),
        on_job(Started, at=20.0, attempt=2),
    ]

    for order in permutations(story):
        view = seen(*order)
        assert (view.phase, view.attempt, view.why) == ("failed", 1, "out of memory")
        assert view.ended_at == 12.0


@pytest.mark.parametrize("before", ["failed", "lost", "unknown", "cancelled"])
def test_success_corrects_every_other_end(before: str) -> None:
    story = [on_job(Ended, outcome=before), on_job(Ended, outcome="succeeded", basis="observed")]

    for order in permutations(story):
        assert seen(*order).phase == "succeeded"


def test_an_end_that_was_seen_overrides_every_presumed_one() -> None:
    story = [
        on_job(Ended, outcome="cancelled", basis="inferred"),
        on_job(Ended, outcome="failed", basis="derived"),
    ]

    for order in permutations(story):
        assert (seen(*order).phase, seen(*order).basis) == ("failed", "derived")


def test_a_cancel_beats_the_error_that_it_provokes() -> None:
    story = [on_job(Ended, outcome="failed"), on_job(Ended, outcome="cancelled")]

    for order in permutations(story):
        assert seen(*order).phase == "cancelled"


@pytest.mark.parametrize("basis", ["inferred", "estimated"])
def test_success_is_never_presumed(basis: str) -> None:
    view = seen(on_job(Ended, outcome="succeeded", basis=basis))

    assert (view.phase, view.fraction) == ("unknown", None)


def test_a_presumed_cancel_closes_a_job_even_when_a_failure_for_now_is_seen_later() -> None:
    view = seen(
        on_job(Ended, outcome="cancelled", basis="inferred", final=False),
        on_job(Ended, outcome="failed", final=False),
    )

    assert view.phase == "failed"


def test_of_equal_verdicts_the_earlier_keeps_its_words() -> None:
    story = [
        on_job(Ended, at=11.0, outcome="failed", why="later"),
        on_job(Ended, at=10.0, outcome="failed", why="earlier"),
    ]

    for order in permutations(story):
        assert (seen(*order).why, seen(*order).ended_at) == ("earlier", 10.0)


def test_the_time_of_an_edge_is_the_earliest_within_the_best_basis() -> None:
    story = [
        on_job(Started, at=9.0, basis="inferred"),
        on_job(Started, at=12.0, basis="reported"),
        on_job(Started, at=11.0, basis="reported"),
    ]

    for order in permutations(story):
        assert (seen(*order).started_at, seen(*order).basis) == (11.0, "reported")


def test_a_meta_field_is_kept_from_whoever_said_it_first() -> None:
    story = [
        on_job(Registered, at=2.0, observer="a", meta={"title": "late", "model": "m"}),
        on_job(Registered, at=1.0, observer="b", meta={"title": "early"}),
        on_job(Registered, at=1.0, observer="c", meta={"title": "early too"}),
    ]

    for order in permutations(story):
        assert (seen(*order).title, seen(*order).meta) == ("early", {"model": "m"})


def test_a_step_heard_once_more_later_keeps_its_job_from_looking_silent() -> None:
    view = seen(on_job(StepStarted, step="1"), on_job(StepEnded, at=50.0, step="1"))

    assert view.updated_at == 50.0


def test_progress_of_a_finished_step_counts_nowhere_but_in_the_step_itself() -> None:
    story = [on_job(StepEnded, step="1"), on_job(Progress, step="1", done=5.0, total=9.0)]

    for order in permutations(story):
        assert seen(*order).bars == []
        assert seen(*order, key=STEP).bar.done == 5.0


def test_equal_to_python_is_not_equal_to_a_reader() -> None:
    story = [on_job(Registered, meta={"n": value}) for value in (True, 1, 1.0)]

    shown = {encoded(seen(*order).meta) for order in permutations(story)}

    assert len(shown) == 1


def test_an_event_about_an_unknown_job_creates_it_and_its_step() -> None:
    entities: Entities = {}

    assert fold(entities, on_job(StepStarted, step="1")) == [JOB, STEP]
    assert set(entities) == {JOB, STEP}


def test_touched_names_all_that_may_change() -> None:
    assert touched(on_job(Queued)) == (JOB,)
    assert touched(on_job(Progress, done=1.0)) == (JOB,)
    assert touched(on_job(Progress, step="1", done=1.0)) == (JOB, STEP)


def test_a_seal_is_a_set_whatever_its_order_and_repetitions() -> None:
    entities = told([Sealed(key=GROUP, at=1.0, ids=["b~1~", "a~1~", "b~1~"])])

    again = fold(entities, Sealed(key=GROUP, at=2.0, ids=["a~1~", "b~1~"]))

    group = entities[GROUP]
    assert again == []
    assert isinstance(group, Group)
    assert group.seals == [["a~1~", "b~1~"]]


def test_an_event_that_does_not_fit_is_a_broken_contract_and_leaves_nothing() -> None:
    entities: Entities = {}

    with pytest.raises(DialectError, match="a source cannot be queued"):
        fold(entities, Queued(key="comfy", at=1.0))
    assert not entities


def test_fits_asks_before_folding_and_refuses_what_is_no_key() -> None:
    assert fits(Activity(key="comfy", at=1.0, text=""))
    assert not fits(Sealed(key=JOB, at=1.0, ids=[]))
    with pytest.raises(UsageError):
        fits(Queued(key="a~b~c~d~e", at=1.0))


def test_the_histories_of_the_properties_use_every_kind_of_event() -> None:
    assert set(BODIES) | {Sealed} >= EDGES

"""The invariants of the model, I1 to I5, I10, I15 and I16, over histories of any kind.

I6 to I9, I11 and I14 are in test_group_invariants; I12 and I13 of the store and the plane
are with them, and the part of I13 that the fold answers for is here.
"""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fold.histories import LEVELS, REUSED, events, histories, muddled, seeds
from tests.fold.stories import AGAIN, JOB, STEP, on_job, picture, told, views

from headway.errors import DialectError
from headway.fold.folding import Entities, fits, fold, touched
from headway.fold.views import fraction_of, outcome_of, phase_of, view
from headway.model.entities import AnyEntity, Job
from headway.model.events import (
    AnyEvent,
    Ended,
    Progress,
    Registered,
    StepEnded,
    StepStarted,
)
from headway.model.words import OUTCOME_RANK, PRESUMED, RESOLVED, Phase

REACHED: tuple[Phase, ...] = ("pending", "queued", "running", "finishing")
as_stored = msgspec.json.Decoder(dict[str, AnyEntity])


def job_of(entities: Entities) -> Job:
    job = entities.get(JOB)
    return job if isinstance(job, Job) else Job(key=JOB)


def phase_rank(job: Job, attempt: int) -> int:
    alone = Job(key=JOB, attempts={attempt: job.attempts[attempt]})
    phase = phase_of(alone)[0]
    return REACHED.index(phase) if phase in REACHED else len(REACHED)


def outcome_rank(job: Job) -> tuple[bool, int]:
    closed = outcome_of(job)
    return (False, -1) if closed is None else (closed[1] not in PRESUMED, OUTCOME_RANK[closed[0]])


@given(history=histories(keys=REUSED), seed=seeds)
def test_i1_any_order_with_any_repetition_gives_the_same_state_and_the_same_views(
    history: list[AnyEvent], seed: int
) -> None:
    once, muddle = told(history), told(muddled(history, seed))

    assert picture(muddle) == picture(once)
    assert views(muddle) == views(once)


@given(history=histories(*LEVELS, StepEnded, longest=20), seed=seeds)
def test_i1_holds_for_bars_and_levels_that_contradict_each_other(
    history: list[AnyEvent], seed: int
) -> None:
    once, muddle = told(history), told(muddled(history, seed))

    assert picture(muddle) == picture(once)
    assert views(muddle) == views(once)


@given(history=histories(keys=REUSED), cut=st.integers(0, 12))
def test_i2_a_stored_snapshot_and_the_tail_give_the_whole(
    history: list[AnyEvent], cut: int
) -> None:
    snapshot = as_stored.decode(picture(told(history[:cut])))

    for event in history[cut:]:
        fold(snapshot, event)

    assert picture(snapshot) == picture(told(history))


@given(history=histories(keys=REUSED), seed=seeds)
def test_i2_hearing_everything_again_changes_nothing_and_tells_nobody(
    history: list[AnyEvent], seed: int
) -> None:
    entities = told(history)
    before = picture(entities)

    news = [fold(entities, event) for event in muddled(history, seed)]

    assert not any(news)
    assert picture(entities) == before


@given(history=histories(longest=16))
def test_i3_the_phase_never_falls_within_an_attempt(history: list[AnyEvent]) -> None:
    entities: Entities = {}
    reached: dict[int, int] = {}

    for event in history:
        fold(entities, event)
        ranks = {
            number: phase_rank(job_of(entities), number) for number in job_of(entities).attempts
        }
        assert all(ranks[number] >= rank for number, rank in reached.items())
        reached = ranks


@given(history=histories(Ended, StepStarted, Registered, longest=16))
def test_i4_resolved_stays_resolved_and_the_outcome_only_rises(history: list[AnyEvent]) -> None:
    entities: Entities = {}
    rank = outcome_rank(job_of(entities))

    for event in history:
        fold(entities, event)
        risen = outcome_rank(job_of(entities))
        assert risen >= rank
        assert (phase_of(job_of(entities))[0] in RESOLVED) == (risen[1] >= 0)
        rank = risen


@given(history=histories(longest=16))
def test_i4_success_is_never_presumed(history: list[AnyEvent]) -> None:
    shown = view(told([*history, on_job(Registered, meta={})])[JOB])

    assert not (shown.phase == "succeeded" and shown.basis in PRESUMED)  # type: ignore[union-attr]


@given(history=histories(longest=16))
def test_i5_finished_steps_never_fall(history: list[AnyEvent]) -> None:
    entities: Entities = {}
    finished: dict[int, set[str]] = {}

    for event in history:
        fold(entities, event)
        now = {n: set(one.finished_steps) for n, one in job_of(entities).attempts.items()}
        assert all(now[number] >= steps for number, steps in finished.items())
        finished = now


plain_steps = st.one_of(
    st.builds(
        lambda step, done: on_job(Progress, step=step, done=done, total=20.0),
        st.sampled_from("123"),
        st.floats(0, 25),
    ),
    st.builds(lambda step: on_job(StepStarted, step=step), st.sampled_from("1234")),
    st.builds(lambda step: on_job(StepEnded, step=step), st.sampled_from("1234")),
)


@given(history=st.lists(plain_steps, max_size=16))
def test_i5_with_one_observer_and_no_new_run_the_fraction_never_falls(
    history: list[AnyEvent],
) -> None:
    needed = ["1", "2", "3"]
    entities = told([on_job(Registered, meta={"needed": needed})])
    fraction = 0.0

    for event in history:
        fold(entities, event)
        risen = fraction_of(job_of(entities).attempts[1], needed, "running")
        assert risen is not None
        assert fraction <= risen < 1.0
        fraction = risen


@given(history=histories(longest=16))
def test_i5_the_fraction_is_one_if_and_only_if_the_job_succeeded(history: list[AnyEvent]) -> None:
    shown = view(told([*history, on_job(Registered, meta={})])[JOB])

    assert (shown.fraction == 1.0) == (shown.phase == "succeeded")  # type: ignore[union-attr]
    assert shown.fraction is None or 0.0 <= shown.fraction <= 1.0  # type: ignore[union-attr]


@given(
    registered=events(Registered),
    ended=events(Ended),
    parts=st.tuples(histories(longest=4), histories(longest=4), histories(longest=4)),
)
def test_i10_register_and_end_commute_in_every_history(
    registered: AnyEvent, ended: AnyEvent, parts: tuple[list[AnyEvent], ...]
) -> None:
    before, between, after = parts

    one = told([*before, registered, *between, ended, *after])
    other = told([*before, ended, *between, registered, *after])

    assert picture(one) == picture(other)


@given(history=histories(keys=REUSED, longest=16))
def test_i13_fold_names_exactly_the_entities_that_changed(history: list[AnyEvent]) -> None:
    entities: Entities = {}

    for event in history:
        before = {key: picture({key: entity}) for key, entity in entities.items()}
        changed = fold(entities, event)
        after = {key: picture({key: entity}) for key, entity in entities.items()}
        assert set(changed) == {key for key in after if before.get(key) != after[key]}
        assert set(changed) <= set(touched(event))


@given(history=histories(keys=REUSED, longest=16))
def test_i15_a_reused_native_id_never_touches_the_earlier_incarnation(
    history: list[AnyEvent],
) -> None:
    alone = told(event for event in history if event.key == JOB)

    together = told(history)

    mine = {key: one for key, one in together.items() if not key.startswith(AGAIN)}
    assert picture(mine) == picture(alone)


@given(history=histories(*LEVELS, longest=16))
def test_i16_the_levels_of_one_observer_never_change_anothers(history: list[AnyEvent]) -> None:
    alone = told(event for event in history if event.observer == "a")

    together = told(history)

    for key in (JOB, STEP):
        if key in alone:
            assert levels_of(together[key], "a") == levels_of(alone[key], "a")
            assert bars_of(together[key], "a") == bars_of(alone[key], "a")


def levels_of(entity: AnyEntity, observer: str) -> dict[str, object]:
    return {name: who[observer] for name, who in entity.levels.items() if observer in who}


def bars_of(entity: AnyEntity, observer: str) -> dict[str, object]:
    held: dict[str, object] = {}
    for number, attempt in getattr(entity, "attempts", {}).items():
        steps = attempt.bars if isinstance(entity, Job) else {"": attempt.bars}
        held |= {
            f"{number} {step}": who[observer] for step, who in steps.items() if observer in who
        }
    return held


@given(history=histories(keys=REUSED, longest=16))
def test_every_entity_has_a_view_and_every_view_is_the_same_after_a_trip_over_the_wire(
    history: list[AnyEvent],
) -> None:
    for entity in told(history).values():
        shown = view(entity)
        assert msgspec.json.decode(msgspec.json.encode(shown), type=type(shown)) == shown


@given(event=events(keys=(JOB, STEP, "comfy", "comfy~gpu0", "~group~g", "~daemon~sync")))
def test_what_fits_can_be_folded_and_what_does_not_leaves_nothing_behind(event: AnyEvent) -> None:
    entities: Entities = {}

    if fits(event):
        assert event.key in fold(entities, event)
    else:
        with pytest.raises(DialectError):
            fold(entities, event)
        assert not entities

"""One contract, three stores: in memory, in a file, and in a file that is closed and
opened again after every batch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.store.stories import (
    DAY,
    GROUP,
    JOB,
    OTHER,
    SWARM,
    ended,
    open_store,
    progress,
    queued,
    registered,
    started,
    step_ended,
    step_started,
    whole_job,
)

from headway.errors import CursorExpired, DialectError, UsageError
from headway.model import events as ev
from headway.model.cursor import Cursor
from headway.model.views import GroupView, JobView, SourceView
from headway.store.contract import Query, Sample, Store
from headway.store.memory import MemoryStore


class Reopened:
    """A store in a file, closed and opened again after every batch."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._store = open_store(path, durability="normal")

    def append(self, events: Any) -> Any:
        changes = self._store.append(events)
        self._store.close()
        self._store = open_store(self._path, durability="normal")
        return changes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class Contract:
    """What every store does."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        store = self.make(tmp_path / "headway.db")
        yield store
        store.close()

    def make(self, path: Path) -> Any:
        raise NotImplementedError

    def test_a_job_is_told_as_it_is_after_the_whole_batch(self, store: Store) -> None:
        changes = store.append([registered(title="fox"), queued(), started()])

        assert [change.key for change in changes] == [JOB]
        assert changes[0].edge
        assert changes[0].view.phase == "running"  # type: ignore[union-attr]

    def test_what_was_heard_before_tells_nobody(self, store: Store) -> None:
        store.append(whole_job(title="fox", group="g1"))

        assert store.append(whole_job(title="fox", group="g1")) == []

    def test_an_edge_heard_from_another_is_past_even_if_it_changes_no_state(
        self, store: Store
    ) -> None:
        store.append([started()])
        second = ev.Started(key=JOB, at=3.0, observer="log", basis="derived")

        changes = store.append([second])

        assert [(change.key, change.edge) for change in changes] == [(JOB, True)]
        assert len(store.past(JOB)) == 2

    def test_all_that_was_registered_is_known_also_what_views_hide(self, store: Store) -> None:
        outputs = [{"n": 0, "name": "a.png", "place": {"filename": "a.png"}}]
        store.append([registered(title="fox", outputs=outputs), started()])
        store.append([registered(who="log", at=2.0, title="late", needed=["3"])])
        known = {"title": "fox", "outputs": outputs, "needed": ["3"]}

        assert store.meta(JOB) == known
        store.append([ended()])
        assert store.meta(JOB) == known
        assert store.meta(OTHER) == {}

    def test_a_level_alone_is_no_edge(self, store: Store) -> None:
        store.append([started()])

        changes = store.append([progress(5)])

        assert [change.edge for change in changes] == [False, False]
        assert store.get(JOB).bars[0].done == 5  # type: ignore[union-attr]

    def test_flushed_is_not_dirty(self, store: Store) -> None:
        store.append([progress(5)])

        store.flush()

        assert not store.dirty()

    def test_what_changed_since_is_each_entity_once_in_order_of_offset(self, store: Store) -> None:
        cursor = store.cursor()
        store.append(whole_job())
        store.append(whole_job(OTHER))
        store.append([registered(JOB, who="late", title="fox")])

        changes = store.changes(cursor)

        keys = [change.key for change in changes]
        assert len(keys) == len(set(keys)) == 6
        assert keys[-1] == JOB
        offsets = [change.offset for change in changes]
        assert offsets == sorted(offsets)
        assert store.changes(store.cursor()) == []

    def test_an_edge_is_marked_in_what_changed_since(self, store: Store) -> None:
        store.append([started(), step_started("3")])
        cursor = store.cursor()
        store.append([progress(5)])
        store.append([step_ended("3")])

        assert {change.key: change.edge for change in store.changes(cursor)} == {
            JOB: True,
            f"{JOB}~3": True,
        }

    def test_a_cursor_of_another_store_is_expired(self, store: Store) -> None:
        with pytest.raises(CursorExpired):
            store.changes(Cursor("other", 0))

    def test_a_cursor_above_the_head_is_expired(self, store: Store) -> None:
        with pytest.raises(CursorExpired):
            store.changes(Cursor(store.cursor().epoch, 10**12))

    def test_a_cursor_too_far_behind_is_expired(self, store: Store) -> None:
        cursor = store.cursor()
        store.append([registered(f"comfy~{n}~") for n in range(5)])

        with pytest.raises(CursorExpired):
            store.changes(cursor, limit=4)
        assert len(store.changes(cursor, limit=5)) == 5

    def test_live_is_everything_active_but_steps(self, store: Store) -> None:
        store.append(whole_job())
        store.append([started(OTHER), step_started("3", OTHER), registered("comfy", url="u")])
        store.append([ev.Presence(key="comfy~gpu0", at=1.0, observer="q", presence="seen")])

        assert [change.key for change in store.live()] == [OTHER, "comfy", "comfy~gpu0"]
        assert isinstance(store.live()[1].view, SourceView)

    def test_a_late_fact_fills_in_an_ended_job(self, store: Store) -> None:
        store.append([ended()])
        store.append([step_ended("3")])

        changes = store.append([registered(title="fox"), started(), step_started("3")])

        job = changes[0].view
        assert isinstance(job, JobView)
        assert (job.phase, job.title, job.started_at, job.revised) == (
            "succeeded",
            "fox",
            3.0,
            False,
        )
        assert store.steps(JOB)[0].started_at == 3.5

    def test_a_corrected_outcome_is_told_as_revised_once(self, store: Store) -> None:
        store.append([ended("lost", basis="inferred")])

        changes = store.append([ended("succeeded")])

        assert [change.view.revised for change in changes] == [True]  # type: ignore[union-attr]
        assert store.get(JOB).revised is False  # type: ignore[union-attr]
        assert [(one.outcome, one.n) for one in store.counts()] == [("succeeded", 1)]

    def test_a_group_changes_with_its_members(self, store: Store) -> None:
        store.append([registered(group="g1"), registered(OTHER, group="g1")])
        store.append([ev.Sealed(key=GROUP, at=2.0, ids=[JOB, OTHER])])
        store.append([ended(key=JOB)])

        changes = store.append([ended("failed", key=OTHER)])

        group = changes[-1].view
        assert isinstance(group, GroupView)
        assert (group.complete, group.result, group.total) == (True, "partial", 2)
        assert GROUP not in [change.key for change in store.live()]

    def test_a_job_that_turns_out_to_belong_elsewhere_leaves_the_first_group(
        self, store: Store
    ) -> None:
        store.append([registered(at=5.0, group="g1")])

        store.append([registered(at=1.0, who="early", group="g 2")])

        totals = {view.id: view.total for view in store.find(Query(kind="group")).views}  # type: ignore[union-attr]
        assert totals == {"g1": 0, "g 2": 1}

    def test_steps_come_in_order_of_their_start(self, store: Store) -> None:
        store.append([step_started("9", at=1.0), step_started("10", at=3.0), step_ended("x", at=2)])

        assert [step.step for step in store.steps(JOB)] == ["9", "x", "10"]

    def test_a_word_about_a_step_may_come_before_any_about_its_job(self, store: Store) -> None:
        store.append([ev.Activity(key=f"{JOB}~3", at=1.0, observer="q", text="loading")])

        store.append([step_started("3")])
        store.append([ended()])

        assert [step.started_at for step in store.steps(JOB)] == [3.5]

    def test_the_past_is_every_edge_oldest_first_and_of_too_many_the_newest(
        self, store: Store
    ) -> None:
        store.append(whole_job())

        kinds = [one.kind for one in store.past(JOB)]
        assert kinds[:3] == ["registered", "queued", "started"]
        assert [one.kind for one in store.past(JOB, limit=2)] == ["step_ended", "ended"]
        assert store.past(JOB)[-1].body == ended("succeeded", at=7.0)

    def test_a_traceback_is_a_payload_and_in_no_body(self, store: Store) -> None:
        store.append([ended("failed", detail="Traceback"), ended("failed", detail="Trace")])

        assert store.payload(JOB, "detail") == "Traceback"
        assert store.past(JOB)[0].body.detail == ""  # type: ignore[union-attr]
        assert store.payload(OTHER, "detail") is None

    def test_pages_show_each_job_once_active_first_then_the_newest_end(self, store: Store) -> None:
        for n in range(5):
            store.append(whole_job(f"comfy~{n}~", at=float(n)))
        store.append([started(f"comfy~{n}~", at=n) for n in (7.0, 8.0)])

        found, token = [], ""
        while True:
            page = store.find(Query(limit=2, after=token))
            found += [view.key for view in page.views]
            token = page.next
            if not token:
                break

        ids = ["8.0", "7.0", "4", "3", "2", "1", "0"]
        assert found == [f"comfy~{n}~" for n in ids]

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            (Query(source="swarm"), [SWARM]),
            (Query(outcome="failed"), [SWARM]),
            (Query(phase="failed", source="comfy"), []),
            (Query(active=True), [OTHER]),
            (Query(phase="running"), [OTHER]),
            (Query(active=False, source="comfy"), [JOB]),
            (Query(text="FOX jum"), [JOB]),
            (Query(text="jum fox"), []),
            (Query(text="“?!"), []),
            (Query(group="g1"), [SWARM]),
            (Query(group=GROUP, text="dog"), [SWARM]),
            (Query(kind="group"), [GROUP]),
            (Query(kind="step", limit=1), [f"{JOB}~8"]),
        ],
    )
    def test_a_filter_finds_what_it_says(
        self, store: Store, query: Query, found: list[str]
    ) -> None:
        store.append(whole_job(title="quick fox jumps"))
        store.append([registered(SWARM, title="lazy dog", group="g1"), ended("failed", SWARM)])
        store.append([started(OTHER)])

        assert [view.key for view in store.find(query).views] == found

    def test_a_page_that_is_none_of_ours_is_refused(self, store: Store) -> None:
        with pytest.raises(UsageError):
            store.find(Query(after="nonsense"))

    def test_a_job_is_found_by_the_beginning_of_its_key_or_native_id(self, store: Store) -> None:
        store.append([registered(JOB), registered(OTHER), registered(SWARM), step_ended("3")])

        assert store.resolve("5f") == [JOB, SWARM]
        assert store.resolve("comfy~5") == [JOB]
        assert store.resolve("comfy", limit=1) == [JOB]
        assert store.resolve("%") == []

    def test_work_done_for_another_source_counts_there(self, store: Store) -> None:
        store.append([registered(runs_as="swarm"), ended(key=JOB)])
        store.append([registered(OTHER, runs_as=SWARM), ended(key=OTHER)])

        assert [(one.source, one.n) for one in store.counts()] == [("swarm", 1)]
        assert store.counts(since_hour=1) == []

    def test_totals_add_the_hours_up(self, store: Store) -> None:
        for key, at in ((JOB, 10.0), (OTHER, 90_000.0)):
            store.append([registered(key), ended(key=key, at=at)])

        assert [one.n for one in store.counts()] == [1, 1]
        (total,) = store.totals()
        assert (total.source, total.hour, total.n) == ("comfy", 0, 2)

    def test_a_record_is_rewritten_when_a_late_fact_arrives(self, store: Store) -> None:
        store.append([ended()])
        assert [one.seconds for one in store.records()] == [None]

        store.append([registered(signature="s1", family="f1"), started()])

        assert [one.seconds for one in store.records(signature="s1")] == [6.0]
        assert store.records(family="f1", source="comfy") == store.records()
        assert store.records(source="swarm") == []

    def test_pruning_forgets_old_finished_jobs_and_keeps_their_number(self, store: Store) -> None:
        cursor = store.cursor()
        store.append(whole_job())
        store.append([started(OTHER)])

        assert store.prune(now=91 * DAY) == 1
        assert store.prune(now=91 * DAY) == 0

        assert store.get(JOB) is None
        assert store.steps(JOB) == []
        assert [view.key for view in store.find(Query()).views] == [OTHER]
        assert [one.n for one in store.counts()] == [1]
        with pytest.raises(CursorExpired):
            store.changes(cursor)

    def test_samples_come_back_oldest_first(self, store: Store) -> None:
        samples = [Sample(at, "comfy~gpu0", "memory", at * 2) for at in (3.0, 1.0, 2.0)]
        store.sample(samples)

        found = store.samples("comfy~gpu0", "memory", since=2.0)

        assert [one.value for one in found] == [4.0, 6.0]

    def test_an_event_that_does_not_fit_leaves_nothing_behind(self, store: Store) -> None:
        with pytest.raises(DialectError):
            store.append([started(), ev.Queued(key="comfy", at=1.0)])

        assert store.past(JOB) == []


class TestInMemory(Contract):
    def make(self, path: Path) -> Any:
        return MemoryStore()


class TestInAFile(Contract):
    def make(self, path: Path) -> Any:
        return open_store(path, durability="normal")


class TestReopened(Contract):
    def make(self, path: Path) -> Any:
        return Reopened(path)

"""The plane: one door in, one breath out."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from headway.errors import StoreError, UsageError
from headway.fold.clock import start_of
from headway.model.cursor import Cursor
from headway.model.events import (
    AnyEvent,
    Ended,
    Position,
    Presence,
    Progress,
    Queued,
    Registered,
    Sealed,
    Started,
)
from headway.model.keys import JobKey, group_key
from headway.model.views import GroupView, JobView, SourceView
from headway.plane import Plane, Settings
from headway.store.memory import MemoryStore
from headway.store.sqlite import SqliteStore

JOB = JobKey("comfy", "a", "1").text
NOW = 1_800_000_000.0


def started(key: str = JOB, *, at: float = NOW) -> Started:
    return Started(key=key, at=at, observer="test")


def progress(done: float, *, at: float = NOW) -> Progress:
    return Progress(key=JOB, at=at, observer="test", done=done, total=20.0)


def ended(key: str = JOB, *, at: float = NOW) -> Ended:
    return Ended(key=key, at=at, observer="test", outcome="succeeded")


def plane_over(store: Any, **rest: Any) -> Plane:
    return Plane(store, settings=Settings(discover=False), clock=lambda: NOW, **rest)


@pytest.fixture
async def plane() -> AsyncIterator[Plane]:
    async with plane_over(MemoryStore()) as plane:
        yield plane


async def seen(plane: Plane, matches: Callable[[], bool]) -> None:
    async def done() -> bool:
        return matches()

    assert await plane.wait(done, within=10)


async def eventually(holds: Callable[[], bool]) -> None:
    """Return once `holds()`, asked each time the loop comes round."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - a file tells nobody that it changed
            await asyncio.sleep(0)


async def test_what_is_reported_is_live_at_once_and_gone_from_there_once_over(
    plane: Plane,
) -> None:
    await plane.report([started(), progress(3)])
    assert plane.live()[JOB].view.phase == "running"

    await plane.report([ended()])

    assert JOB not in plane.live()
    assert (await plane.read("get", JOB)).outcome == "succeeded"


async def test_an_event_that_does_not_fit_is_refused_whole(plane: Plane) -> None:
    with pytest.raises(UsageError):
        await plane.report([started(), Position(key="comfy", at=NOW, position=1)])

    assert JOB not in plane.live()


async def test_an_implausible_time_is_replaced_by_that_of_receipt(plane: Plane) -> None:
    await plane.report([started(at=5.0)])

    assert plane.live()[JOB].view.started_at == NOW


async def test_a_reader_gets_the_snapshot_and_then_every_change(plane: Plane) -> None:
    await plane.report([started()])

    recovered, _, snapshot, mailbox = await plane.open(None)
    await plane.report([progress(4)])
    await mailbox.wait()

    assert not recovered
    assert [change.key for change in snapshot] == [JOB]
    assert mailbox.take()[0][-1].view.bars[0].done == 4


async def test_a_reader_that_comes_back_gets_only_what_changed(plane: Plane) -> None:
    other = JobKey("comfy", "b", "2").text
    await plane.report([Queued(key=key, at=NOW) for key in (JOB, other)])
    _, cursor, _, _ = await plane.open(None)

    await plane.report([ended(other)])
    recovered, _, changes, _ = await plane.open(cursor)

    assert recovered
    assert {change.key for change in changes} == {other}


async def test_a_cursor_of_another_epoch_gets_a_snapshot(plane: Plane) -> None:
    await plane.report([started()])

    recovered, _, snapshot, _ = await plane.open(Cursor("elsewhere", 1))

    assert not recovered
    assert [change.key for change in snapshot] == [JOB]


async def test_every_interleaving_of_reports_reaches_a_reader_that_joins_in_between(
    plane: Plane,
) -> None:
    keys = [JobKey("comfy", str(n), "1").text for n in range(50)]
    known: dict[str, int] = {}

    async def report() -> None:
        for key in keys:
            await plane.report([started(key)])

    async def join() -> None:
        _, _, changes, mailbox = await plane.open(None)
        known.update({one.key: one.offset for one in changes})
        while len([key for key in known if key in keys]) < len(keys):
            await mailbox.wait()
            known.update({one.key: one.offset for one in mailbox.take()[0]})

    async with asyncio.timeout(20):
        await asyncio.gather(report(), join())

    assert set(keys) <= set(known)


async def test_waiting_returns_for_an_end_that_came_first_and_for_one_that_comes_later(
    plane: Plane,
) -> None:
    async def over() -> bool:
        view = await plane.read("get", JOB)
        return view is not None and view.outcome is not None

    waiting = asyncio.ensure_future(plane.wait(over, within=10))
    await plane.report([started()])
    await plane.report([ended()])

    assert await waiting
    assert await plane.wait(over, within=10)


async def test_waiting_gives_up_in_time(plane: Plane) -> None:
    async def never() -> bool:
        return False

    assert not await plane.wait(never, within=0.01)


async def test_after_a_restart_a_watched_source_is_not_taken_for_seen(tmp_path: Path) -> None:
    path = tmp_path / "headway.db"
    async with plane_over(SqliteStore.open(path)) as plane:
        seen_then = Presence(key="comfy", at=NOW - 1, observer="headway", presence="seen")
        await plane.report([seen_then])
        await plane.report([started()])

    async with plane_over(SqliteStore.open(path)) as plane:
        source = plane.live()["comfy"].view
        assert isinstance(source, SourceView)
        assert source.seen is False
        assert plane.live()[JOB].view.phase == "running"


async def test_levels_reach_the_disk_without_an_edge(tmp_path: Path) -> None:
    path = tmp_path / "headway.db"
    settings = Settings(discover=False, flush_after=0.01)
    async with Plane(SqliteStore.open(path), settings=settings, clock=lambda: NOW) as plane:
        await plane.report([started()])
        await plane.report([progress(7)])
        reader = SqliteStore.reader(path)

        def flushed() -> bool:
            view = reader.get(JOB)
            return isinstance(view, JobView) and bool(view.bars) and view.bars[0].done == 7

        await eventually(flushed)
        reader.close()


async def test_what_another_process_wrote_is_told(tmp_path: Path) -> None:
    path = tmp_path / "headway.db"
    settings = Settings(discover=False, look_outside=0.01)
    async with Plane(SqliteStore.open(path), settings=settings, clock=lambda: NOW) as plane:
        other = SqliteStore.open(path)
        other.append([started()])
        other.close()

        await seen(plane, lambda: JOB in plane.live())


class Broken(MemoryStore):
    """A store whose disk is full until told otherwise."""

    full = True

    def append(self, events: Sequence[AnyEvent]) -> list[Any]:
        if self.full:
            raise StoreError("the disk is full", "make room")
        return super().append(events)


async def test_a_store_that_fails_fails_its_reporter_and_works_again_later() -> None:
    store = Broken()
    async with plane_over(store) as plane:
        with pytest.raises(StoreError):
            await plane.report([started()])
        assert plane.failing

        store.full = False
        await plane.report([started()])

        assert not plane.failing
        assert JOB in plane.live()


class Once:
    """A source that says one thing and then stays connected."""

    name, kind = "comfy", "comfyui"

    def __init__(self, events: list[AnyEvent]) -> None:
        self.events = events
        self.known: list[JobView] = []

    @asynccontextmanager
    async def connect(
        self, known: Sequence[JobView], source: SourceView | None
    ) -> AsyncIterator[AsyncIterator[list[AnyEvent]]]:
        self.known = list(known)

        async def feed() -> AsyncIterator[list[AnyEvent]]:
            yield self.events
            await asyncio.Event().wait()

        yield feed()


async def test_a_source_is_told_which_of_its_jobs_were_left_unfinished(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "headway.db")
    store.append([started(), started(JobKey("other", "x", "1").text)])
    source = Once([])

    async with plane_over(store, sources=[source]) as plane:
        await seen(plane, lambda: "comfy" in plane.live())

        assert [job.key for job in source.known] == [JOB]


async def test_jobs_in_line_get_estimates_from_the_history_of_their_kind() -> None:
    kind = {"signature": "s", "family": "f", "work": 1.0}
    events: list[AnyEvent] = []
    for n in range(3):
        key = JobKey("comfy", f"old{n}", "1").text
        events += [
            Registered(key=key, at=NOW - 100, observer="test", meta=kind),
            Started(key=key, at=NOW - 50, observer="test"),
            Ended(key=key, at=NOW - 40, observer="test", outcome="succeeded"),
        ]
    waiting = JobKey("comfy", "next", "9").text
    async with plane_over(MemoryStore()) as plane:
        await plane.report(events)
        await plane.report(
            [
                Registered(key=JOB, at=NOW, observer="test", meta=kind),
                started(),
                Registered(key=waiting, at=NOW, observer="test", meta=kind),
                Queued(key=waiting, at=NOW, observer="test"),
                Position(key=waiting, at=NOW, observer="test", position=1),
            ]
        )

        await seen(plane, lambda: plane.live()[waiting].view.estimate is not None)

        running = plane.live()[JOB].view.estimate
        queued = plane.live()[waiting].view.estimate
        assert running.samples == queued.samples == 3
        assert running.end_at == pytest.approx(NOW + 10, abs=3)
        assert queued.start_at == pytest.approx(running.end_at, abs=1)
        assert queued.end_at == pytest.approx(queued.start_at + 10, abs=1)


async def test_the_first_in_line_has_a_start_though_its_own_length_is_unknown() -> None:
    kind = {"signature": "s", "family": "f", "work": 1.0}
    first, second = (JobKey("comfy", one, "9").text for one in ("first", "second"))
    async with plane_over(MemoryStore()) as plane:
        old = JobKey("comfy", "old", "1").text
        await plane.report(
            [
                Registered(key=old, at=NOW - 100, observer="test", meta=kind),
                Started(key=old, at=NOW - 50, observer="test"),
                Ended(key=old, at=NOW - 40, observer="test", outcome="succeeded"),
                Registered(key=JOB, at=NOW, observer="test", meta=kind),
                started(),
                *[Queued(key=key, at=NOW, observer="test") for key in (first, second)],
                Position(key=first, at=NOW, observer="test", position=1),
                Position(key=second, at=NOW, observer="test", position=2),
            ]
        )

        await seen(plane, lambda: start_of(plane.live()[first].view) is not None)

        view = plane.live()[first].view
        assert view.estimate is None
        assert start_of(view) == pytest.approx(NOW + 10, abs=3)
        assert start_of(plane.live()[second].view) is None

        stranger = JobKey("comfy", "stranger", "3").text
        await plane.report([ended(), started(stranger)])
        await seen(plane, lambda: start_of(plane.live()[first].view) is None)


async def test_waiting_for_a_group_ends_exactly_when_its_last_member_does(plane: Plane) -> None:
    keys = [JobKey("comfy", str(n), "1").text for n in range(8)]
    group = group_key("chapter-3")
    story = [Sealed(key=group, at=NOW, ids=keys)]
    story += [Registered(key=key, at=NOW, meta={"group": "chapter-3"}) for key in keys]
    story += [ended(key) for key in keys]
    random.Random(3).shuffle(story)

    async def complete() -> bool:
        view = await plane.read("get", group)
        return isinstance(view, GroupView) and view.complete

    for event in story[:-1]:
        await plane.report([event])
        assert not await complete()
    waiting = asyncio.ensure_future(plane.wait(complete, within=10))
    await plane.report(story[-1:])

    assert await waiting


async def test_numbers_that_nobody_can_reckon_with_harm_nobody(plane: Plane) -> None:
    huge = {"signature": "s", "family": "f", "work": 10**400, "sampling_steps": 10**400}
    await plane.report([Registered(key=JOB, at=NOW, meta=huge), started(), ended()])
    other = JobKey("comfy", "b", "2").text
    await plane.report([Registered(key=other, at=NOW, meta=huge), started(other)])

    await seen(plane, lambda: plane.live()[other].view.estimate is None)

    assert (await plane.read("get", JOB)).outcome == "succeeded"


class Buggy(MemoryStore):
    """A store with an error of ours in it."""

    def append(self, events: Sequence[AnyEvent]) -> list[Any]:
        if any(event.key == JOB for event in events):
            raise ZeroDivisionError("a bug")
        return super().append(events)


async def test_an_unforeseen_error_fails_its_batch_and_no_later_one() -> None:
    other = JobKey("comfy", "b", "2").text
    async with plane_over(Buggy()) as plane:
        with pytest.raises(StoreError):
            await plane.report([started()])

        await plane.report([started(other)])

        assert other in plane.live()

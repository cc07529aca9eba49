"""What is forgotten, and what is made small: the answers stay the same, and cursors know."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from tests.store.stories import (
    DAY,
    JOB,
    OTHER,
    ended,
    open_store,
    progress,
    registered,
    started,
    step_ended,
    step_started,
    whole_job,
)

from headway.errors import CursorExpired
from headway.model.events import Sealed
from headway.store.contract import Query, Sample
from headway.store.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "headway.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = open_store(path, durability="normal")
    yield store
    store.close()


def count(path: Path, table: str) -> int:
    connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READONLY)
    found = connection.execute(f"select count(*) from {table}").fetchall()[0][0]
    connection.close()
    return int(str(found))


def test_the_steps_of_a_job_that_ended_a_day_ago_become_one_row(
    store: SqliteStore, path: Path
) -> None:
    store.append(whole_job())
    before = store.steps(JOB)

    assert store.prune(now=2 * DAY) == 1

    assert count(path, "entities where kind = 'step'") == 0
    assert store.steps(JOB) == before
    assert store.get(f"{JOB}~3") == before[0]
    assert store.prune(now=2 * DAY) == 0


def test_a_late_fact_about_a_compact_step_is_joined_to_it(store: SqliteStore, path: Path) -> None:
    store.append([step_ended("3"), step_ended("8", at=6.0), ended()])
    store.prune(now=2 * DAY)
    store.close()
    store = open_store(path, durability="normal")

    store.append([step_started("3")])

    assert [step.started_at for step in store.steps(JOB)] == [3.5, None]
    store.prune(now=2 * DAY)
    assert [(step.started_at, step.ended_at) for step in store.steps(JOB)] == [
        (3.5, 5.0),
        (None, 6.0),
    ]
    store.close()


def test_a_cursor_from_before_the_steps_became_compact_is_expired(store: SqliteStore) -> None:
    cursor = store.cursor()
    store.append(whole_job())
    store.prune(now=2 * DAY)

    with pytest.raises(CursorExpired):
        store.changes(cursor)
    assert store.changes(store.cursor()) == []


def test_what_is_forgotten_leaves_nothing_of_itself(store: SqliteStore, path: Path) -> None:
    for n in range(5):
        store.append(whole_job(f"comfy~{n}~", title="fox", group="g1"))
        store.append([ended("failed", f"comfy~{n}~", detail="trace", basis="inferred")])
    store.append([Sealed(key="~group~g1", at=1.0, ids=[f"comfy~{n}~" for n in range(5)])])
    store.sample([Sample(1.0, "comfy~gpu0", "memory", 1.0)])

    assert store.prune(now=100 * DAY, jobs=3) == 3 + 2  # the other two are made compact
    while store.prune(now=100 * DAY, jobs=3):
        pass

    for table in ("entities", "events", "payloads", "compact", "records", "samples"):
        assert count(path, table) == 0
    assert store.find(Query(text="fox")).views == []
    assert [one.n for one in store.counts()] == [5]


def test_a_file_that_is_too_big_forgets_the_longest_finished_first(store: SqliteStore) -> None:
    for n in range(6):
        store.append(whole_job(f"comfy~{n}~", at=float(n)))
    store.append([started(OTHER)])

    assert store.prune(now=DAY, size=1, jobs=4) == 4

    assert [view.key for view in store.find(Query()).views] == [OTHER, "comfy~5~", "comfy~4~"]


def test_nothing_is_forgotten_before_its_time(store: SqliteStore) -> None:
    store.append(whole_job(at=50 * DAY))
    store.append([registered(OTHER, at=0.0)])

    assert store.prune(now=50 * DAY + 100.0) == 0


def test_pruning_writes_levels_first(store: SqliteStore) -> None:
    store.append([started(OTHER)])
    store.append([progress(3, OTHER)])

    store.prune(now=DAY)

    assert not store.dirty()

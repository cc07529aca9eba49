"""Several processes on one file, and processes that are killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from tests.store.stories import (
    JOB,
    OTHER,
    ended,
    local,
    open_store,
    progress,
    registered,
    started,
    step_ended,
    told,
    whole_job,
)

from headway.model.events import Sealed
from headway.store.memory import MemoryStore
from headway.store.sqlite import SqliteStore

WRITERS = Path(__file__).parent / "writers.py"
ENDLESS = 10**6


@contextmanager
def writer(path: Path, name: str, first: int = 0, count: int = ENDLESS) -> Iterator[IO[str]]:
    """A process that writes; its lines. It is killed at the end, whatever it does."""
    command = [sys.executable, str(WRITERS), str(path), name, str(first), str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.kill()


def test_no_acknowledged_edge_is_lost_and_no_offset_used_twice_by_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "headway.db"
    open_store(path).close()
    offsets: list[int] = []
    acknowledged = 0

    for kill_after in (3, 40, 90, 1):
        with writer(path, "one", first=acknowledged) as lines:
            assert next(lines) == "ready\n"
            for line in lines:
                number, *given = map(int, line.split())
                offsets += given
                acknowledged = number + 1
                if number % 100 >= kill_after:
                    break

    assert len(offsets) == len(set(offsets))
    store = open_store(path)
    stored = {one.body.step for one in store.past("one~job~", limit=10_000)}  # type: ignore[union-attr]
    assert {str(number) for number in range(acknowledged)} <= stored
    assert store.cursor().offset > max(offsets)
    store.close()


def test_two_processes_write_while_a_third_reads_on_and_misses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "headway.db"
    open_store(path).close()
    reader = SqliteStore.reader(path, is_network=local)
    cursor = reader.cursor()
    seen: dict[str, object] = {}

    with writer(path, "one", count=120) as one, writer(path, "two", count=120) as two:
        for _ in zip(one, two, strict=True):
            changes = reader.changes(cursor)
            assert [change.offset for change in changes] == sorted(c.offset for c in changes)
            seen |= {change.key: change.view for change in changes}
            cursor = cursor._replace(offset=changes[-1].offset) if changes else cursor
        one.read(), two.read()
    seen |= {change.key: change.view for change in reader.changes(cursor)}

    steps = {f"{name}~job~~{number}" for name in ("one", "two") for number in range(120)}
    assert seen.keys() == steps | {"one", "two", "one~job~", "two~job~"}
    assert all(reader.get(key) == view for key, view in seen.items())
    reader.close()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[SqliteStore, SqliteStore]]:
    """Two writers of one file, as two processes have them."""
    path = tmp_path / "headway.db"
    first = open_store(path, durability="normal")
    second = open_store(path, durability="normal")
    first.outside()
    yield first, second
    first.close()
    second.close()


def test_a_writer_hears_what_another_one_wrote(pair: tuple[SqliteStore, SqliteStore]) -> None:
    first, second = pair
    second.append([started()])

    changes = first.outside()

    assert [(change.key, change.edge) for change in changes] == [(JOB, True)]
    assert first.outside() == []
    assert [change.key for change in first.live()] == [JOB]


def test_what_another_one_wrote_comes_with_the_next_append_at_the_latest(
    pair: tuple[SqliteStore, SqliteStore],
) -> None:
    first, second = pair
    second.append([started()])

    changes = first.append([started(OTHER)])

    assert [change.key for change in changes] == [JOB, OTHER]
    assert changes[0].offset < changes[1].offset


def test_levels_in_memory_are_folded_onto_what_another_one_wrote(
    pair: tuple[SqliteStore, SqliteStore],
) -> None:
    first, second = pair
    first.append([started()])
    second.outside()
    first.append([progress(9)])
    second.append([registered(title="fox")])

    first.outside()
    first.flush()

    for store in pair:
        store.outside()
        view = store.get(JOB)
        assert (view.title, view.bars[0].done) == ("fox", 9)  # type: ignore[union-attr]


def test_what_one_writes_lies_above_all_that_another_may_have_told(
    pair: tuple[SqliteStore, SqliteStore],
) -> None:
    one, other = pair
    other.append([progress(1, OTHER)])
    cursor = other.cursor()  # told, and only in memory

    ending = one.append([ended()])[0]
    changes = other.outside()

    assert ending.offset > cursor.offset
    assert [(change.key, change.offset) for change in changes] == [(JOB, ending.offset)]
    assert JOB in {change.key for change in other.changes(cursor)}


def test_what_one_wrote_is_told_to_those_whom_another_told_before_it_was_killed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "headway.db"
    one, killed = open_store(path), open_store(path)
    one.append([started()])
    killed.append([progress(9, OTHER)])
    cursor = killed.cursor()  # a reader's, and never in the file

    one.append([ended()])
    one.close()
    successor = open_store(path)

    changes = successor.changes(cursor)
    assert JOB in {change.key for change in changes}
    assert min(change.offset for change in changes) > cursor.offset
    successor.close()
    killed._writer._connection.close(True)
    killed._reader.close()


def test_a_late_fact_of_a_job_that_another_one_ended_is_no_second_count(
    pair: tuple[SqliteStore, SqliteStore],
) -> None:
    first, second = pair
    first.append([started()])
    second.append([ended()])

    first.append([step_ended("3")])
    second.append([registered(title="fox")])

    assert [(one.outcome, one.n) for one in first.counts()] == [("succeeded", 1)]
    assert first.get(JOB).phase == "succeeded"  # type: ignore[union-attr]


def test_two_that_take_turns_end_where_one_would(pair: tuple[SqliteStore, SqliteStore]) -> None:
    expected = MemoryStore()
    story = [
        *whole_job(JOB, title="quick fox", group="g1"),
        *whole_job(OTHER, at=3.0, title="the fox jumps", group="g1"),
        Sealed(key="~group~g1", at=4.0, ids=[JOB]),
        progress(3, OTHER, step="8"),
    ]

    for number, event in enumerate(story):
        expected.append([event])
        pair[number % 2].append([event])
    for store in pair:
        store.flush()

    for store in pair:
        store.outside()
        found = told(store)
        assert {**found, "past": None, "pages": None} == {
            **told(expected),
            "past": None,
            "pages": None,
        }

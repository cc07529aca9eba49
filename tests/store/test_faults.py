"""What fails, fails whole: nothing of it was told, nothing told before is lost, and the
same call does it once the reason is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.store.stories import (
    JOB,
    OTHER,
    open_store,
    progress,
    queued,
    registered,
    started,
    told,
    whole_job,
)

from headway.errors import DialectError, StoreError
from headway.model import events as ev
from headway.store.failures import store_error
from headway.store.memory import MemoryStore
from headway.store.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "headway.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = open_store(path)
    yield store
    store.close()


def pages(store: SqliteStore, most: int) -> int:
    """Let the file have at most so many pages; how many it has."""
    connection = store._writer._connection
    connection.pragma("max_page_count", most)
    return int(str(connection.pragma("page_count")))


def fill(store: SqliteStore) -> list[Any]:
    """Fill the disk; the batch that no longer fitted."""
    pages(store, pages(store, 10_000) + 8)
    for n in range(1000):
        batch = whole_job(f"comfy~{n}~", title="x" * 3000)
        try:
            store.append(batch)
        except StoreError:
            break
    with pytest.raises(StoreError, match="disk is full") as caught:
        store.append(batch)
    assert caught.value.hint
    return batch


def test_a_full_disk_is_told_and_writing_goes_on_once_there_is_room(store: SqliteStore) -> None:
    batch = fill(store)
    head = store.cursor()
    assert store.get(batch[0].key) is None
    assert store.changes(head) == []

    pages(store, 10_000)
    changes = store.append(batch)

    assert changes[0].key == batch[0].key
    assert all(change.offset > head.offset for change in changes)
    assert len(store.past(batch[0].key)) == 8


def test_levels_outlive_a_full_disk(store: SqliteStore, path: Path) -> None:
    store.append([started()])
    store.append([progress(9)])
    fill(store)
    store.append([progress(11)])

    assert store.get(JOB).bars[0].done == 11  # type: ignore[union-attr]
    pages(store, 10_000)
    store.flush()
    store.close()

    again = open_store(path)
    assert again.get(JOB).bars[0].done == 11  # type: ignore[union-attr]
    again.close()


@pytest.mark.parametrize("error", [apsw.IOError, apsw.CantOpenError, apsw.FullError])
def test_a_disk_without_room_is_called_full_whatever_sqlite_makes_of_it(
    path: Path, error: type[Exception]
) -> None:
    told = store_error(error("disk I/O error"), path, free=lambda _: 0)

    assert "the disk is full" in str(told)
    assert "free some space" in told.hint


@pytest.mark.parametrize("free", [10**9, None], ids=["room", "unknown"])
def test_an_error_of_a_disk_with_room_is_not_called_a_full_disk(
    path: Path, free: int | None
) -> None:
    told = store_error(apsw.IOError("disk I/O error"), path, free=lambda _: free)

    assert "full" not in str(told)


def test_a_store_held_by_another_is_a_store_error_and_the_same_append_works_later(
    store: SqliteStore, path: Path
) -> None:
    store._writer._connection.set_busy_timeout(20)
    other = apsw.Connection(str(path))
    other.execute("begin immediate")
    with pytest.raises(StoreError, match="held by another program"):
        store.append([started()])
    assert store.get(JOB) is None

    other.execute("rollback")

    assert [change.key for change in store.append([started()])] == [JOB]
    other.close()


def test_an_event_that_does_not_fit_takes_nothing_with_it(store: SqliteStore) -> None:
    store.append([started()])
    store.append([progress(9)])

    with pytest.raises(DialectError):
        store.append([queued(OTHER), ev.Queued(key="comfy", at=1.0)])

    assert store.get(OTHER) is None
    assert store.get(JOB).bars[0].done == 9  # type: ignore[union-attr]
    assert store.dirty()


def test_what_cannot_be_encoded_is_not_stored_and_harms_nothing(store: SqliteStore) -> None:
    with pytest.raises(TypeError):
        store.append([started(), ev.Reading(key=JOB, at=1.0, field="x", value=object())])

    assert store.get(JOB) is None
    assert store.append([started()])


def test_any_statement_may_fail_and_the_story_still_ends_the_same(path: Path) -> None:
    batches = [
        [registered(title="fox", group="g1"), queued()],
        [progress(3)],
        whole_job(title="fox", group="g1"),
        [ev.Sealed(key="~group~g1", at=9.0, ids=[JOB])],
    ]
    expected = MemoryStore()
    store = open_store(path, durability="normal")
    connection = store._writer._connection

    for batch in batches:
        expected.append(batch)
        for count in range(1, 40):
            connection.exec_trace = failing_after(count)
            try:
                store.append(batch)
                break
            except StoreError:
                continue
            finally:
                connection.exec_trace = None
    store.flush()

    assert told(store) == told(expected)
    store.close()


def failing_after(count: int) -> Any:
    """A trace that lets `count` statements pass and fails the next one."""
    left = [count]

    def trace(_: Any, statement: str, __: Any) -> bool:
        left[0] -= 1
        if left[0] < 0 and not statement.startswith("rollback"):
            raise apsw.IOError("the disk says no")
        return True

    return trace


def test_closing_twice_is_closing_once(path: Path) -> None:
    store = open_store(path)

    store.close()
    store.close()

"""A file that cannot be used as it is, is refused with a hint, and left as it is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import apsw
import pytest
from tests.store.stories import JOB, local, open_store, progress, started, whole_job

from headway.errors import CursorExpired, StoreError
from headway.store.opening import refuse_unwritable
from headway.store.sqlite import SqliteStore


def refused(path: Path, **options: object) -> StoreError:
    """The refusal to open; the file is the same afterwards."""
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreError) as caught:
        open_store(path, **options)
    assert (path.read_bytes() if path.is_file() else None) == before
    assert caught.value.hint
    return caught.value


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "headway.db"
    path.write_bytes(b"not a database, but long enough to be looked at\n" * 50)

    assert "not a store of Headway" in str(refused(path))


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "headway.db"
    other = sqlite3.connect(path)
    other.execute("create table theirs (x)")
    other.close()

    assert "another program" in str(refused(path))


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "headway.db"
    open_store(path).close()
    newer = apsw.Connection(str(path))
    newer.pragma("user_version", 99)
    newer.pragma("wal_checkpoint(truncate)")
    newer.close()

    assert "newer" in str(refused(path))


def test_a_damaged_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "headway.db"
    store = open_store(path)
    for n in range(50):
        store.append(whole_job(f"comfy~{n}~"))
    store.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))

    assert "damaged" in str(refused(path))


def test_a_store_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "headway.db"
    store = open_store(path)
    store.append(whole_job())
    store.close()
    path.write_bytes(path.read_bytes()[:5000])

    assert "damaged" in str(refused(path))


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    assert "no directory" in str(refused(tmp_path / "no" / "headway.db"))


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    refused(tmp_path)


def test_a_network_drive_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = tmp_path / "headway.db"

    with pytest.raises(StoreError, match="network drive"):
        SqliteStore.open(path, is_network=lambda _: True)

    assert not path.exists()


def test_a_file_that_sqlite_opens_for_reading_only_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "headway.db"
    open_store(path).close()
    connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READONLY)

    with pytest.raises(StoreError, match="cannot be written"):
        refuse_unwritable(connection, path)

    connection.close()


def test_a_file_held_by_another_program_is_refused_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headway.store.opening.BUSY", 0.05)
    path = tmp_path / "headway.db"
    open_store(path).close()
    other = apsw.Connection(str(path))
    other.execute("begin exclusive")

    assert "held by another program" in str(refused(path))
    other.close()


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "headway.db"
    path.touch()

    store = open_store(path)

    assert store.append([started()])
    store.close()


def test_a_reader_of_no_store_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        SqliteStore.reader(tmp_path / "headway.db", is_network=local)


def test_the_epoch_is_the_files_and_stays(tmp_path: Path) -> None:
    first, second = open_store(tmp_path / "a.db"), open_store(tmp_path / "b.db")
    epoch = first.cursor().epoch
    assert epoch != second.cursor().epoch
    first.close()
    second.close()

    again = open_store(tmp_path / "a.db")

    assert again.cursor().epoch == epoch
    again.close()


def test_an_older_copy_put_back_gets_a_new_epoch(tmp_path: Path) -> None:
    path = tmp_path / "headway.db"
    open_store(path).close()
    older = path.read_bytes()
    store = open_store(path)
    store.append(whole_job())
    seen = store.cursor()
    store.close()
    assert open_and_close(path, high_water=seen) == seen.epoch

    path.write_bytes(older)

    assert open_and_close(path, high_water=seen) != seen.epoch


def open_and_close(path: Path, **options: object) -> str:
    store = open_store(path, **options)
    epoch = store.cursor().epoch
    store.close()
    return epoch


def test_after_an_unclean_stop_every_live_entity_is_told_again(tmp_path: Path) -> None:
    path = tmp_path / "headway.db"
    died = open_store(path)
    died.append([started(), *whole_job("comfy~done~")])
    died.append([progress(9)])
    cursor = died.cursor()  # a client saw 9 of 20, which was never written

    store = open_store(path)

    told = {change.key: change.view for change in store.changes(cursor)}
    assert list(told) == [JOB]
    assert told[JOB].bars == []  # type: ignore[union-attr]
    store.close()


def test_after_a_clean_stop_nothing_is_told_again(tmp_path: Path) -> None:
    path = tmp_path / "headway.db"
    store = open_store(path)
    store.append([started()])
    cursor = store.cursor()
    store.close()

    again = open_store(path)

    assert again.changes(cursor) == []
    assert again.cursor() == cursor
    again.close()


def test_a_reader_refuses_a_cursor_it_cannot_resume(tmp_path: Path) -> None:
    store = open_store(tmp_path / "headway.db")
    reader = SqliteStore.reader(tmp_path / "headway.db", is_network=local)

    with pytest.raises(CursorExpired):
        reader.changes(store.cursor()._replace(offset=10**9))

    reader.close()
    store.close()

"""A disk that is full, and has room again: told, survived, nothing lost, no restart needed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from headway.client import Client
from headway.errors import StoreError, Unreachable
from headway.model.events import AnyEvent, Ended, Progress, Queued, Registered, Started
from headway.model.views import JobView
from headway.plane import Plane, Settings
from headway.server.serve import Serving, serve
from headway.server.settings import Settings as DoorSettings
from headway.store.memory import MemoryStore
from headway.store.sqlite import SqliteStore

LONGEST = 30.0  # seconds that anything here may take
PLENTY = 1_000_000  # pages
ROOM = 40  # pages that are free before the disk is full


def whole(number: int) -> list[AnyEvent]:
    """A job with a long title."""
    key, title = f"farm~{number}~", "x" * 9_000
    return [
        Registered(key=key, at=1.0, meta={"title": title}),
        Queued(key=key, at=1.0),
        Started(key=key, at=2.0),
        Ended(key=key, at=3.0, outcome="succeeded"),
    ]


def capacity(plane: Plane) -> Callable[[int], None]:
    """Sets how many pages the file may have: SQLite then says what it says of a full disk."""
    assert isinstance(plane.store, SqliteStore)
    connection = plane.store._writer._connection

    def limit(pages: int) -> None:
        connection.pragma("max_page_count", pages)

    return limit


async def fill(plane: Plane) -> int:
    """Report until the disk is full; the number of the job that had no room."""
    assert isinstance(plane.store, SqliteStore)
    pages = int(str(plane.store._writer._connection.pragma("page_count")))
    capacity(plane)(pages + ROOM)
    for number in range(1000):
        try:
            await plane.report(whole(number))
        except StoreError:
            return number
    raise AssertionError("the disk never was full")


async def test_a_full_disk_is_told_at_the_door_and_the_same_batch_is_taken_once_there_is_room(
    tmp_path: Path,
) -> None:
    store = SqliteStore.open(tmp_path / "headway.db")
    async with (
        asyncio.timeout(LONGEST),
        Plane(store, settings=Settings(discover=False)) as plane,
        serve(plane, DoorSettings(port=0, bind=["127.0.0.1"])) as serving,
        Client(serving.url, serving.token) as client,
    ):
        failed = await fill(plane)
        assert await _ready(client, serving) == 503
        with pytest.raises(Unreachable, match="disk is full"):
            await client._asking.post("/api/v1/events", _body(failed), dict)

        capacity(plane)(PLENTY)
        await client.report(whole(failed))

        assert await _ready(client, serving) == 200
        for number in range(failed + 1):
            assert (await client.job(f"farm~{number}~")).outcome == "succeeded"
        assert (await client.jobs(limit=1)).jobs[0].key == f"farm~{failed}~"


async def test_a_reader_hears_of_what_was_stored_and_of_nothing_that_was_not(
    tmp_path: Path,
) -> None:
    store = SqliteStore.open(tmp_path / "headway.db")
    async with asyncio.timeout(LONGEST), Plane(store, settings=Settings(discover=False)) as plane:
        _, cursor, _, mailbox = await plane.open(None)
        failed = await fill(plane)
        capacity(plane)(PLENTY)
        await plane.report(whole(failed))

        heard, _ = mailbox.take()

        told = {one.key: one.view for one in heard if isinstance(one.view, JobView)}
        assert list(told) == [f"farm~{number}~" for number in range(failed + 1)]
        offsets = [one.offset for one in heard]
        assert offsets == sorted(set(offsets))
        assert offsets[0] > cursor.offset


class Cramped(MemoryStore):
    """A store whose disk takes no level until there is `room`."""

    def __init__(self) -> None:
        super().__init__()
        self.room, self.refused, self.written = (threading.Event() for _ in range(3))

    def flush(self) -> None:
        if not self.room.is_set():
            self.refused.set()
            raise StoreError("the disk is full", "free some space")
        super().flush()
        self.written.set()


async def test_levels_that_found_no_room_are_written_by_themselves_once_there_is_some() -> None:
    store = Cramped()
    settings = Settings(discover=False, flush_after=0.01)
    async with Plane(store, settings=settings) as plane:
        await plane.report([Progress(key="farm~1~", at=1.0, done=1.0)])
        assert await asyncio.to_thread(store.refused.wait, LONGEST)

        store.room.set()

        assert await asyncio.to_thread(store.written.wait, LONGEST)
        assert not store.dirty()


def _body(number: int) -> bytes:
    return msgspec.json.encode({"events": whole(number)})


async def _ready(client: Client, serving: Serving) -> int:
    async with client._session.get(f"{serving.url}/readyz") as answer:
        return answer.status

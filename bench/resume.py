"""Readers that come and go at random: does each end with the server's state, exactly?

    python -m bench.resume [breaks [readers [seed]]]

A plane is told a storm of events. Each reader, over WebSocket or server-sent events and
with a filter of its own, reads a little, stops reading for a while, is cut off or leaves,
comes back with its cursor, and now and then wants something else. In the end each must
know every live entity that it wants, as the server has it, and nothing that differs.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import msgspec

from headway.model.events import AnyEvent, Ended, Progress, Queued, Reading, Registered, Started
from headway.model.keys import JobKey, kind_of
from headway.plane.plane import Plane
from headway.plane.settings import Settings as PlaneSettings
from headway.server.encoded import view_bytes
from headway.server.serve import serve
from headway.server.settings import Settings
from headway.store.contract import Store
from headway.store.memory import MemoryStore
from headway.store.sqlite import SqliteStore
from headway.talk.messages import Filter, matches

LONGEST = 60.0  # seconds until everybody must have caught up
QUIET = 0.2  # seconds without a frame after which a visit ends
LOOK = 0.05  # seconds between looks whether they have
SOURCES = ("comfy", "farm", "studio")
JOBS = 40  # of each source
WANTED: tuple[dict[str, Any], ...] = (
    {},
    {"source": "comfy"},
    {"active": True},
    {"phase": "queued"},
    {"source": "farm", "active": True},
    {"group": "night"},
    {"outcome": "failed"},
    {"key": JobKey("studio", "0007").text},
)


class Storm:
    """Events about some jobs, at random, and in the end a quiet plane."""

    def __init__(self, plane: Plane, chance: random.Random) -> None:
        self._plane = plane
        self._chance = chance

    async def blow(self, over: asyncio.Event) -> None:
        """Report until it is over; then what runs ends."""
        while not over.is_set():
            count = self._chance.choice((1, 1, 2, 5, 30))
            await self._plane.report([self._event() for _ in range(count)])
            await asyncio.sleep(self._chance.choice((0, 0.001, 0.005)))
        live = [change.view for change in self._plane.live().values()]
        running = [view.key for view in live if getattr(view, "phase", "queued") != "queued"]
        jobs = [key for key in running if kind_of(key) == "job"]
        at = time.time()
        await self._plane.report([Ended(key=key, at=at, outcome="failed") for key in jobs])

    def _event(self) -> AnyEvent:
        chance, at = self._chance, time.time()
        source = chance.choice(SOURCES)
        if chance.random() < 0.05:
            return Reading(key=source, at=at, field="running", value=chance.randrange(9))
        key = JobKey(source, f"{chance.randrange(JOBS):04}", str(chance.randrange(20) // 19)).text
        kind = chance.randrange(10)
        if kind == 0:
            return Registered(key=key, at=at, meta={"group": chance.choice(("night", "day"))})
        if kind < 3:
            return Queued(key=key, at=at)
        if kind < 5:
            return Started(key=key, at=at, attempt=chance.randrange(1, 4))
        if kind == 5:
            outcome = chance.choice(("succeeded", "failed"))
            return Ended(key=key, at=at, outcome=outcome, attempt=chance.randrange(1, 3))  # type: ignore[arg-type]
        return Progress(key=key, at=at, done=float(chance.randrange(100)), total=100.0)


class Reader:
    """One reader: what it wants, where it stands, what it knows."""

    def __init__(self, session: aiohttp.ClientSession, url: str, chance: random.Random) -> None:
        self.known: dict[str, Any] = {}
        self.cursor = ""
        self.wanted: dict[str, Any] = {}
        self.frames = 0
        self.stays = asyncio.Event()
        self._session = session
        self._url = url
        self._chance = chance

    async def live(self, breaks: int) -> None:
        """Come and go that often, then stay until cancelled."""
        for _ in range(breaks):
            if self._chance.random() < 0.15:
                self.want(self._chance.choice(WANTED))
            await self._visit(self._chance.choice((0, 1, 1, 2, 3, 8)))
        self.stays.set()
        await self._visit(None)

    def want(self, wanted: dict[str, Any]) -> None:
        """Something else: a cursor belongs to what was wanted with it."""
        self.wanted, self.known, self.cursor = wanted, {}, ""

    async def _visit(self, frames: int | None) -> None:
        way = self._by_socket if self._chance.random() < 0.6 else self._by_events
        async with way() as (heard, connection):
            while frames is None or frames > 0:
                within = None if frames is None else QUIET
                frames = None if frames is None else frames - 1
                try:
                    async with asyncio.timeout(within):
                        message = await anext(heard)
                except TimeoutError:
                    return  # nothing happens to what it wants
                self._hear(msgspec.json.decode(message))
                if self._chance.random() < 0.1:
                    await self._doze(connection)

    async def _doze(self, connection: Any) -> None:
        transport = connection.transport
        if transport is not None and not transport.is_closing():
            transport.pause_reading()
            await asyncio.sleep(self._chance.choice((0, 0.02, 0.1)))
            transport.resume_reading()

    def _hear(self, frame: Any) -> None:
        data, self.frames = frame["data"], self.frames + 1
        if frame["type"] == "welcome":
            if not data["recovered"]:
                self.known.clear()
            return
        assert frame["type"] == "changes", frame
        for entity in data["entities"]:
            self.known[entity["key"]] = entity
        for key in data["gone"]:
            self.known.pop(key, None)
        self.cursor = data["cursor"]

    @asynccontextmanager
    async def _by_socket(self) -> AsyncIterator[tuple[AsyncIterator[str], Any]]:
        hello = {"cursor": self.cursor or None, "filter": self.wanted, "max_rate": 60}
        async with self._session.ws_connect(f"{self._url}/ws", protocols=["headway.v1"]) as socket:
            connection = socket._conn
            await socket.send_json({"type": "hello", "data": hello})
            yield _messages(socket), connection
            if self._chance.random() < 0.7 and connection is not None and connection.transport:
                connection.transport.abort()  # cut off in the middle of anything

    @asynccontextmanager
    async def _by_events(self) -> AsyncIterator[tuple[AsyncIterator[str], Any]]:
        asked = {name: str(value).lower() for name, value in self.wanted.items()}
        if "key" in self.wanted:
            asked["key"] = self.wanted["key"]
        headers = {"Last-Event-ID": self.cursor} if self.cursor else {}
        url = f"{self._url}/api/v1/stream"
        async with self._session.get(
            url, params=asked | {"max_rate": "60"}, headers=headers
        ) as one:
            assert one.status == 200, await one.text()
            yield _events(one), one.connection
            one.close()


async def _messages(socket: aiohttp.ClientWebSocketResponse) -> AsyncIterator[str]:
    while True:
        yield await socket.receive_str()


async def _events(answer: aiohttp.ClientResponse) -> AsyncIterator[str]:
    while True:
        line = (await answer.content.readline()).decode()
        if line.startswith("data: "):
            yield line[6:]
        assert line, "the server ended the stream"


def differences(reader: Reader, plane: Plane, entities: dict[str, Any]) -> list[str]:
    """In what the reader does not know the server's state. `entities`: all of it, by key."""
    wanted = Filter(**reader.wanted)
    live = {key for key, change in plane.live().items() if matches(wanted, change.view)}
    wrong = [f"lacks {key}" for key in live - reader.known.keys()]
    for key, entity in reader.known.items():
        view = entities.get(key)
        if view is None or not matches(wanted, view):
            wrong.append(f"keeps {key}")
        elif msgspec.json.decode(view_bytes(view, everything=False)) != _lasting(entity):
            wrong.append(f"differs {key}")
    return wrong


def _lasting(entity: dict[str, Any]) -> dict[str, Any]:
    # `revised` is said once, in the change that corrects an outcome.
    return {name: value for name, value in entity.items() if name != "revised"}


async def storm(store: Store, *, breaks: int, count: int, seed: int) -> tuple[list[str], int]:
    """What is wrong in the end (nothing, one hopes), and how many frames came."""
    chance = random.Random(seed)
    over = asyncio.Event()
    async with (
        Plane(store, settings=PlaneSettings(discover=False)) as plane,
        serve(plane, Settings(port=0, bind=["127.0.0.1"])) as serving,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
        asyncio.TaskGroup() as tasks,
    ):
        blowing = tasks.create_task(Storm(plane, chance).blow(over))
        readers = [
            Reader(session, serving.url, random.Random(chance.random())) for _ in range(count)
        ]
        living = [tasks.create_task(one.live(breaks // count)) for one in readers]
        for one in readers:
            await one.stays.wait()
        over.set()
        await blowing
        wrong = await _settled(readers, plane)
        for task in living:
            task.cancel()
    return wrong, sum(one.frames for one in readers)


async def _settled(readers: list[Reader], plane: Plane) -> list[str]:
    wrong: list[str] = []
    for _ in range(int(LONGEST / LOOK)):
        keys = {key for one in readers for key in one.known} | plane.live().keys()
        entities = {key: await plane.read("get", key) for key in keys}
        wrong = [
            f"reader {number} {what}"
            for number, one in enumerate(readers)
            for what in differences(one, plane, entities)
        ]
        if not wrong:
            return []
        await asyncio.sleep(LOOK)
    return wrong


def main(breaks: int = 10_000, count: int = 50, seed: int = 1) -> None:
    """Run it over both stores, and print what was wrong."""
    with TemporaryDirectory() as directory:
        stores: tuple[Store, ...] = (
            MemoryStore(),
            SqliteStore.open(Path(directory) / "headway.db"),
        )
        for store in stores:
            began = time.perf_counter()
            work = storm(store, breaks=breaks // len(stores), count=count, seed=seed)
            wrong, frames = asyncio.run(work)
            name, seconds = type(store).__name__, time.perf_counter() - began
            print(
                f"{name}: {breaks // len(stores)} breaks of {count} readers, {frames} frames, "
                f"{seconds:.0f} s: {len(wrong)} differences   bar 0"
            )
            print(*wrong[:20], sep="\n", end="\n" if wrong else "")


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:]))

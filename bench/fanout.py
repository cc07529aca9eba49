"""One change to many readers: CPU a delivery, deliveries a second, and how old they come.

    python -m bench.fanout [rounds]

A delivery is one change that reaches one reader. Four servers take turns, each with the
same readers (a process of their own) and payloads of the same size:

    tcp         asyncio alone: `transport.write` of ready bytes to each reader
    headway     all of it: token, filter, cursor, bounded buffers; encoding included
    aiohttp     `send_str` to each reader, compression off
    websockets  `broadcast`, compression off

"singly": one change a round. "joined": 20 a round; what can join them in one write does
(tcp and headway), the others send 20 frames. CPU is that of the server's process.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import aiohttp.web
from bench.ratio import line
from bench.readers import Readers, many_files, readers, stamp
from websockets.asyncio.server import ServerConnection, broadcast
from websockets.asyncio.server import serve as websockets_serve

from headway.model.views import WorkerView
from headway.plane.plane import Plane
from headway.plane.settings import Settings as PlaneSettings
from headway.server.serve import serve
from headway.server.settings import Limits, Settings
from headway.store.contract import Change
from headway.store.memory import MemoryStore
from headway.talk.messages import MAX_RATE

PAUSE = 1.5 / MAX_RATE  # seconds between rounds: each finds its readers caught up
WAYS = (1, 20)  # changes in a round: singly, joined
SIZES = (200, 1_000)  # readers
TURNS = 3
Tell = Callable[[int], None]


class Found(NamedTuple):
    """Of one server at one size: µs of CPU a delivery, and ages in ms."""

    cpu: float
    p50: float
    p99: float


class Told:
    """Makes the changes: views of workers, of some 650 bytes, each with a stamp.

    Those of jobs would have the plane estimate and store, which is not fan-out.
    """

    def __init__(self) -> None:
        self.offset = 0

    def change(self, number: int) -> Change:
        self.offset += 1
        key = f"comfy~gpu{number}"
        title = f"{stamp()} {self.offset} {'.' * 500}"
        view = WorkerView(key=key, source="comfy", title=title, updated_at=1795298194.25)
        return Change(self.offset, key, view)

    def text(self, number: int) -> str:
        return f"{stamp()} {number} {'.' * 560}"


@asynccontextmanager
async def headway(crowd: Readers, count: int) -> AsyncIterator[Tell]:
    many = count + 9
    limits = Limits(connections=many, peer_connections=many, streams=many, peer_streams=many)
    settings = Settings(port=0, bind=["127.0.0.1"], limits=limits)
    async with (
        Plane(MemoryStore(), settings=PlaneSettings(discover=False)) as plane,
        serve(plane, settings) as serving,
    ):
        hello = {"max_rate": MAX_RATE, "filter": {"source": "comfy"}, "topics": ["jobs", "workers"]}
        port = serving.addresses[0].port
        before = (await crowd.ask("count"))["bytes"]
        await crowd.connect(port, count, path="/ws", token=serving.token, hello=hello)
        await crowd.until(before + count * 100)
        told = Told()

        def tell(changes: int) -> None:
            plane.hub.publish([told.change(n) for n in range(changes)])

        yield tell


@asynccontextmanager
async def tcp(crowd: Readers, count: int) -> AsyncIterator[Tell]:
    known: list[asyncio.Transport] = []

    class Held(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            known.append(transport)

    server = await asyncio.get_running_loop().create_server(Held, "127.0.0.1", 0)
    await crowd.connect(server.sockets[0].getsockname()[1], count)
    await _grown(known, count)
    told = Told()

    def tell(changes: int) -> None:
        data = b"".join(told.text(n).encode() for n in range(changes))
        for transport in known:
            transport.write(data)

    yield tell
    server.close()
    for transport in known:
        transport.abort()


@asynccontextmanager
async def by_aiohttp(crowd: Readers, count: int) -> AsyncIterator[Tell]:
    known: list[aiohttp.web.WebSocketResponse] = []

    async def socket(request: aiohttp.web.Request) -> aiohttp.web.WebSocketResponse:
        one = aiohttp.web.WebSocketResponse(compress=False)
        await one.prepare(request)
        known.append(one)
        async for _ in one:
            pass
        return one

    app = aiohttp.web.Application()
    app.router.add_get("/ws", socket)
    runner = aiohttp.web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
    await crowd.connect(runner.addresses[0][1], count, path="/ws")
    await _grown(known, count)
    told, tasks = Told(), set()

    async def all_of(texts: list[str]) -> None:
        for text in texts:
            for one in known:
                await one.send_str(text)

    def tell(changes: int) -> None:
        task = asyncio.ensure_future(all_of([told.text(n) for n in range(changes)]))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    yield tell
    await runner.cleanup()


@asynccontextmanager
async def by_websockets(crowd: Readers, count: int) -> AsyncIterator[Tell]:
    known: list[ServerConnection] = []

    async def socket(one: ServerConnection) -> None:
        known.append(one)
        await one.wait_closed()

    async with websockets_serve(
        socket, "127.0.0.1", 0, compression=None, ping_interval=None, close_timeout=0.1
    ) as server:
        await crowd.connect(next(iter(server.sockets)).getsockname()[1], count, path="/ws")
        await _grown(known, count)
        told = Told()

        def tell(changes: int) -> None:
            for n in range(changes):
                broadcast(known, told.text(n))

        yield tell
        for one in known:
            one.transport.abort()


SERVERS = {"tcp": tcp, "headway": headway, "aiohttp": by_aiohttp, "websockets": by_websockets}


async def measured(name: str, count: int, rounds: int) -> list[Found]:
    """One server with so many readers: singly, then joined."""
    async with readers() as crowd, SERVERS[name](crowd, count) as tell:
        return [await _measured(crowd, tell, changes * count, changes, rounds) for changes in WAYS]


async def _measured(
    crowd: Readers, tell: Tell, deliveries: int, changes: int, rounds: int
) -> Found:
    for _ in range(5):
        await _round(tell, changes)
    await crowd.ages()
    cpu = time.process_time()
    for _ in range(rounds):
        await _round(tell, changes)
    spent = time.process_time() - cpu
    await asyncio.sleep(0.2)
    p50, p99, _ = await crowd.ages()
    return Found(1e6 * spent / (rounds * deliveries), p50, p99)


async def _round(tell: Tell, changes: int) -> None:
    tell(changes)
    await asyncio.sleep(PAUSE)


async def _grown(known: Sequence[object], count: int) -> None:
    for _ in range(1_000):
        if len(known) >= count:
            return
        await asyncio.sleep(0.01)
    raise TimeoutError(f"{len(known)} of {count} came")


def best(found: list[Found]) -> Found:
    """Of each figure the least: what others do on the machine only ever adds."""
    return Found(*(min(column) for column in zip(*found, strict=True)))


async def main(rounds: int) -> None:
    """Print the figures."""
    for count in SIZES:
        turns: dict[str, list[list[Found]]] = {name: [] for name in SERVERS}
        for _ in range(TURNS):
            for name in SERVERS:
                turns[name].append(await measured(name, count, rounds))
        for place, what in enumerate(("singly", "joined")):
            figures = {name: best([one[place] for one in found]) for name, found in turns.items()}
            _print(count, what, figures)


def _print(count: int, what: str, figures: dict[str, Found]) -> None:
    for name, one in figures.items():
        print(
            f"{count:5} {what} {name:<11} {one.cpu:7.3f} µs CPU a delivery "
            f"{1 / one.cpu:6.2f} M/s   p50 {one.p50:6.2f} ms  p99 {one.p99:6.2f} ms"
        )
    if what == "singly":
        ratio = figures["headway"].cpu / figures["tcp"].cpu
        line(f"{count} readers singly, headway beside tcp alone", ratio, "1.3")
    else:
        line(f"{count} readers joined, M deliveries/s", 1 / figures["headway"].cpu, "1.0")


if __name__ == "__main__":
    many_files()
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))

"""From a source's event to a client's frame, on an idle plane: p50 and p99.

    python bench/frame_latency.py [samples]

A source reports a level, then an edge (which is on disk before it is shown); a client
with the usual subprotocol reads over a real socket on loopback. Client and server share
one event loop, so the figures hold both sides' work. A bare echo over the same kind of
socket is measured beside them: the floor of this machine.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import quantiles

import aiohttp
import msgspec

from headway.model.events import AnyEvent, Progress, Queued, Started
from headway.model.keys import JobKey
from headway.plane.plane import Plane
from headway.server.serve import serve
from headway.server.settings import Settings
from headway.store.contract import Store
from headway.store.memory import MemoryStore
from headway.store.sqlite import SqliteStore

QUIET = (
    0.06  # seconds between two events: longer than the two rounds (news, estimate) at max_rate 60
)

Report = Callable[[AnyEvent], Awaitable[None]]


async def main(samples: int) -> None:
    """Measure each store, print one line each."""
    with tempfile.TemporaryDirectory() as directory:
        path = str(Path(directory) / "headway.db")
        stores: list[tuple[str, Callable[[], Store]]] = [
            ("memory", MemoryStore),
            ("sqlite", lambda: SqliteStore.open(path)),
        ]
        for name, make in stores:
            await _measure(name, make(), samples)


async def _measure(name: str, store: Store, samples: int) -> None:
    async with (
        Plane(store) as plane,
        serve(plane, Settings(port=0)) as serving,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{serving.url}/ws", protocols=["headway.v1"]) as socket,
    ):
        hello = {"type": "hello", "data": {"max_rate": 60}}
        await socket.send_str(msgspec.json.encode(hello).decode())
        await socket.receive_str()
        await socket.receive_str()
        key = JobKey("comfy", "job").text
        await plane.report([Started(key=key, at=time.time())])
        await socket.receive_str()
        echo = [await _echo(socket) for _ in range(samples)]
        levels = [await _one(plane, socket, *_level(key, n)) for n in range(samples)]
        edges = [await _one(plane, socket, *_edge(n)) for n in range(samples)]
    for what, times in (("ping", echo), ("level", levels), ("edge", edges)):
        _print(f"{name} {what}", times)


async def _echo(socket: aiohttp.ClientWebSocketResponse) -> float:
    await asyncio.sleep(QUIET)
    began = time.perf_counter()
    await socket.send_str('{"type":"ping"}')
    await socket.receive_str()
    return time.perf_counter() - began


async def _one(
    plane: Plane, socket: aiohttp.ClientWebSocketResponse, event: AnyEvent, mark: str
) -> float:
    await asyncio.sleep(QUIET)
    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(plane.report([event]))
        while mark not in await socket.receive_str():
            pass  # Headway's own estimates are news too
        heard = time.perf_counter()
    return heard - began


def _level(key: str, n: int) -> tuple[AnyEvent, str]:
    return Progress(key=key, at=time.time(), done=n + 0.5, total=1e6), f'"done":{n}.5'


def _edge(n: int) -> tuple[AnyEvent, str]:
    key = JobKey("comfy", f"edge-{n}").text
    return Queued(key=key, at=time.time()), f'"{key}"'


def _print(name: str, times: list[float]) -> None:
    cuts = quantiles([1_000.0 * one for one in times], n=100)
    print(f"{name:<14} p50 {cuts[49]:6.2f} ms   p99 {cuts[98]:6.2f} ms   n {len(times)}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300))

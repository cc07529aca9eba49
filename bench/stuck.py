"""Fifty sockets that never read, beside one that does.

    python -m bench.stuck [sockets]

News flow at 20 rounds a second. Told are the delay of the one that reads, how much the
server grows, and when the fifty are closed (`slow_seconds`, 30 unless set).
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable

from bench.fanout import Told
from bench.ratio import line
from bench.readers import Readers, many_files, readers

from headway.plane.plane import Plane
from headway.plane.settings import Settings as PlaneSettings
from headway.server.serve import Serving, serve
from headway.server.settings import Settings
from headway.store.memory import MemoryStore

ROUND = 0.05  # seconds
CHANGES = 50  # in a round, of some 650 bytes each
LONGEST = 60.0  # seconds
MB = 1_000_000


def resident() -> int:
    """Bytes of this process in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4_096


async def main(count: int) -> None:
    """Run it, and print the figures."""
    async with (
        Plane(MemoryStore(), settings=PlaneSettings(discover=False)) as plane,
        serve(plane, Settings(port=0, bind=["127.0.0.1"])) as serving,
        readers() as crowd,
    ):
        told = Told()

        def tell() -> None:
            plane.hub.publish([told.change(n) for n in range(CHANGES)])

        port, hello = serving.addresses[0].port, {"max_rate": 60}
        await crowd.connect(port, 1, path="/ws", token=serving.token, hello=hello)
        await _for(5.0, tell)
        before, alone = resident(), await crowd.ages()
        more = {"path": "/ws", "token": serving.token, "hello": hello, "read": False}
        await crowd.connect(port, count, buffer=65_536, **more)
        began = time.monotonic()
        await asyncio.sleep(0.2)
        await crowd.ages()  # who opened them could not read meanwhile
        peak, closed = await _until_closed(serving, crowd, tell, began)
        p50, p99, _ = await crowd.ages()
    print(f"alone: p50 {alone[0]:.1f} ms, p99 {alone[1]:.1f} ms; beside {count}: p50 {p50:.1f} ms")
    line("p99 of the one that reads, ms", p99, "100")
    line("growth of the server, MB", (peak - before) / MB, "20")
    line(f"the {count} are closed after, s", closed, "30, and at most 6 more")


async def _until_closed(
    serving: Serving, crowd: Readers, tell: Callable[[], None], began: float
) -> tuple[int, float]:
    peak = 0
    while time.monotonic() - began < LONGEST:
        await _for(0.25, tell)
        peak = max(peak, resident())
        if len(serving.door.streams) == 1:
            break
    return peak, time.monotonic() - began


async def _for(seconds: float, tell: Callable[[], None]) -> None:
    for _ in range(int(seconds / ROUND)):
        tell()
        await asyncio.sleep(ROUND)


if __name__ == "__main__":
    many_files()
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50))

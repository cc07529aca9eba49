"""What an idle connection costs, and whether 5,000 of them are held.

    python -m bench.idle [connections]

Three servers, each in a process of its own: asyncio alone, aiohttp's WebSocket, and
Headway with a reader that said hello, has a filter and is told what changes. In the end
one change goes to all that Headway holds.
"""

from __future__ import annotations

import asyncio
import gc
import sys

from bench.fanout import SERVERS, Told
from bench.ratio import line
from bench.readers import many_files, readers
from bench.stuck import resident

NAMES = ("tcp", "aiohttp", "headway")
FIRST = 200  # connections that warm it up: they are not counted
KB = 1_000


async def one(name: str, count: int) -> None:
    """Print how many bytes a connection takes; the process ends after it."""
    async with readers() as crowd, SERVERS[name](crowd, FIRST) as tell:
        tell(1)
        await asyncio.sleep(0.5)
        gc.collect()
        before = resident()
        async with SERVERS[name](crowd, count) as tell_all:
            await asyncio.sleep(0.5)
            gc.collect()
            each = (resident() - before) / count
            heard = (await crowd.ask("count"))["bytes"]
            tell_all(1)
            await crowd.until(heard + count * len(Told().text(0)))
            _, oldest, _ = await crowd.ages()
            print(f"{each} {oldest}", flush=True)


async def main(count: int) -> None:
    """Run each in a process of its own, and print the figures."""
    each: dict[str, float] = {}
    for name in NAMES:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.idle", str(count), name),
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        size, oldest = map(float, out.split())
        each[name] = size
        print(
            f"{name:<8} {count} held: {size / KB:6.1f} KB each; one change to all: {oldest:.0f} ms"
        )
    line("over aiohttp's bare WebSocket, KB", (each["headway"] - each["aiohttp"]) / KB, "16")
    line("over bare TCP, KB", (each["headway"] - each["tcp"]) / KB, "-")


if __name__ == "__main__":
    many_files()
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    asyncio.run(one(sys.argv[2], number) if len(sys.argv) > 2 else main(number))

"""From a change in one process to another process that sees it.

    python -m bench.progress_latency

A program advances a job at moments that no clock here knows and writes down when; the bench
listens to a server's stream, or reads the store as `headway watch` does without one, and
takes the time until it sees that count. Both use the same machine's clock.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import aclosing
from pathlib import Path

from bench.ratio import line

SAMPLES = 60
SOURCE = Path(__file__).parent.parent / "src"
PROGRAM = """
import random, sys, time
from headway.progress import flush, job
one = job("bench", total=float(sys.argv[1]))
flush(30.0)
time.sleep(1.5)  # until the other side listens
said = []
for n in range(int(sys.argv[1])):
    time.sleep(0.15 + random.random() * 0.2)
    one.advance()
    said.append(time.time())
time.sleep(1.0)
one.close()
print(*said)
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HEADWAY_STATE_DIR"] = folder
        tell("without a server, ms", asyncio.run(measured(alone)), "<= 500")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HEADWAY_STATE_DIR"] = folder
        server = subprocess.Popen(
            [sys.executable, "-m", "headway", "serve", "--port", "0"],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_for(Path(folder) / "server.run")
            tell("with a server, ms", asyncio.run(measured(served)), "<= 100")
        finally:
            server.terminate()
            server.wait()


def tell(what: str, took: list[float], bar: str) -> None:
    ordered = sorted(took)
    line(f"{what} (median of {len(took)})", statistics.median(ordered) * 1e3, bar)
    line(f"{what} (95 %)", ordered[int(len(ordered) * 0.95)] * 1e3, "-")


async def measured(watch: object) -> list[float]:
    """Seconds from each advance to its being seen."""
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(SAMPLES), stdout=asyncio.subprocess.PIPE
    )
    seen = asyncio.ensure_future(watch())  # type: ignore[operator]
    said, _ = await program.communicate()
    moments = await seen
    return [moments[n + 1] - float(at) for n, at in enumerate(said.split()) if n + 1 in moments]


async def served() -> dict[int, float]:
    """When each count was first seen on the stream."""
    from headway.client import Client
    from headway.model.views import JobView

    found: dict[int, float] = {}
    async with Client() as client, aclosing(client.changes(topics=["jobs"], max_rate=60.0)) as news:
        async for one in news:
            for view in one.entities:
                if isinstance(view, JobView):
                    note(found, view)
                    if view.outcome:
                        return found
    return found


async def alone() -> dict[int, float]:
    """When each count was first seen in the store."""
    from headway.cli.programs import Programs

    programs, found = Programs(), dict[int, float]()
    begun = False
    while True:
        await asyncio.to_thread(programs.wait, 2.0)
        views = await asyncio.to_thread(programs.views)
        jobs = [view for view in views if getattr(view, "title", "") == "bench"]
        if begun and not jobs:
            return found
        for view in jobs:
            begun = True
            note(found, view)


def note(found: dict[int, float], view: object) -> None:
    bars = getattr(view, "bars", None)
    if bars:
        found.setdefault(int(bars[0].done), time.time())


def wait_for(path: Path) -> None:
    until = time.monotonic() + 30.0
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.5)


if __name__ == "__main__":
    main()

"""Simulated ComfyUIs in a process of their own, so that their cost is not their watcher's.

    python -m bench.backends [--idle 100] [--busy 10] [--speed 1.0]

Prints one URL a line, the idle ones first, and serves until its input ends. A busy one
always has a job that runs and one that waits, at the given speed.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from bench.processes import environment_of

from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI

WAITING = 1  # jobs in the line of a busy one


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--idle", type=int, default=0)
    asked.add_argument("--busy", type=int, default=0)
    asked.add_argument("--speed", type=float, default=1.0, help="times as fast as life")
    given = asked.parse_args()
    asyncio.run(serve(given.idle, given.busy, given.speed))


async def serve(idle: int, busy: int, speed: float) -> None:
    """Serve so many until the input ends."""
    async with AsyncExitStack() as stack:
        sims = [
            await stack.enter_async_context(SimComfyUI(speed=speed, seed=number))
            for number in range(idle + busy)
        ]
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        work = [tasks.create_task(keep_busy(sim)) for sim in sims[idle:]]
        print(*(sim.url for sim in sims), sep="\n", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        for one in work:
            one.cancel()


async def keep_busy(sim: SimComfyUI) -> None:
    """Submit a picture whenever the line is short, for ever."""
    seed = 0
    while True:
        await sim.until(lambda: len(sim.pending) < WAITING)
        seed += 1
        sim.submit(workflows.text_to_image(seed=seed, steps=20), client_id="a studio")


@contextmanager
def backends(
    state: Path, *, idle: int = 0, busy: int = 0, speed: float = 1.0
) -> Iterator[Backends]:
    """So many simulated ComfyUIs in one process of their own; killed at the end."""
    command = [sys.executable, "-m", "bench.backends"]
    command += ["--idle", str(idle), "--busy", str(busy), "--speed", str(speed)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment_of(state), text=True
    ) as process:
        try:
            assert process.stdout is not None
            urls = [process.stdout.readline().strip() for _ in range(idle + busy)]
            yield Backends(process.pid, urls)
        finally:
            process.kill()


class Backends:
    """Their process and their addresses."""

    def __init__(self, pid: int, urls: list[str]) -> None:
        self.pid = pid
        self.urls = urls

    def settings(self) -> str:
        """The settings file of a server that watches them all."""
        return settings_of(self.urls)


def settings_of(urls: list[str]) -> str:
    """The settings file of a server that watches these."""
    return "".join(f'[sources.c{number}]\nurl = "{url}"\n' for number, url in enumerate(urls))


if __name__ == "__main__":
    main()

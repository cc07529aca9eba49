"""One cell of the fault matrix: a mishap at a moment, on a version, for an owner or none.

Rule 1: a whole plane over a real proxy and a simulated server, in the time of a leaping loop.
Rule 2: a cell is told by its words and its seed, and runs the same again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.whole.judging import Judge, Verdicts
from tests.whole.mishaps import DECEIVING, MISHAPS, MOMENTS, SLOW_HISTORY, Scene

from headway.plane import Plane, Settings
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sim.leap import LeapingLoop
from headway.sim.proxy import FaultProxy
from headway.sources.comfyui import ComfyUI
from headway.sources.comfyui import Settings as ComfyUISettings
from headway.store.memory import MemoryStore

VERSIONS = ("0.3.45", "0.9.2", "0.33.0")
OWNERS = ("stranger", None)
LOOK = 0.25  # seconds between two looks of the judge
CALM = 45.0  # seconds of order at the end, in which everything must be said
LONGEST = 200.0  # seconds until what can end has ended
AT_ONCE = 40  # cells in one loop


@dataclass(frozen=True)
class Cell:
    mishap: str
    moment: str
    version: str = "0.33.0"
    owner: str | None = "stranger"
    seed: int = 0
    logs: bool = True

    def __str__(self) -> str:
        owner = "owned" if self.owner else "unowned"
        logs = "" if self.logs else ", no console"
        return f"{self.mishap} × {self.moment} × {self.version} × {owner}{logs} #{self.seed}"


def run(cells: Sequence[Cell]) -> dict[Cell, Verdicts]:
    """What was found in each; many at once, in one loop."""
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        return runner.run(_all(cells))


async def _all(cells: Sequence[Cell]) -> dict[Cell, Verdicts]:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(cell: Cell) -> Verdicts:
        async with room:
            return await story(cell)

    async with asyncio.TaskGroup() as group:
        tasks = {cell: group.create_task(one(cell)) for cell in cells}
    return {cell: task.result() for cell, task in tasks.items()}


async def story(cell: Cell) -> Verdicts:
    """Live through one cell."""
    rng = random.Random(str(cell))
    clock = asyncio.get_running_loop().wall  # type: ignore[attr-defined]
    async with (
        SimComfyUI(version=cell.version, clock=clock, seed=rng.randrange(2**32)) as sim,
        FaultProxy(sim.port) as proxy,
    ):
        settings = ComfyUISettings(name="comfy", url=proxy.url, logs=cell.logs)
        source = ComfyUI(settings, clock=clock)
        plane = Plane(
            MemoryStore(), sources=[source], settings=Settings(discover=False), clock=clock
        )
        judge = Judge(sim, "comfy")
        async with plane, _judging(plane, judge, clock):
            await asyncio.sleep(rng.uniform(0.0, 3.0))
            scene = Scene(sim, proxy, rng, _submit(sim, cell))
            await sim.until(lambda: MOMENTS[cell.moment](sim, scene.mine))
            await scene.some(0.0, 0.9 if cell.moment in ("sampling", "after") else 0.1)
            judge.healed_at = None
            await (MISHAPS | DECEIVING)[cell.mishap](scene)
            judge.healed_at = clock()
            await _quiet(sim)
        judge.close()
    return judge.found


def _submit(sim: SimComfyUI, cell: Cell) -> str:
    sim.slow_history(SLOW_HISTORY if cell.moment == "saving" else 0.0)
    sim.submit(workflows.ticking(ticks=12), client_id="before")
    mine = sim.submit(workflows.text_to_image(steps=8), client_id=cell.owner)
    if cell.seed % 2:
        sim.submit(workflows.text_to_image(seed=9), client_id="behind")
    return mine


async def _quiet(sim: SimComfyUI) -> None:
    try:
        async with asyncio.timeout(LONGEST):
            await sim.until(lambda: not sim.is_working or not (sim.pending or sim.running))
    except TimeoutError:
        raise AssertionError("the simulated server never came to rest") from None
    await asyncio.sleep(CALM)


@asynccontextmanager
async def _judging(plane: Plane, judge: Judge, clock: object) -> AsyncIterator[None]:
    mailbox = plane.hub.subscribe()

    async def hear() -> None:
        while True:
            await mailbox.wait()
            changes, _ = mailbox.take()
            judge.hear(changes, plane.clock())

    async def look() -> None:
        while True:
            await asyncio.sleep(LOOK)
            judge.look(plane.clock())

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(hear()), group.create_task(look())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()

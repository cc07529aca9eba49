"""A SwarmUI, the ComfyUI behind it, and all of Headway beside them: nothing counts twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from headway.actions.contract import Work
from headway.actions.swarmui import Settings as ActorSettings
from headway.actions.swarmui import SwarmUI
from headway.cli.finding import Discovery
from headway.cli.watching import Watching
from headway.config import SourceSettings
from headway.host.sessions import Sessions
from headway.model.views import JobView
from headway.plane import Plane, Settings
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sim.swarmui import SimSwarmUI
from headway.sim.swarmui.behind import SWARM_NODES
from headway.sources.discovery import Candidate
from headway.store.sqlite import SqliteStore
from headway.talk.status import status_of

LONGEST = 30.0  # seconds that anything here may take
STEPS = 10_000  # more than anybody waits for


class Town:
    """What a test needs of it all."""

    def __init__(self, comfy: SimComfyUI, swarm: SimSwarmUI, plane: Plane, state: Path) -> None:
        self.comfy, self.swarm, self.plane = comfy, swarm, plane
        self.discover: Discovery
        self._sessions = Sessions(str(state))

    @property
    def status(self) -> dict[str, Any]:
        views = [change.view for change in self.plane.live().values()]
        return status_of(views, now=self.plane.clock(), version="0")

    async def until(self, **wanted: Any) -> None:
        """Return once the status says so."""

        async def holds() -> bool:
            found = self.status
            return all(found[name] == value for name, value in wanted.items())

        assert await self.plane.wait(holds, within=LONGEST), self.status

    def jobs(self, source: str) -> list[JobView]:
        live = [change.view for change in self.plane.live().values()]
        return [one for one in live if isinstance(one, JobView) and one.source == source]

    async def generate(self, work_id: str) -> None:
        """Submit an image as ours, and report it until cancelled."""
        settings = ActorSettings(name="swarm", url=self.swarm.url)
        work = Work(id=work_id, body={"images": 1, "prompt": "a cat", "steps": STEPS})
        async with SwarmUI(settings, sessions=self._sessions).submit(work) as handle:
            async for events in handle.events():
                await self.plane.report(events)

    async def runs_as(self, outer: str, *, source: str = "comfy") -> JobView:
        """The ComfyUI's job that does the work of `outer`."""

        async def holds() -> bool:
            return any(one.meta.get("runs_as") == outer for one in self.jobs(source))

        assert await self.plane.wait(holds, within=LONGEST), self.jobs(source)
        return next(one for one in self.jobs(source) if one.meta.get("runs_as") == outer)


@asynccontextmanager
async def town(state: Path, *, named: bool = True) -> AsyncIterator[Town]:
    """Everything; the ComfyUI is configured too, or only found through the SwarmUI."""
    async with (
        SimComfyUI(nodes=SWARM_NODES) as comfy,
        SimSwarmUI(speed=1000, comfy=comfy.url) as swarm,
    ):
        watching = Watching(str(state))
        given = {"swarm": SourceSettings(url=swarm.url, kind="swarmui", poll=0.1)}
        both = {**given, "comfy": SourceSettings(url=comfy.url, poll=0.1)}
        nowhere: list[Candidate] = []
        plane = Plane(
            SqliteStore.open(state / "headway.db"),
            sources=watching.named(both if named else given),
            settings=Settings(discover=False),
        )
        watching.live = plane.live
        async with plane:
            here = Town(comfy, swarm, plane, state)
            here.discover = Discovery(usual=nowhere, watching=watching)
            await here.until(generations_running=0, status="online")
            yield here


async def test_a_generation_of_somebody_else_counts_once_and_a_prompt_past_it_beside_it(
    tmp_path: Path,
) -> None:
    async with town(tmp_path) as here:
        here.swarm.begin(steps=STEPS)
        inner = await here.runs_as("swarm")
        await here.until(generations_running=1)

        here.comfy.submit(workflows.text_to_image(steps=STEPS))
        await here.until(generations_running=2)

    assert inner.source == "comfy"
    assert [one["server"] for one in here.status["active_generations"]] == ["comfy"]


async def test_a_generation_of_ours_is_a_job_with_exact_steps_and_its_prompt_runs_as_it(
    tmp_path: Path,
) -> None:
    async with town(tmp_path) as here:
        submitting = asyncio.ensure_future(here.generate("w"))
        await here.runs_as("swarm~w-0~")
        await here.until(generations_running=1)

        async def sampling() -> bool:
            return any(one.bars and one.bars[0].total == STEPS for one in here.jobs("swarm"))

        assert await here.plane.wait(sampling, within=LONGEST)
        (ours,) = here.jobs("swarm")
        listed = here.status["active_generations"]
        submitting.cancel()
        await asyncio.wait([submitting])

    assert (ours.phase, ours.bars[0].basis) == ("running", "reported")
    assert [one["job"] for one in listed] == ["swarm~w-0~"]


async def test_the_comfyui_behind_it_is_found_and_watched(tmp_path: Path) -> None:
    async with town(tmp_path, named=False) as here:
        swarm = here.plane.source("swarm")
        assert swarm is not None

        (found,), _ = await here.discover([swarm])
        here.plane.watch(found)
        here.swarm.begin(steps=STEPS)
        await here.runs_as("swarm", source="swarm-0")
        again, _ = await here.discover([swarm, found])

    assert (found.name, found.kind) == ("swarm-0", "comfyui")
    assert again == []

"""A simulated ComfyUI, and all of Headway beside it: source, plane, store, door, client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from headway.client import Client
from headway.model.views import JobView
from headway.plane import Plane, Settings
from headway.server.serve import Serving, serve
from headway.server.settings import Settings as DoorSettings
from headway.sim.comfyui import SimComfyUI
from headway.sources.comfyui import ComfyUI
from headway.sources.comfyui import Settings as ComfyUISettings
from headway.store.sqlite import SqliteStore

LONGEST = 30.0  # seconds that anything here may take


class Town:
    """What a test needs of it all."""

    def __init__(self, sim: SimComfyUI, plane: Plane, serving: Serving, client: Client) -> None:
        self.sim = sim
        self.plane = plane
        self.serving = serving
        self.client = client

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Return once it holds; asked again after every change."""
        assert await self.plane.wait(holds, within=LONGEST)

    async def job(self, native: str) -> JobView | None:
        """The newest job of that native id, as the store has it."""
        keys = await self.plane.read("resolve", native)
        return await self.plane.read("get", keys[-1]) if keys else None

    async def ended(self, native: str) -> JobView:
        """The job, once it has an outcome."""

        async def over() -> bool:
            job = await self.job(native)
            return job is not None and job.outcome is not None

        await self.until(over)
        job = await self.job(native)
        assert job is not None
        return job

    async def answer(self, path: str, *, mine: bool = True) -> tuple[int, bytes]:
        """What the door answers to a GET."""
        headers = {"Authorization": f"Bearer {self.serving.token}"} if mine else {}
        async with (
            asyncio.timeout(LONGEST),
            aiohttp.ClientSession(headers=headers) as session,
            session.get(self.serving.url + path) as answer,
        ):
            return answer.status, await answer.read()


@asynccontextmanager
async def town(state: Path, **simulated: Any) -> AsyncIterator[Town]:
    """Everything, with its state in that directory."""
    async with SimComfyUI(**simulated) as sim:
        source = ComfyUI(ComfyUISettings(name="comfy", url=sim.url))
        store = SqliteStore.open(state / "headway.db")
        plane = Plane(store, sources=[source], settings=Settings(discover=False))
        door = DoorSettings(port=0, bind=["127.0.0.1"])
        async with (
            plane,
            serve(plane, door, run_file=str(state / "server.run")) as serving,
            Client(serving.url, serving.token) as client,
        ):
            here = Town(sim, plane, serving, client)
            await here.until(lambda: _seen(plane))
            yield here


async def _seen(plane: Plane) -> bool:
    change = plane.live().get("comfy")
    return change is not None and change.view.seen is True

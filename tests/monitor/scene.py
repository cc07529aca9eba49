"""A simulated ComfyUI, a monitor beside it, and ears for what it says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from headway.monitor import ProgressUpdate, StatusMonitor
from headway.plane import Plane
from headway.plane import Settings as PlaneSettings
from headway.server.serve import Serving, serve
from headway.server.settings import Settings as DoorSettings
from headway.sim.comfyui import SimComfyUI
from headway.sources.comfyui import ComfyUI
from headway.sources.comfyui import Settings as ComfyUISettings
from headway.store.memory import MemoryStore

LONGEST = 30.0  # seconds that anything here may take


class Ears:
    """A callback that remembers, and wakes who waits."""

    def __init__(self) -> None:
        self.heard: list[ProgressUpdate] = []
        self._news = asyncio.Event()

    def __call__(self, update: ProgressUpdate) -> None:
        self.heard.append(update)
        self._news.set()

    async def until(self, enough: Callable[[ProgressUpdate], bool]) -> ProgressUpdate:
        """The first update that is enough."""
        async with asyncio.timeout(LONGEST):
            while not (found := [one for one in self.heard if enough(one)]):
                self._news.clear()
                await self._news.wait()
        return found[0]

    async def end(self, job_id: int | str = 123) -> ProgressUpdate:
        """The end of that job."""
        over = ("completed", "failed", "cancelled", "timeout")
        return await self.until(lambda one: one.job_id == job_id and one.status in over)


@asynccontextmanager
async def monitoring(
    sim: SimComfyUI, path: Path, **more: Any
) -> AsyncIterator[tuple[StatusMonitor, Ears]]:
    """A monitor with a server of its own, and its ears."""
    given: dict[str, Any] = {"poll_interval": 0.2, "websocket_port": 0, "comfyui_url": sim.url}
    ears = Ears()
    monitor = StatusMonitor(**given | {"database": path / "own.db"} | more)
    monitor.add_progress_callback(ears)
    async with monitor:
        yield monitor, ears


@asynccontextmanager
async def server(
    sim: SimComfyUI, run_file: Path, *, port: int = 0, store: MemoryStore | None = None
) -> AsyncIterator[Serving]:
    """A Headway server that is not the monitor's."""
    source = ComfyUI(ComfyUISettings(name="comfy", url=sim.url, poll=0.2))
    plane = Plane(store or MemoryStore(), sources=[source], settings=PlaneSettings(discover=False))
    door = DoorSettings(port=port, bind=["127.0.0.1"])
    async with plane, serve(plane, door, run_file=str(run_file)) as serving:
        yield serving


@asynccontextmanager
async def page(url: str) -> AsyncIterator[Callable[[str], Awaitable[Any]]]:
    """A plain WebSocket client; gives what waits for the next frame of a type."""
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:

        async def hear(kind: str) -> Any:
            async with asyncio.timeout(LONGEST):
                while True:
                    frame = msgspec.json.decode(await socket.receive_str())
                    if frame["type"] == kind:
                        return frame["data"]

        yield hear


async def holds(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return once it holds. Asked again and again, for what nobody announces."""
    async with asyncio.timeout(LONGEST):
        while not await condition():  # noqa: ASYNC110 - nothing would wake us
            await asyncio.sleep(0.02)

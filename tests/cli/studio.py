"""A simulated ComfyUI in a thread of its own, for commands that run their own loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI

PATIENCE = 30.0  # seconds


class Studio:
    """The back end, and a way to ask it from another thread."""

    def __init__(self, comfy: SimComfyUI, loop: asyncio.AbstractEventLoop) -> None:
        self.comfy = comfy
        self.url = comfy.url
        self._loop = loop

    def submit(self, **more: Any) -> str:
        """Somebody else's submission."""
        graph = workflows.text_to_image(**more)
        return str(self._call(lambda: self.comfy.submit(graph, client_id="somebody")))

    def wait(self, condition: Callable[[SimComfyUI], object]) -> None:
        """Until that is true of the back end."""
        work = self.comfy.until(lambda: condition(self.comfy))
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def _call(self, work: Callable[[], Any]) -> Any:
        async def called() -> Any:
            return work()

        return asyncio.run_coroutine_threadsafe(called(), self._loop).result(PATIENCE)


@contextmanager
def studio(**settings: Any) -> Iterator[Studio]:
    """One that runs until the block is left."""
    loop = asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()
    found: list[SimComfyUI] = []

    async def live() -> None:
        async with SimComfyUI(**settings) as comfy:
            found.append(comfy)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),))
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield Studio(found[0], loop)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)
        loop.close()

"""A source over real sockets, and the state that its events make.

Rule 1: nobody sleeps: a test waits for a condition, and gives up after `PATIENCE`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

from headway.errors import SourceLost
from headway.fold.folding import fold
from headway.fold.views import view
from headway.model.entities import AnyEntity
from headway.model.events import AnyEvent
from headway.model.views import JobView, SourceView
from headway.sources.comfyui import ComfyUI, Settings

PATIENCE = 20.0  # seconds

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(AnyEvent).decode


class Watch:
    """What one source says."""

    def __init__(self, source: ComfyUI) -> None:
        self.source = source
        self.entities: dict[str, AnyEntity] = {}
        self.events: list[AnyEvent] = []
        self.first: list[JobView] | None = None  # the jobs after the first batch
        self.lost: SourceLost | None = None
        self._news = asyncio.Event()

    async def listen(self, batches: AsyncIterator[list[AnyEvent]]) -> None:
        try:
            async for batch in batches:
                for event in batch:
                    again = _decode(_encode(event))
                    self.events.append(again)
                    fold(self.entities, again)
                self.first = self.jobs() if self.first is None else self.first
                self._news.set()
        except SourceLost as lost:
            self.lost = lost
            self._news.set()

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait for the condition on what was said."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def jobs(self) -> list[JobView]:
        return [found for one in self.entities.values() if isinstance(found := view(one), JobView)]

    def job(self, native: str) -> JobView | None:
        return next((job for job in self.jobs() if job.native == native), None)

    def phase(self, native: str) -> str:
        found = self.job(native)
        return found.phase if found else ""

    def itself(self) -> SourceView:
        found = view(self.entities[self.source.name])
        assert isinstance(found, SourceView)
        return found


@asynccontextmanager
async def watching(
    url: str, *, known: Sequence[JobView] = (), source: ComfyUI | None = None, **settings: Any
) -> AsyncIterator[Watch]:
    """A source that is connected and listened to."""
    hands = source or ComfyUI(Settings(name="comfy", url=url, **settings))
    watch = Watch(hands)
    async with hands.connect(list(known), None) as batches, asyncio.TaskGroup() as group:
        task = group.create_task(watch.listen(batches))
        await watch.until(lambda: watch.first is not None)
        try:
            yield watch
        finally:
            task.cancel()


@asynccontextmanager
async def serving(*routes: web.RouteDef) -> AsyncIterator[str]:
    """A server of our own on a free port; its address."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()

"""`headway demo`: everything, beside a ComfyUI that is not one.

Rule 1: an own port and a store that is thrown away: nothing of it is ever mixed with the
real one.
Rule 2: every source and every job says that it is simulated.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from argparse import Namespace
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from headway.cli.output import say
from headway.cli.serve import until_stopped
from headway.host import paths
from headway.model.events import AnyEvent, Registered
from headway.model.views import JobView, SourceView
from headway.plane import Plane
from headway.server.serve import Serving
from headway.server.serve import serve as door
from headway.server.settings import Settings
from headway.sim.comfyui import SimComfyUI
from headway.sim.demo import play
from headway.sources.comfyui import ComfyUI
from headway.sources.comfyui import Settings as ComfyUISettings
from headway.sources.contract import Artefact
from headway.store.sqlite import SqliteStore


def demo(args: Namespace) -> int:
    """Simulate until asked to stop."""
    return asyncio.run(_demo(port=args.port, speed=args.speed))


async def _demo(*, port: int, speed: float) -> int:
    with tempfile.TemporaryDirectory(prefix="headway-demo-", ignore_cleanup_errors=True) as state:
        async with simulated(state, port=port, speed=speed) as serving:
            say("everything here is simulated; nothing of it is kept")
            say(f"from another terminal: {paths.STATE_DIR}={state} headway watch")
            return await until_stopped(serving)


@asynccontextmanager
async def simulated(state: str, *, port: int = 0, speed: float = 1.0) -> AsyncIterator[Serving]:
    """A served plane that watches a simulated ComfyUI, with its state in that directory."""
    async with SimComfyUI(speed=speed) as sim:
        source = Simulated(ComfyUI(ComfyUISettings(name="simulation", url=sim.url)))
        store = SqliteStore.open(paths.store_file(state))
        async with (
            Plane(store, sources=[source]) as plane,
            door(plane, Settings(port=port), run_file=paths.run_file(state)) as serving,
            asyncio.TaskGroup() as tasks,
        ):
            story = play(sim, clock=time.time, sleep=asyncio.sleep, rng=random.Random(0))
            told = tasks.create_task(story)
            yield serving
            told.cancel()


class Simulated:
    """A source whose every entity says that it is simulated."""

    def __init__(self, source: ComfyUI) -> None:
        self._source = source
        self.name = source.name
        self.kind = source.kind

    @asynccontextmanager
    async def connect(
        self, known: Sequence[JobView], source: SourceView | None
    ) -> AsyncIterator[AsyncIterator[list[AnyEvent]]]:
        """Watch it, as the source itself does."""
        async with self._source.connect(known, source) as batches:
            yield _marked(batches)

    async def artefact(
        self,
        place: dict[str, Any],
        *,
        range: str | None = None,  # noqa: A002
    ) -> Artefact:
        """A file that a job names."""
        return await self._source.artefact(place, range=range)


async def _marked(batches: AsyncIterator[list[AnyEvent]]) -> AsyncIterator[list[AnyEvent]]:
    async for events in batches:
        yield [_mark(one) if isinstance(one, Registered) else one for one in events]


def _mark(event: Registered) -> Registered:
    return msgspec.structs.replace(event, meta=event.meta | {"simulated": True})

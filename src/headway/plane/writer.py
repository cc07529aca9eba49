"""The one writer: gathers, commits, tells.

Rule 1: a report returns when its edges are on disk. Levels alone return when folded;
they reach the disk with the next edge or within `flush_after`.
Rule 2: group commit without timers: while one commit runs in the thread, the next
batch gathers. At `GATHERED` events reporters wait; nothing is dropped.
Rule 3: a commit that fails fails its reporters and nobody else; nothing of it was
shown. Whoever reported says it again (a source by its next full report).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from headway.errors import StoreError
from headway.model.events import AnyEvent
from headway.store.contract import Change, Store

log = logging.getLogger(__name__)

GATHERED = 20_000  # events that may wait for the commit under way
BATCH = 2_000  # events in one commit, so that a flood does not delay everybody

T = TypeVar("T")


class Writer:
    """Owns the store's thread. `tell` is called on the loop, in order of offset."""

    def __init__(self, store: Store, tell: Callable[[list[Change]], None]) -> None:
        self.failing: str = ""
        self._store = store
        self._tell = tell
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="headway-store")
        self._waiting: list[tuple[Sequence[AnyEvent], asyncio.Future[None]]] = []
        self._gathered = 0
        self._room = asyncio.Condition()
        self._work = asyncio.Event()
        self._dirty = False

    async def put(self, events: Sequence[AnyEvent]) -> None:
        """Hand over admitted events; returns by Rule 1. Cancelling loses nothing put.

        Raises: StoreError if they could not be stored.
        """
        if not events:
            return
        async with self._room:
            await self._room.wait_for(lambda: self._gathered < GATHERED)
            done = asyncio.get_running_loop().create_future()
            self._waiting.append((events, done))
            self._gathered += len(events)
        self._work.set()
        await asyncio.shield(done)

    async def run(self) -> None:
        """Write what is put, until cancelled."""
        while True:
            await self._work.wait()
            reports = self._next()
            async with self._room:
                self._gathered -= sum(len(events) for events, _ in reports)
                self._room.notify_all()
            await self._commit(reports)

    async def flush(self) -> None:
        """Bring levels to disk. Raises: StoreError; they are then still to be brought."""
        if not self._dirty:
            return
        self._dirty = False
        try:
            await self.call(self._store.flush)
        except StoreError as error:
            self._dirty = True
            self.failing = str(error)
            raise
        self.failing = ""

    async def look_outside(self) -> None:
        """Tell what other processes wrote meanwhile. Raises: StoreError."""
        self._tell(await self.call(self._store.outside))

    async def call(self, method: Callable[..., T], *args: Any, **kw: Any) -> T:
        """Run a store method in the writer's thread, between commits."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: method(*args, **kw))

    def close(self) -> None:
        """Wait for the thread to end."""
        self._thread.shutdown(wait=True)

    def _next(self) -> list[tuple[Sequence[AnyEvent], asyncio.Future[None]]]:
        size, count = 0, 0
        for events, _ in self._waiting:
            if count and size + len(events) > BATCH:
                break
            size, count = size + len(events), count + 1
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        if not self._waiting:
            self._work.clear()
        return taken

    async def _commit(self, reports: list[tuple[Sequence[AnyEvent], asyncio.Future[None]]]) -> None:
        events = [event for some, _ in reports for event in some]
        try:
            changes = await self.call(self._store.append, events)
        except StoreError as error:
            self.failing = str(error)
            _settle(reports, error)
            return
        except Exception as error:  # a task root: one bad batch must not end all writing
            log.exception("store.failed events=%d", len(events))
            self.failing = f"an error of ours: {type(error).__name__}"
            _settle(reports, StoreError(self.failing, "what was reported is not stored"))
            return
        self.failing = ""
        self._dirty = True
        self._tell(changes)
        _settle(reports, None)


def _settle(
    reports: list[tuple[Sequence[AnyEvent], asyncio.Future[None]]], error: StoreError | None
) -> None:
    for _, done in reports:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

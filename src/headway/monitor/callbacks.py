"""A program's callbacks: each with its own task and its own mailbox.

Rule 1: a slow callback delays no other: its news wait, one value a job, the newest.
Rule 2: what a callback raises is logged; it is called again all the same.
Rule 3: a callback that was removed is not called again, also not with what waits.
Rule 4: stopping begins no new call and gives those under way `GRACE` to return.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from headway.monitor.update import ProgressUpdate

log = logging.getLogger(__name__)

GRACE = 5.0  # seconds for a call under way when the monitor stops

Callback = Callable[[ProgressUpdate], Awaitable[None] | None]


class _Line:
    """One callback and what it is still to be told."""

    def __init__(self, callback: Callback) -> None:
        self.callback = callback
        self.waiting: dict[tuple[str, str], ProgressUpdate] = {}
        self.news = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def put(self, update: ProgressUpdate) -> None:
        self.waiting[str(update.job_id), update.comfyui_prompt_id] = update
        self.news.set()


class Callbacks:
    """Those that are told. `run` calls them."""

    def __init__(self) -> None:
        self._lines: list[_Line] = []
        self._changed = asyncio.Event()
        self._stopping = False

    def add(self, callback: Callback) -> None:
        """Tell it from now on; once, however often it is added."""
        if all(line.callback != callback for line in self._lines):
            self._lines.append(_Line(callback))
            self._changed.set()

    def remove(self, callback: Callback) -> bool:
        """Tell it no more; whether it was told before."""
        found = [line for line in self._lines if line.callback == callback]
        self._lines = [line for line in self._lines if line.callback != callback]
        for line in found:
            line.waiting.clear()
            line.news.set()
        return bool(found)

    def tell(self, update: ProgressUpdate) -> None:
        """Put it before each of them."""
        for line in self._lines:
            line.put(update)

    def calls(self, task: asyncio.Task[object] | None) -> bool:
        """Whether that task is one of ours, calling a callback."""
        return task is not None and any(line.task is task for line in self._lines)

    async def run(self, stop: asyncio.Event) -> None:
        """Call them until `stop`; returns once no call is under way, or after `GRACE`."""
        self._stopping, self._changed = False, asyncio.Event()
        for line in self._lines:
            line.task, line.news = None, asyncio.Event()  # an event belongs to one loop
        async with asyncio.TaskGroup() as group:
            ended = group.create_task(stop.wait())
            while not stop.is_set():
                self._changed.clear()
                for line in [line for line in self._lines if line.task is None]:
                    line.task = group.create_task(self._serve(line))
                changed = group.create_task(self._changed.wait())
                await asyncio.wait({ended, changed}, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
            await self._leave([line.task for line in self._lines if line.task is not None])

    async def _leave(self, tasks: list[asyncio.Task[None]]) -> None:
        self._stopping = True
        for line in self._lines:
            line.waiting.clear()
            line.news.set()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=GRACE)
            for task in late:
                log.warning("callback.cancelled after=%.0fs", GRACE)
                task.cancel()

    async def _serve(self, line: _Line) -> None:
        while line in self._lines and not self._stopping:
            if not line.waiting:
                line.news.clear()
                await line.news.wait()
                continue
            await _call(line.callback, line.waiting.pop(next(iter(line.waiting))))
            await asyncio.sleep(0)  # a callback that never waits lets others in


async def _call(callback: Callback, update: ProgressUpdate) -> None:
    try:
        answer = callback(update)
        if answer is not None:
            await answer
    except asyncio.CancelledError:
        # Of something that the callback waited for: no reason for us to end. Of us: go.
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        log.warning("callback.failed callback=%r why=cancelled", callback)
    except Exception:  # a task root: what a program raises harms no other
        log.exception("callback.failed callback=%r", callback)

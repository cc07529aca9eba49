"""StatusMonitor: see the room's docstring for its rules."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypedDict
from urllib.parse import urlsplit

from headway.client import Client
from headway.errors import UsageError
from headway.model.views import JobView
from headway.monitor.callbacks import Callback, Callbacks
from headway.monitor.ends import Ends
from headway.monitor.following import Following, causes
from headway.monitor.hosting import Settings
from headway.monitor.keeping import Keeper
from headway.monitor.roster import Monitored, Roster
from headway.monitor.update import JobId, ProgressStatus, ProgressUpdate, update_of
from headway.talk.frames import GenerationStats
from headway.talk.status import iso
from headway.transport.place import Place

log = logging.getLogger(__name__)

PATIENCE = 5.0  # seconds that get_progress waits for the server's word on a job
SHORTEST_POLL, LONGEST_POLL = 0.1, 60.0  # seconds
LONGEST_WORD = 256  # characters of an id or a type


class QueueStatistics(TypedDict):
    """`running_jobs` and `pending_jobs`: everybody's; None where they cannot be seen."""

    running_jobs: int | None
    pending_jobs: int | None
    monitored_jobs: int
    generation_stats: GenerationStats
    timestamp: str | None


class StatusMonitor:
    """Jobs of a ComfyUI by one's own job numbers. Also an async context manager.

    `poll_interval`: seconds between looks at a busy queue (0.1–60), by a server of our own.
    `websocket_port`: where pages listen, and where a running Headway server is attached to;
    0: a server of our own at any free port.
    `comfyui_url`: which ComfyUI; None: the one that answers on this machine.
    `database`: path of the store; None: the one in the user's state directory.
    """

    def __init__(
        self,
        *,
        poll_interval: float = 2.0,
        websocket_port: int = 8329,
        comfyui_url: str | None = None,
        database: str | os.PathLike[str] | None = None,
    ) -> None:
        self._settings = _settings(poll_interval, websocket_port, comfyui_url, database)
        self._roster = Roster()
        self._ends = Ends()
        self._callbacks = Callbacks()
        self._following: Following | None = None
        self._place: Place | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._stack = ExitStack()
        self._stop: asyncio.Event
        self._ready: asyncio.Future[None]

    async def __aenter__(self) -> Self:
        await self.start_monitoring()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop_monitoring()

    @property
    def websocket_url(self) -> str:
        """Where pages listen, such as "ws://localhost:8329"; "" before it was started."""
        port = urlsplit(self._place.url).port if self._place else None
        return f"ws://localhost:{port}" if port else ""

    @property
    def is_monitoring(self) -> bool:
        """Whether it was started and not stopped."""
        return self._task is not None and not self._task.done() and not self._stop.is_set()

    async def start_monitoring(self) -> None:
        """Return once the server answers: the one at the port, else one of our own.

        Started twice is started once. Raises: ConfigError (the port is held by another
        program, or the store by a server elsewhere), StoreError, Unreachable.
        """
        if not self.is_monitoring:
            await self._ended()
            self._begin()
        await asyncio.shield(self._ready)

    async def stop_monitoring(self) -> None:
        """Begin no new call of a callback, and return once all is closed.

        Callbacks under way get 5 seconds to return. From within a callback it returns at
        once, and all is closed after that callback returned. May be called again.
        """
        if self._task is None:
            return
        self._stop.set()
        if not self._callbacks.calls(asyncio.current_task()):
            await self._ended()

    def monitor_job(self, job_id: JobId, comfyui_prompt_id: str, job_type: str = "unknown") -> bool:
        """Know this prompt by this number from now on; True.

        Before or after it is submitted, before or after start_monitoring, from any
        thread. Again with another prompt: the number means that one.
        Raises: UsageError for ids that are none, and at 10,000 unfinished jobs.
        """
        _check_word("job_id", str(job_id) if isinstance(job_id, int | str) else "")
        _check_word("comfyui_prompt_id", comfyui_prompt_id)
        _check_word("job_type", job_type)
        self._roster.add(Monitored(job_id, comfyui_prompt_id, job_type, at=time.time()))
        self._soon(self._wake)
        return True

    def stop_monitoring_job(self, job_id: JobId) -> bool:
        """No more callbacks for that number; whether it was monitored. The job goes on."""
        return self._roster.drop(job_id)

    async def get_progress(self, job_id: JobId) -> ProgressUpdate | None:
        """The job as it stands; None if no job is known by that number.

        A job whose prompt nobody has heard of is `unknown`. Without a connection to the
        server: as it was last heard of, see `timestamp`.
        """
        one = self._roster.get(job_id)
        if one is not None:
            await self._asked(one)
            return self._update(one)
        view = self._following.recalled.get(str(job_id)) if self._following else None
        return None if view is None else self._shown(job_id, view)

    async def estimate_completion(self, job_id: JobId) -> datetime | None:
        """When it will end, computed from jobs like it; None if that cannot be said."""
        progress = await self.get_progress(job_id)
        return None if progress is None else progress.estimated_completion

    def add_progress_callback(self, callback: Callback) -> None:
        """Call it, or await it, with each ProgressUpdate of a monitored job that has news.

        Called in the event loop, one call at a time. Added twice is added once.
        """
        self._soon(lambda: self._callbacks.add(callback))

    def remove_progress_callback(self, callback: Callback) -> None:
        """Call it no more, also not with what waits for it."""
        self._soon(lambda: self._callbacks.remove(callback))

    async def get_queue_statistics(self) -> QueueStatistics:
        """How many jobs run and wait now, how many we monitor, how it went so far."""
        running, pending = self._following.picture.counts() if self._following else (None, None)
        return {
            "running_jobs": running,
            "pending_jobs": pending,
            "monitored_jobs": len(self._roster.open()),
            "generation_stats": self._ends.statistics(),
            "timestamp": iso(time.time()),
        }

    async def get_statistics(self) -> GenerationStats:
        """How monitored jobs went so far, by job type."""
        return self._ends.statistics()

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        self._loop, self._stop, self._ready = loop, asyncio.Event(), loop.create_future()
        self._task = self._stack.enter_context(_beside(self._run()))

    async def _ended(self) -> None:
        if self._task is not None:
            await asyncio.wait([self._task])
            self._stack.close()

    async def _run(self) -> None:
        keeper = Keeper(self._settings, self._follow, self._ready.done)
        try:
            async with asyncio.TaskGroup() as group:
                keeping = group.create_task(keeper.keep())
                await self._callbacks.run(self._stop)
                keeping.cancel()
        except* Exception as errors:  # a task root: whoever waits for the start is told
            error = next(causes(errors))
            if self._ready.done():
                log.error("monitor.failed why=%s", error, exc_info=error)
            else:
                self._ready.set_exception(error)
        finally:
            self._ready.cancel()  # where nothing was said: stopped before it stood

    async def _follow(self, place: Place) -> None:
        self._place = place
        async with Client(place.url, place.token) as client:
            following = Following(client, self._roster, self._ends, self._tell, clock=time.time)
            self._following = following
            try:
                await following.run(self._stands)
            except BaseExceptionGroup as group:
                raise next(causes(group)) from group
            finally:
                self._following = None

    def _stands(self) -> None:
        if not self._ready.done():
            self._ready.set_result(None)

    def _tell(self, one: Monitored) -> None:
        if one.told is not None and self._roster.has(one):
            self._callbacks.tell(one.told)

    async def _asked(self, one: Monitored) -> None:
        following = self._following
        if following is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE), following.asked:
                await following.asked.wait_for(lambda: one.asked)

    def _update(self, one: Monitored) -> ProgressUpdate:
        if one.view is not None:
            return self._shown(one.job_id, one.view)
        return ProgressUpdate(
            job_id=one.job_id, comfyui_prompt_id=one.prompt, status=ProgressStatus.UNKNOWN
        )

    def _shown(self, job_id: JobId, view: JobView) -> ProgressUpdate:
        seen = self._following is not None and self._following.picture.sees(view)
        return update_of(job_id, view, now=time.time(), seen=seen)

    def _soon(self, act: Callable[[], object]) -> None:
        # Events belong to the loop: other threads only leave a note there.
        loop = self._loop
        if loop is None or not loop.is_running() or loop is _running_loop():
            act()
        else:
            loop.call_soon_threadsafe(act)

    def _wake(self) -> None:
        if self._following is not None:
            self._following.wake()


@contextmanager
def _beside(work: Coroutine[Any, Any, None]) -> Iterator[asyncio.Task[None]]:
    task = asyncio.ensure_future(work)
    try:
        yield task
    finally:
        task.cancel()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _settings(
    poll: float, port: int, url: str | None, database: str | os.PathLike[str] | None
) -> Settings:
    if not SHORTEST_POLL <= poll <= LONGEST_POLL:
        raise UsageError(f"poll_interval is 0.1 to 60 seconds: {poll!r}")
    if not 0 <= port < 65_536:
        raise UsageError(f"not a port: {port!r}", "websocket_port is 0 to 65535, usually 8329")
    if database is not None and not isinstance(database, str | os.PathLike):
        hint = "give the path of a file, or None for the user's own store"
        raise UsageError(f"database is a path: {type(database).__name__}", hint)
    if url is not None and urlsplit(url).scheme not in ("http", "https"):
        raise UsageError(f"not the URL of a ComfyUI: {url!r}", "it reads http://127.0.0.1:8188")
    store = os.path.abspath(database) if database is not None else ""
    return Settings(port=port, url=url or "", poll=poll, store=store)


def _check_word(name: str, word: object) -> None:
    if not isinstance(word, str) or not 0 < len(word) <= LONGEST_WORD:
        raise UsageError(f"{name} is text of 1 to {LONGEST_WORD} characters: {word!r}")

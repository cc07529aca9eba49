"""The plane: one door in, one breath out.

See the room's docstring for its rules; this module only ties the pieces together.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

from headway.errors import CursorExpired, HeadwayError
from headway.fold.admit import admit
from headway.hub import LARGEST, Hub, Mailbox, Wants, everything
from headway.model.cursor import Cursor
from headway.model.events import AnyEvent
from headway.model.keys import join, source_of
from headway.model.records import Record
from headway.model.views import JobView, SourceView
from headway.plane.deadlines import Deadlines
from headway.plane.deaths import deaths
from headway.plane.estimating import Estimating
from headway.plane.forecast import Forecaster
from headway.plane.live import Live
from headway.plane.reader import Reader
from headway.plane.settings import Settings
from headway.plane.supervise import contact, supervise
from headway.plane.writer import Writer
from headway.sources.contract import Source
from headway.store.contract import Change, Store
from headway.transport.left import Left

log = logging.getLogger(__name__)

PRUNE_EVERY = 600.0  # seconds between looks at what is too old or too much
RECALLED = 50  # finished jobs of a signature, and of a family, that an estimate may use
DEATHS_LOOK = 1.0  # seconds between looks at whether the processes of open jobs run
FIRST_LOOK, LONGEST_LOOK = 5.0, 60.0  # seconds between looks for new local back ends

Discover = Callable[[Sequence[Source]], Awaitable[tuple[list[Source], list[AnyEvent]]]]


class Plane:
    """One store, its sources, and everybody who looks. An async context manager.

    `discover` is asked for sources not watched yet, and for what is only seen; `left` for
    what killed programs of this machine had still to say.
    Leaving the context stops all tasks, writes what is dirty and closes the store.
    """

    def __init__(
        self,
        store: Store,
        *,
        sources: Sequence[Source] = (),
        settings: Settings | None = None,
        discover: Discover | None = None,
        left: Callable[[], Left] | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.store = store
        self.clock = clock
        self.hub = Hub(store.cursor().offset)
        self._settings = settings or Settings()
        self._sleep = sleep
        self._discover = discover
        self._left = left
        self._sources: dict[str, Source] = {}
        self._initial = list(sources)
        self._live = Live()
        self._writer = Writer(store, self._tell)
        self._reader = Reader(store, self._writer, self._live.changes)
        self._deadlines = Deadlines(self._live.changes, clock)
        self._forecaster = Forecaster(self._recall)
        self._estimating = Estimating(
            self.hub, self._live, self._forecaster, report=self.report, clock=clock, sleep=sleep
        )
        self._tasks: asyncio.TaskGroup
        self._stack = AsyncExitStack()
        self._running: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        known = self.store.live()
        self._live.tell(known)
        for change in known:
            if isinstance(change.view, JobView):
                self._forecaster.hear(change.view)
        self._tasks = await self._stack.enter_async_context(asyncio.TaskGroup())
        for work in (
            self._writer.run(),
            self._deadlines.run(self.hub.publish),
            self._keep_writing(),
            self._keep_looking_outside(),
            self._estimating.run(),
            self._estimating.watch_overdue(),
            self._keep_pruning(),
            self._keep_finding_deaths(),
        ):
            self._running.append(self._tasks.create_task(work))
        await self.report(self._not_seen_yet())
        for source in self._initial:
            self.watch(source)
        if self._discover is not None and self._settings.discover:
            self._running.append(self._tasks.create_task(self._keep_discovering()))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._running:
            task.cancel()
        try:
            await self._stack.__aexit__(None, None, None)
        finally:
            # The writer goes last: who closes the file last leaves no log beside it.
            self._reader.close()
            await self._writer.call(self.store.close)
            self._writer.close()

    @property
    def failing(self) -> str:
        """Why the last write failed; "" while the store takes what it is given."""
        return self._writer.failing

    def watch(self, source: Source) -> None:
        """Begin to watch a source; one that is watched already is left alone."""
        if source.name in self._sources:
            return
        self._sources[source.name] = source
        work = supervise(
            source, report=self.report, known=self._known, clock=self.clock, sleep=self._sleep
        )
        self._running.append(self._tasks.create_task(work))

    def source(self, name: str) -> Source | None:
        """The watched source of that name."""
        return self._sources.get(name)

    @property
    def sources(self) -> list[Source]:
        """What is watched, in the order in which it began."""
        return list(self._sources.values())

    def live(self) -> Mapping[str, Change]:
        """Every live entity but steps, as last told. Read only."""
        return self._live.changes

    async def report(self, events: Sequence[AnyEvent]) -> None:
        """Say what happened. Returns once stored: on disk, if an edge is among it.

        Raises: UsageError if an event does not fit (then nothing is stored);
        StoreError if the store does not take it.
        """
        now = self.clock()
        await self._writer.put([admit(event, now) for event in events])

    async def open(
        self, cursor: Cursor | None, wants: Wants = everything
    ) -> tuple[bool, Cursor, list[Change], Mailbox]:
        """Catch up and subscribe in one breath: nothing is missed, nothing comes twice.

        Answers whether the cursor could be resumed, where the reader then stands, what
        changed since (or the live entities), and the mailbox for what follows.
        """
        mailbox = self.hub.subscribe(wants)
        if cursor is not None:
            try:
                changes, head = await self._writer.call(self._since, cursor)
            except CursorExpired:
                pass
            else:
                mailbox.skip_to(head.offset)
                return True, head, [one for one in changes if wants(one)], mailbox
        head = Cursor(self.store.cursor().epoch, self.hub.head)
        mailbox.skip_to(head.offset)
        snapshot = sorted(self._live.changes.values(), key=lambda change: change.offset)
        return False, head, [one for one in snapshot if wants(one)], mailbox

    async def read(self, method: str, *args: Any, **kw: Any) -> Any:
        """Call a reading method of the store; what is not on disk yet is in the answer."""
        return await self._reader.read(method, *args, **kw)

    async def wait(self, done: Callable[[], Awaitable[bool]], *, within: float | None) -> bool:
        """Return True as soon as `done()`, False after `within` seconds.

        The predicate is asked, and asked again after every change: no end can be missed.
        """
        mailbox = self.hub.subscribe()
        try:
            async with asyncio.timeout(within):
                while not await done():
                    await mailbox.wait()
                    mailbox = self._emptied(mailbox)
        except TimeoutError:
            return False
        finally:
            self.hub.unsubscribe(mailbox)
        return True

    def _emptied(self, mailbox: Mailbox, wants: Wants = everything) -> Mailbox:
        """The mailbox with nothing in it; another one where it was given up."""
        mailbox.take(LARGEST)
        if not mailbox.overflowed:
            return mailbox
        self.hub.unsubscribe(mailbox)
        return self.hub.subscribe(wants)

    def _since(self, cursor: Cursor) -> tuple[list[Change], Cursor]:
        return self.store.changes(cursor), self.store.cursor()

    def _tell(self, changes: list[Change]) -> None:
        self._live.tell(changes)
        self._deadlines.watch(changes)
        self.hub.publish(changes)

    def _known(self, name: str) -> tuple[list[JobView], SourceView | None]:
        jobs = [
            change.view for change in self._live.of(join(name)) if isinstance(change.view, JobView)
        ]
        source = self._live.changes.get(join(name))
        view = source.view if source else None
        return jobs, view if isinstance(view, SourceView) else None

    def _not_seen_yet(self) -> list[AnyEvent]:
        # What the last writer saw is "last seen then", never "running now".
        sources = [change.view for change in self._live.changes.values()]
        return [
            event
            for view in sources
            if isinstance(view, SourceView) and view.seen
            for event in contact(
                source_of(view.key), self.clock(), why="not looked at since the start"
            )
        ]

    async def _recall(self, job: JobView) -> list[Record]:
        # A family holds its signatures; of a common one enough must be left of the rare.
        found: dict[str, Record] = {}
        for likeness in ("signature", "family"):
            value = str(job.meta.get(likeness, ""))
            if value:
                asked = {likeness: value, "source": job.source, "limit": RECALLED}
                found |= {one.key: one for one in await self.read("records", **asked)}
        return sorted(found.values(), key=lambda one: -one.ended_at)

    async def _keep_writing(self) -> None:
        while True:
            await self._sleep(self._settings.flush_after)
            await _despite_store_errors(self._writer.flush())

    async def _keep_looking_outside(self) -> None:
        while True:
            await self._sleep(self._settings.look_outside)
            await _despite_store_errors(self._writer.look_outside())

    async def _keep_pruning(self) -> None:
        while True:
            await _despite_store_errors(self._prune())
            await self._sleep(PRUNE_EVERY)

    async def _prune(self) -> None:
        # Slice by slice, so that reports come in between.
        days, size = self._settings.keep_days, self._settings.keep_bytes
        while await self._writer.call(self.store.prune, self.clock(), days=days, size=size):
            await self._sleep(0)

    async def _keep_finding_deaths(self) -> None:
        while True:
            try:
                await self._find_deaths()
            except HeadwayError as error:
                log.error("deaths.failed why=%s", error)
            except Exception:  # a task root: what a job says of its process comes from anybody
                log.exception("deaths.failed jobs=%d", len(self._live.changes))
            await self._sleep(DEATHS_LOOK)

    async def _find_deaths(self) -> None:
        # What a program had still to say comes before that it died.
        if self._left is not None:
            found = await asyncio.to_thread(self._left)
            if found.events:
                await self.report(found.events)
            found.forget()
        owned = [self._live.changes[key].view for key in self._live.owned]
        died = await asyncio.to_thread(deaths, owned, self.clock())
        if died:
            await self.report(died)

    async def _keep_discovering(self) -> None:
        assert self._discover is not None
        pause = FIRST_LOOK
        while True:
            found, seen = await self._discover(list(self._sources.values()))
            for source in found:
                self.watch(source)
            await _despite_store_errors(self.report(seen))
            await self._sleep(pause)
            pause = FIRST_LOOK if found else min(pause * 1.5, LONGEST_LOOK)


async def _despite_store_errors(work: Awaitable[Any]) -> None:
    # The writer remembers why it fails (`failing`), and /readyz says so.
    try:
        await work
    except HeadwayError as error:
        log.error("store.failed why=%s", error)

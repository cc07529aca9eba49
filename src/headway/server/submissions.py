"""Submissions of this server, from being asked for to their outcome.

Rule 1: what a submission says is stored before it goes on: a server that is killed in
between has lost no job.
Rule 2: at most `AT_ONCE` are being submitted to one back end at a time, the others wait;
beyond `limit` unfinished ones a new one is refused, nothing of it was sent.
Rule 3: when the server stops it stops listening; the jobs go on at their back ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import msgspec

from headway.actions.contract import Actor, Work
from headway.errors import HeadwayError, Unreachable
from headway.model.events import AnyEvent, Ended, Registered
from headway.server.answers import declined
from headway.talk.problems import problem

log = logging.getLogger(__name__)

AT_ONCE = 8  # being submitted to one back end
RETRY_AFTER = 5.0  # seconds

Report = Callable[[Sequence[AnyEvent]], Awaitable[None]]


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What a back end took: the keys of the jobs. `refused`: its words, if it took nothing."""

    jobs: tuple[str, ...]
    refused: str = ""


class Submissions:
    """An async context manager; leaving it stops listening."""

    def __init__(self, report: Report, *, limit: int) -> None:
        self._report = report
        self._limit = limit
        self._gates: dict[str, asyncio.Semaphore] = {}
        self._open: set[asyncio.Task[None]] = set()
        self._stack = AsyncExitStack()
        self._tasks: asyncio.TaskGroup

    def __len__(self) -> int:
        return len(self._open)

    async def __aenter__(self) -> Self:
        self._tasks = await self._stack.enter_async_context(asyncio.TaskGroup())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._open:
            task.cancel()
        await self._stack.__aexit__(None, None, None)

    async def place(self, actor: Actor, work: Work) -> Taken:
        """Submit it, and return once the back end took or refused it; it goes on here.

        Cancelling this leaves the submission going on. Raises: SourceLost, Refused,
        UsageError, StoreError; a 429 at the bound.
        """
        if len(self._open) >= self._limit:
            what = f"{self._limit} submissions are unfinished"
            found = problem("slow-down", what, setting="server.limits.submissions")
            raise declined(found, after=RETRY_AFTER)
        taken: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()
        task = self._tasks.create_task(self._see_to(actor, work, taken))
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        return await asyncio.shield(taken)

    async def _see_to(self, actor: Actor, work: Work, taken: asyncio.Future[Taken]) -> None:
        try:
            await self._submit(actor, work, taken)
        except HeadwayError as error:
            self._fail(actor, taken, error)
        except Exception as error:  # a task root: one submission harms no other
            log.exception("submission.failed backend=%s", actor.name)
            self._fail(actor, taken, error)
        finally:
            if not taken.done():
                self._fail(actor, taken, Unreachable("the server stops", "ask again later"))

    async def _submit(self, actor: Actor, work: Work, taken: asyncio.Future[Taken]) -> None:
        async with AsyncExitStack() as stack:
            async with self._gates.setdefault(actor.name, asyncio.Semaphore(AT_ONCE)):
                handle = await stack.enter_async_context(actor.submit(work))
                batches = handle.events()
                refused = await self._to_the_answer(batches)
            taken.set_result(Taken(jobs=handle.jobs, refused=refused))
            async for events in batches:
                await self._report(events)

    async def _to_the_answer(self, batches: AsyncIterator[list[AnyEvent]]) -> str:
        """Report until the back end took it (""), or refused it: its words."""
        async for events in batches:
            await self._report(events)
            said = [event for event in events if not isinstance(event, Registered)]
            if said:
                failed = [one for one in said if isinstance(one, Ended) and one.outcome == "failed"]
                return (failed[0].why or "it failed at once") if len(failed) == len(said) else ""
        return "it said nothing of it"

    def _fail(self, actor: Actor, taken: asyncio.Future[Taken], error: Exception) -> None:
        if taken.done():
            log.warning("submission.lost backend=%s why=%s", actor.name, error)
        else:
            taken.set_exception(error)
            taken.exception()  # who asked may be gone: that is no error of ours

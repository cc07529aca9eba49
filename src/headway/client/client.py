"""Client: what runs, what changed, what happened, until when."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote

import aiohttp
import msgspec

from headway.client.asking import Asking
from headway.client.stream import PATIENCE as STREAM_PATIENCE
from headway.client.stream import News, Stream, Wanted
from headway.errors import Unreachable, UsageError
from headway.model.events import AnyEvent
from headway.model.keys import group_key
from headway.model.views import GroupView, JobView, StepView
from headway.model.words import RESOLVED, Outcome, Phase
from headway.talk.messages import DEFAULT_RATE, EVERY_TOPIC, Filter, Topic
from headway.transport.place import Place, find

PATIENCE = 30.0  # seconds for an answer
TRIES = 8  # of a batch that is slowed down or not answered
FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0  # seconds between them
BATCH = 1_000  # events


class JobPage(msgspec.Struct, frozen=True):
    """Some jobs; `next` is `after` for the following page, "" at the end."""

    jobs: list[JobView]
    cursor: str
    next: str = ""
    bounded: bool = False


class _Steps(msgspec.Struct, frozen=True):
    steps: list[StepView]


class _Events(msgspec.Struct, frozen=True):
    events: list[AnyEvent]


class _Groups(msgspec.Struct, frozen=True):
    groups: list[GroupView]
    next: str = ""


class _Stored(msgspec.Struct, frozen=True):
    stored: int
    cursor: str


class Client:
    """A running server, found by itself unless `url` is given. An async context manager."""

    def __init__(self, url: str | None = None, token: str | None = None) -> None:
        self._given = Place(url, token or "", remote=True) if url else None
        self._token = token
        self._session: aiohttp.ClientSession
        self._asking: Asking
        self._url = ""

    async def __aenter__(self) -> Self:
        place = self._given or find()
        if place is None:
            raise Unreachable("no server runs on this machine", "start one with `headway serve`")
        token = place.token if self._token is None else self._token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._url = place.url
        self._session = aiohttp.ClientSession(
            headers=headers, timeout=aiohttp.ClientTimeout(total=PATIENCE)
        )
        self._asking = Asking(self._session, place.url)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def status(self) -> dict[str, Any]:
        """The answer of `headway status --format json`."""
        return await self._asking.get("/api/v1/status", dict[str, Any])

    async def jobs(
        self,
        *,
        source: str = "",
        outcome: Outcome | Literal[""] = "",
        phase: Phase | Literal[""] = "",
        group: str = "",
        text: str = "",
        active: bool | None = None,
        after: str = "",
        limit: int = 50,
    ) -> JobPage:
        """One page of jobs: what is active, then what ended, each newest first."""
        return await self._asking.get(
            "/api/v1/jobs",
            JobPage,
            source=source,
            outcome=outcome,
            phase=phase,
            group=group,
            text=text,
            active=active,
            after=after,
            limit=limit,
        )

    async def job(self, key: str) -> JobView:
        """The job of that key, or of that start of a key or native id."""
        return await self._asking.get(_path(key), JobView)

    async def steps(self, key: str) -> list[StepView]:
        """Its steps in order of their start."""
        return (await self._asking.get(f"{_path(key)}/steps", _Steps)).steps

    async def events(self, key: str) -> list[AnyEvent]:
        """Its edges, oldest first."""
        return (await self._asking.get(f"{_path(key)}/events", _Events)).events

    async def report(self, events: Sequence[AnyEvent]) -> int:
        """Say what happened; how many events were stored, once they are.

        A server that is slow or restarting is asked again; the same batch twice is
        stored once. Raises: UsageError (nothing stored), Refused, Unreachable.
        """
        stored = 0
        for start in range(0, len(events), BATCH):
            stored += await self._report(events[start : start + BATCH])
        return stored

    async def changes(
        self,
        cursor: str | None = None,
        *,
        topics: Sequence[Topic] = EVERY_TOPIC,
        filter: Filter | None = None,  # noqa: A002 (the wire's word)
        steps: Sequence[str] = (),
        max_rate: float = DEFAULT_RATE,
        patience: float = STREAM_PATIENCE,
    ) -> AsyncGenerator[News, None]:
        """What is, or what changed since `cursor`, then what changes, for ever.

        `patience`: seconds without a server after which it ends with Unreachable.

        Close it (`contextlib.aclosing`) to end the connection before the iterator does.
        """
        wanted = Wanted(topics=topics, filter=filter or Filter(), max_rate=max_rate, steps=steps)
        stream = Stream(self._session, self._url, wanted, cursor, patience=patience)
        async with aclosing(stream.news()) as news:
            async for one in news:
                yield one

    async def wait(self, key: str, *, within: float | None = None) -> JobView:
        """The job, once it has ended. Raises: TimeoutError after `within` seconds."""
        async with asyncio.timeout(within):
            job = await self.job(key)
            wanted = Filter(key=job.key)
            async with aclosing(self.changes(topics=["jobs"], filter=wanted)) as news:
                async for one in news:
                    # A snapshot holds no ended jobs: absence there is asked about.
                    told = [view for view in one.entities if isinstance(view, JobView)]
                    job = told[-1] if told else await self.job(job.key)
                    if job.phase in RESOLVED:
                        return job
        raise Unreachable("the stream ended")

    async def wait_group(self, group: str, *, within: float | None = None) -> GroupView:
        """The group, once it is complete. Raises: TimeoutError; UsageError if unknown."""
        async with asyncio.timeout(within):
            wanted = Filter(key=group_key(group))
            async with aclosing(self.changes(topics=["groups"], filter=wanted)) as news:
                async for one in news:
                    told = [view for view in one.entities if isinstance(view, GroupView)]
                    found = told[-1] if told else await self._group(group)
                    if found.complete:
                        return found
        raise Unreachable("the stream ended")

    async def wait_idle(self, *, within: float | None = None) -> dict[str, Any]:
        """The status, once nothing runs, or at once if that cannot be known.

        `generations_running` of it is then 0, or None.
        """
        async with asyncio.timeout(within):
            async with aclosing(self.changes(topics=["jobs", "sources"], max_rate=2.0)) as news:
                async for _ in news:
                    status = await self.status()
                    if not status["generations_running"]:
                        return status
        raise Unreachable("the stream ended")

    async def _report(self, events: Sequence[AnyEvent]) -> int:
        body, key = msgspec.json.encode({"events": events}), uuid.uuid4().hex
        wait = FIRST_WAIT
        for left in reversed(range(TRIES)):
            try:
                answer = await self._asking.post(
                    "/api/v1/events", body, _Stored, **{"Idempotency-Key": key}
                )
            except Unreachable:
                if not left:
                    raise
                await asyncio.sleep(wait)
                wait = min(wait * 2.0, LONGEST_WAIT)
            else:
                return answer.stored
        raise AssertionError("every try returns or raises")

    async def _group(self, group: str) -> GroupView:
        after = ""
        while True:
            page = await self._asking.get("/api/v1/groups", _Groups, after=after, limit=500)
            for one in page.groups:
                if one.id == group:
                    return one
            if not page.next:
                raise UsageError(f"no group of that id: {group!r}")
            after = page.next


def _path(key: str) -> str:
    return f"/api/v1/jobs/{quote(key, safe='')}"

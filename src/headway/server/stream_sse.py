"""The live stream as server-sent events: the same messages, for whoever has only HTTP.

Rule 1: `id:` is the cursor; `Last-Event-ID`, or `?cursor=`, resumes there.
Rule 2: a comment each `COMMENT_EVERY` seconds keeps proxies from closing a quiet stream.
Rule 3: a reader that goes is noticed when it goes, not when there is news.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Annotated, NoReturn

import msgspec
from aiohttp import web
from msgspec import Meta

from headway.errors import StoreError
from headway.model.words import Outcome, Phase
from headway.server.answers import declined, parameters
from headway.server.door import Door, door_of, who_of
from headway.server.flow import Flow, TooSlow, flow_to, gate_of
from headway.server.follow import Follower
from headway.server.gate import Gate
from headway.server.wire import Comment, SlowWire, Wire, wire_to
from headway.talk.messages import DEFAULT_RATE, EVERY_TOPIC, MAX_RATE, Filter, Hello
from headway.talk.problems import problem

COMMENT_EVERY = 15.0  # seconds
BACK_AFTER = 2_000  # milliseconds after which a browser comes back
COMMENT = Comment(b"still here")


class StreamQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A hello as query parameters; `topics` are joined by commas, `steps` is a job's key."""

    cursor: Annotated[str, Meta(max_length=200)] = ""
    topics: str = ",".join(EVERY_TOPIC)
    max_rate: Annotated[float, Meta(gt=0, le=MAX_RATE)] = DEFAULT_RATE
    source: str = ""
    group: str = ""
    phase: Phase | None = None
    outcome: Outcome | None = None
    active: bool | None = None
    key: str = ""
    steps: str = ""


async def stream(request: web.Request) -> web.StreamResponse:
    """Serve one reader until it goes or the server stops."""
    door, asked = door_of(request), parameters(request, StreamQuery)
    hello = _hello(asked, request.headers.get("Last-Event-ID", ""))
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
    response.headers["X-Accel-Buffering"] = "no"
    if request.method == "HEAD":
        return response
    stop = asyncio.Event()

    async def leave() -> None:
        stop.set()

    gate = gate_of(request, door)
    with door.stream(leave, peer=gate.peer):
        await response.prepare(request)
        await response.write(b"retry: %d\n\n" % BACK_AFTER)
        flow = flow_to(gate, patience=door.settings.limits.slow_seconds)
        wire = wire_to(response, gate)
        everything = who_of(request).sees_everything
        follower = Follower(door, hello, everything=everything, wire=wire, flow=flow)
        if asked.steps:
            follower.follow(asked.steps)
        work: list[Callable[[], Awaitable[None]]] = [
            follower.run,
            partial(_comment, door, wire, flow),
            partial(_hear_end, gate),
        ]
        if isinstance(wire, SlowWire):
            work.append(wire.run)
        try:
            await _serve(work, stop)
        except* (TooSlow, StoreError, ConnectionError):
            flow.abort()
    return response


async def _serve(work: Iterable[Callable[[], Awaitable[None]]], stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as tasks:
        under_way = [tasks.create_task(_awaited(one)) for one in work]
        await stop.wait()
        for task in under_way:
            task.cancel()


async def _awaited(work: Callable[[], Awaitable[None]]) -> None:
    await work()


async def _comment(door: Door, wire: Wire, flow: Flow) -> NoReturn:
    while True:
        await door.sleep(COMMENT_EVERY)
        await flow.room()
        wire.write(COMMENT)


async def _hear_end(gate: Gate) -> NoReturn:
    await gate.end()
    raise ConnectionResetError("the reader has gone")


def _hello(asked: StreamQuery, last: str) -> Hello:
    wanted = {
        "cursor": last or asked.cursor or None,
        "topics": [topic for topic in asked.topics.split(",") if topic],
        "max_rate": asked.max_rate,
        "filter": Filter(
            source=asked.source,
            group=asked.group,
            phase=asked.phase or "",
            outcome=asked.outcome or "",
            active=asked.active,
            key=asked.key,
        ),
    }
    try:
        return msgspec.convert(wanted, Hello)
    except msgspec.ValidationError as error:
        raise declined(problem("bad-request", f"query: {error}")) from error

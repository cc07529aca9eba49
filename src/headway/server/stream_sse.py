"""The live stream as server-sent events: the same messages, for whoever has only HTTP.

Rule 1: `id:` is the cursor; `Last-Event-ID`, or `?cursor=`, resumes there.
Rule 2: a comment each `COMMENT_EVERY` seconds keeps proxies from closing a quiet stream,
and tells us whether anybody is left.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from headway.errors import StoreError
from headway.model.words import Outcome, Phase
from headway.server.answers import declined, parameters
from headway.server.door import Door, door_of, who_of
from headway.server.flow import Flow, TooSlow, flow_to
from headway.server.follow import Follower
from headway.talk.messages import DEFAULT_RATE, EVERY_TOPIC, MAX_RATE, Filter, Hello
from headway.talk.problems import problem

COMMENT_EVERY = 15.0  # seconds
BACK_AFTER = 2_000  # milliseconds after which a browser comes back


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
    stop = asyncio.Event()

    async def leave() -> None:
        stop.set()

    with door.stream(leave):
        await response.prepare(request)
        flow = flow_to(request, patience=door.settings.limits.slow_seconds)
        follower = Follower(
            door,
            hello,
            everything=who_of(request).sees_everything,
            write=partial(_write, response),
            flow=flow,
        )
        if asked.steps:
            follower.interest.jobs.add(asked.steps)
        try:
            await _serve(door, response, flow, follower, stop)
        except* (TooSlow, StoreError, ConnectionError):
            flow.abort()
    return response


async def _serve(
    door: Door, response: web.StreamResponse, flow: Flow, follower: Follower, stop: asyncio.Event
) -> None:
    await response.write(b"retry: %d\n\n" % BACK_AFTER)
    async with asyncio.TaskGroup() as tasks:
        talking = [
            tasks.create_task(follower.run()),
            tasks.create_task(_comment(door, response, flow)),
        ]
        await stop.wait()
        for task in talking:
            task.cancel()


async def _write(response: web.StreamResponse, frame: bytes, cursor: str) -> None:
    await response.write(b"id: %b\ndata: %b\n\n" % (cursor.encode(), frame))


async def _comment(door: Door, response: web.StreamResponse, flow: Flow) -> None:
    while True:
        await door.sleep(COMMENT_EVERY)
        await flow.room()
        await response.write(b": still here\n\n")


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

"""`POST /api/v1/events`: what happened, from a worker anywhere.

Rule 1: a batch is taken whole or not at all; 200 means stored.
Rule 2: a report token speaks only about its own sources, under its own name as
observer; of a source that is watched it cannot say how jobs ended or what files they made.
Rule 3: at the bound (`waiting_events`) the answer is 429 with Retry-After: senders wait,
nothing is dropped.
"""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from headway.errors import UsageError
from headway.model.events import AnyEvent, Ended, Registered
from headway.model.keys import kind_of, source_of, split
from headway.server.access import Who
from headway.server.answers import declined, encode
from headway.server.door import Door, door_of, who_of
from headway.server.once import RETRY_AFTER, once
from headway.talk.problems import problem

BATCH = 1_000  # events
FIELD = re.compile(r"unknown field `(?P<name>[^`]*)`").search


class Batch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is posted."""

    events: Annotated[list[AnyEvent], Meta(max_length=BATCH)]


_decode = msgspec.json.Decoder(Batch).decode


async def post_events(request: web.Request) -> web.Response:
    """Store the batch, then answer."""
    door, who = door_of(request), who_of(request)
    return await once(request, lambda body: _store(door, who, body), what="events")


async def _store(door: Door, who: Who, body: bytes) -> bytes:
    events = allowed(_events(body), who, door)
    if door.waiting_events + len(events) > door.settings.limits.waiting_events:
        raise declined(problem("slow-down", "events wait to be stored"), after=RETRY_AFTER)
    door.waiting_events += len(events)
    try:
        await door.plane.report(events)
    except UsageError as error:
        raise declined(problem("bad-event", str(error), hint=error.hint)) from error
    finally:
        door.waiting_events -= len(events)
    return encode({"stored": len(events), "cursor": door.cursor})


def _events(body: bytes) -> list[AnyEvent]:
    try:
        return _decode(body).events
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        found = FIELD(str(error))
        hint = "see docs/schema/events.v1.json"
        value = found["name"] if found else ""
        raise declined(problem("bad-event", str(error), value=value, hint=hint)) from error


def allowed(events: list[AnyEvent], who: Who, door: Door) -> list[AnyEvent]:
    """The events as this sender may say them. Raises: a 4xx that names what it may not."""
    try:
        names = [_about(event.key) for event in events]
    except UsageError as error:
        raise declined(problem("bad-event", str(error), hint=error.hint)) from error
    for name in names:
        if not who.may_report(name):
            hint = f"it is bound to {', '.join(who.sources) or 'nothing'}"
            raise declined(
                problem("role-refused", "the token may not speak of this", value=name, hint=hint)
            )
    if who.standing != "report":
        return events
    for event in events:
        _check_watched(event, door)
    return [
        msgspec.structs.replace(event, observer=f"{who.name}:{event.observer}"[:256])
        for event in events
    ]


def _about(key: str) -> str:
    # A group and a daemon belong to no source: their own names are what a token is bound to.
    owner = kind_of(key) not in ("group", "daemon")
    return source_of(key) if owner else split(key)[2]


def _check_watched(event: AnyEvent, door: Door) -> None:
    ends = isinstance(event, Ended) or (isinstance(event, Registered) and "outputs" in event.meta)
    name = source_of(event.key)
    if ends and door.plane.source(name) is not None:
        raise declined(
            problem(
                "role-refused",
                "this source is watched: its jobs end when it says so",
                value=event.key,
            )
        )

"""A request that is done once, however often it is sent with its Idempotency-Key.

Rule 1: only JSON is taken, and only what comes within the limits.
Rule 2: what was refused may be tried again with the same key.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

from aiohttp import web

from headway.server.answers import JSON, declined, json_answer
from headway.server.door import Door, door_of, who_of
from headway.talk.problems import problem

RETRY_AFTER = 1.0  # seconds
KEY = re.compile(r"[\x21-\x7e]{1,128}\Z").match

Do = Callable[[bytes], Awaitable[bytes]]


async def once(request: web.Request, do: Do, *, what: str) -> web.Response:
    """The answer of `do` to the body, or the one that was given to this key before.

    `what` is asked for, in the plural; keys of different things are different keys.
    """
    door, sender = door_of(request), f"{what} {who_of(request).name}"
    if request.content_type != JSON:
        said = f"{what} come as {JSON}"
        raise declined(problem("media-refused", said, value=request.content_type))
    body = await _body(request, door)
    key = _key(request)
    if key is None:
        return json_answer(await do(body))
    verdict, answer = door.replies.begin(sender, key, body)
    if verdict == "done":
        return json_answer(answer)
    if verdict == "under way":
        raise declined(problem("busy-key", value=key), after=RETRY_AFTER)
    if verdict == "other":
        raise declined(problem("used-key", "use a new key for each request", value=key))
    done = None
    try:
        done = await do(body)
    finally:
        door.replies.end(sender, key, body, done)
    return json_answer(done)


async def _body(request: web.Request, door: Door) -> bytes:
    try:
        async with asyncio.timeout(door.settings.limits.body_seconds):
            return await request.read()
    except TimeoutError as error:
        raise declined(problem("too-slow", "the body did not come in time")) from error


def _key(request: web.Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not KEY(key):
        hint = "1 to 128 visible ASCII characters, such as a UUID"
        raise declined(problem("bad-request", "not an Idempotency-Key", value=key, hint=hint))
    return key

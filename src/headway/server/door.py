"""What every handler shares: the plane, the rules, what is bounded across requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from headway.plane.plane import Plane
from headway.server.access import Rules, Who, rules_of
from headway.server.answers import declined
from headway.server.encoded import Encoded
from headway.server.replies import Replies
from headway.server.settings import Settings
from headway.talk.problems import problem

Handler = Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]
Sleep = Callable[[float], Awaitable[None]]
Close = Callable[[], Coroutine[Any, Any, None]]


class Door:
    """One running server."""

    def __init__(
        self,
        plane: Plane,
        settings: Settings,
        *,
        token: str,
        version: str,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.plane = plane
        self.sleep = sleep
        self.settings = settings
        self.rules: Rules = rules_of(settings, token)
        self.version = version
        self.encoded = Encoded()
        self.replies = Replies(settings.limits.remembered_keys)
        self.waiting_events = 0
        self.closing = False
        self.streams: dict[object, Close] = {}

    @property
    def epoch(self) -> str:
        """The epoch of every cursor that is given out now."""
        return self.plane.store.cursor().epoch

    @property
    def cursor(self) -> str:
        """Up to where everything was told."""
        return f"{self.epoch}.{self.plane.hub.head}"

    @contextmanager
    def stream(self, close: Close) -> Iterator[None]:
        """Count an open stream, and close it when the server stops."""
        if self.closing or len(self.streams) >= self.settings.limits.streams:
            raise declined(problem("too-many-streams", setting="server.limits.streams"), after=5)
        mark = object()
        self.streams[mark] = close
        try:
            yield
        finally:
            del self.streams[mark]


DOOR: web.AppKey[Door] = web.AppKey("door", Door)
WHO: web.RequestKey[Who] = web.RequestKey("who", Who)


def door_of(request: web.Request) -> Door:
    """The server that the request came to."""
    return request.app[DOOR]


def who_of(request: web.Request) -> Who:
    """Who asks, as the guard found."""
    return request[WHO]

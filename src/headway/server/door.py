"""What every handler shares: the plane, the rules, what is bounded across requests."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from headway.actions.contract import Actor
from headway.plane.plane import Plane
from headway.server.access import Rules, Who, rules_of
from headway.server.answers import declined
from headway.server.circle import Circles
from headway.server.encoded import Encoded
from headway.server.gate import Gates
from headway.server.replies import Replies
from headway.server.settings import Settings
from headway.server.submissions import Submissions
from headway.talk.problems import problem

Handler = Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]
Sleep = Callable[[float], Awaitable[None]]
Close = Callable[[], Coroutine[Any, Any, None]]
Actors = Callable[[], Sequence[Actor]]


class Door:
    """One running server. `gates` is there as soon as it is open.

    `actors`: the back ends that can be acted on now.
    """

    gates: Gates

    def __init__(
        self,
        plane: Plane,
        settings: Settings,
        *,
        token: str,
        version: str,
        sleep: Sleep = asyncio.sleep,
        actors: Actors = tuple,
    ) -> None:
        self.plane = plane
        self.sleep = sleep
        self.settings = settings
        self.rules: Rules = rules_of(settings, token)
        self.version = version
        self.encoded = Encoded()
        self.circles = Circles(plane.hub, self.encoded)
        self.actors = actors
        self.submissions = Submissions(plane.report, limit=settings.limits.submissions)
        self.replies = Replies(settings.limits.remembered_keys)
        self.waiting_events = 0
        self.closing = False
        self.streams: dict[object, Close] = {}
        self._peers: Counter[str] = Counter()

    @property
    def epoch(self) -> str:
        """The epoch of every cursor that is given out now."""
        return self.plane.store.cursor().epoch

    @property
    def cursor(self) -> str:
        """Up to where everything was told."""
        return f"{self.epoch}.{self.plane.hub.head}"

    @contextmanager
    def stream(self, close: Close, *, peer: str) -> Iterator[None]:
        """Count an open stream of that peer, and close it when the server stops."""
        limits = self.settings.limits
        if self.closing or len(self.streams) >= limits.streams:
            raise declined(problem("too-many-streams", setting="server.limits.streams"), after=5)
        if self._peers[peer] >= limits.peer_streams:
            setting = "server.limits.peer_streams"
            raise declined(problem("too-many-streams", setting=setting), after=5)
        mark = object()
        self.streams[mark] = close
        self._peers[peer] += 1
        try:
            yield
        finally:
            del self.streams[mark]
            self._peers -= Counter([peer])  # what is zero is dropped


DOOR: web.AppKey[Door] = web.AppKey("door", Door)
WHO: web.RequestKey[Who] = web.RequestKey("who", Who)


def door_of(request: web.Request) -> Door:
    """The server that the request came to."""
    return request.app[DOOR]


def who_of(request: web.Request) -> Who:
    """Who asks, as the guard found."""
    return request[WHO]

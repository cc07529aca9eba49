"""Hands for SwarmUI: one kept session, rounds of questions, and its ComfyUIs behind it.

Rule 1: watching leaves no trace but the one session: no call without permission, no socket
    to a back end, no client id of anybody.
Rule 2: generations of others are counts; those of ours are reported by who submitted them,
    and only ended here, where nobody else can.
Rule 3: a ComfyUI that does its work is watched as a ComfyUI where it can be reached, and
    what it does for SwarmUI `runs_as` that (`swarmui_behind`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import msgspec

from headway.dialects.swarmui.ears import Ears, Jobs
from headway.model.events import AnyEvent
from headway.model.views import JobView, SourceView
from headway.sources.contract import Artefact
from headway.sources.http import clean_url
from headway.sources.swarmui_artefact import artefact_of
from headway.sources.swarmui_behind import Fronts
from headway.sources.swarmui_call import Caller, Sessions, client_of
from headway.sources.swarmui_link import Link


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One watched SwarmUI. `token`: the swarm_token of an account, where it has accounts."""

    name: str = "swarmui"
    url: str = "http://127.0.0.1:7801"
    title: str = ""
    token: str = ""
    poll: float = 1.0  # seconds between rounds while something is under way
    logs: bool = True  # read the consoles of its back ends, for other people's steps


class SwarmUI:
    """A SwarmUI that is watched. One object for its whole life, over all connections.

    `sessions`: where its session is kept. `jobs`: our own unfinished generations of it, as
    far as they are known here. `fronts`: told which ComfyUIs are behind it.
    """

    kind = "swarmui"

    def __init__(
        self,
        settings: Settings,
        *,
        sessions: Sessions,
        jobs: Jobs = tuple,
        fronts: Fronts | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.settings = settings
        self.name = settings.name
        self.url = clean_url(settings.url)
        self._sessions, self._clock, self._sleep = sessions, clock, sleep
        self._fronts = fronts or Fronts()
        self._ears = Ears(self.name, url=self.url, title=settings.title, jobs=jobs)
        self._met = False

    @asynccontextmanager
    async def connect(
        self, known: Sequence[JobView] = (), source: SourceView | None = None
    ) -> AsyncIterator[AsyncIterator[list[AnyEvent]]]:
        """Watch it until the block is left. Raises: SourceLost.

        Only one connection at a time.
        """
        del known  # they are asked for when it matters: more come while it is watched
        self._ears.remember(source)
        async with client_of(self.settings.token) as client:
            caller = Caller(
                client,
                self.url,
                sessions=self._sessions,
                token=self.settings.token,
                clock=self._clock,
            )
            link = Link(
                self._ears,
                caller,
                clock=self._clock,
                sleep=self._sleep,
                poll=self.settings.poll,
                logs=self.settings.logs,
                nested=self._nested,
            )
            # A server that was away may be another start of it: ask once who it is.
            await link.identify(look_again=self._met or source is not None)
            self._met = True
            async with aclosing(link.rounds()) as rounds:
                yield rounds

    async def artefact(
        self,
        place: dict[str, Any],
        *,
        range: str | None = None,  # noqa: A002 - its name in HTTP
    ) -> Artefact:
        """A file that a job names. Raises: UsageError for a place that is none, SourceLost."""
        return await artefact_of(self.url, place, token=self.settings.token, wanted=range)

    def _nested(self) -> list[AnyEvent]:
        places = self._ears.places()
        events = self._fronts.behind(self.name, places, self._clock())
        self._ears.watched = self._fronts.watched(self.name)
        return events

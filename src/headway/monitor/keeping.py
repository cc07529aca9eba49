"""Which server is followed, again and again: whoever holds the port, else one of our own.

Rule 1: at the start nobody at the port means that we serve at once. Later it means that
the server is being restarted: it has `ABSENT` seconds, then we serve in its place.
Rule 2: until it stood for the first time an error ends it; afterwards errors are logged,
and the next attempt comes after a wait that doubles up to `LONGEST_WAIT`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from headway.errors import HeadwayError, Unreachable
from headway.monitor.hosting import Settings, hosted
from headway.monitor.place import holder, watches
from headway.transport.place import Place

log = logging.getLogger(__name__)

STARTING = 15.0  # seconds for another server that is just starting to answer
ABSENT = 15.0  # seconds without the server that was attached to
FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0  # seconds between attempts


class Keeper:
    """`follow` follows one server until it raises; `stood`: whether one ever stood."""

    def __init__(
        self,
        settings: Settings,
        follow: Callable[[Place], Awaitable[None]],
        stood: Callable[[], bool],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._follow = follow
        self._stood = stood
        self._clock = clock
        self._sleep = sleep
        self._heard_at = float("-inf")
        self._began = 0.0

    async def keep(self) -> None:
        """Follow for ever. Raises: HeadwayError before the first server stood."""
        self._began, wait = self._clock(), FIRST_WAIT
        while True:
            heard_at = self._heard_at
            try:
                await self._attempt()
            except HeadwayError as error:
                if not self._stood() and not self._may_come(error):
                    raise
                log.warning("monitor.away why=%s hint=%s", error, error.hint)
            wait = FIRST_WAIT if self._heard_at > heard_at else min(wait * 2.0, LONGEST_WAIT)
            await self._sleep(wait)

    async def _attempt(self) -> None:
        port = self._settings.port
        place = await holder(port, self._settings.run_file) if port else None
        if place is not None:
            await self._warn_if_unwatched(place)
            await self._listen(place)
        elif self._clock() - self._heard_at >= ABSENT:
            await self._serve()

    async def _warn_if_unwatched(self, place: Place) -> None:
        url = self._settings.url
        if url and not await watches(place, url):
            hint = f"name it in that server's settings, as [sources.NAME] with url = {url!r}"
            log.warning("monitor.unwatched url=%s server=%s hint=%s", url, place.url, hint)

    async def _serve(self) -> None:
        async with hosted(self._settings) as (place, server):
            while server.runs:
                try:
                    await self._listen(place)
                except Unreachable as error:
                    if not self._stood() and not self._may_come(error):
                        raise
                    log.warning("monitor.away why=%s", error)
                await self._sleep(FIRST_WAIT)

    async def _listen(self, place: Place) -> None:
        stood = self._stood()
        try:
            await self._follow(place)
        finally:
            if stood or self._stood():
                self._heard_at = self._clock()

    def _may_come(self, error: HeadwayError) -> bool:
        return isinstance(error, Unreachable) and self._clock() - self._began < STARTING

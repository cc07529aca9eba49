"""When estimates are made anew: after what changed, slice by slice, and never in the way.

Rule 1: reports and readers come first. Where thousands of jobs change each second their
estimates take a third of the time at most, in slices of a few milliseconds.
Rule 2: sources take turns: what changes again while its source waits for its turn keeps
that turn, and is estimated once, as it then is.
Rule 3: bounded: what is due is at most one change for each job; beyond what the mailbox
holds all that is live is due.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence

from headway.errors import HeadwayError
from headway.hub import LARGEST, Hub
from headway.model.events import AnyEvent
from headway.model.keys import kind_of
from headway.model.views import AnyView
from headway.plane.forecast import Forecaster
from headway.plane.live import Live
from headway.store.contract import Change

log = logging.getLogger(__name__)

SLICE = 64  # jobs that changed, after which there is a pause; a source is never cut in two
BREATH = 64  # views that are made between two breaths
PAUSE = 0.1  # seconds between two rounds, at least: what changes meanwhile conflates
OVERDUE_LOOK = 1.0  # seconds between looks at estimates that passed, while jobs run

Report = Callable[[Sequence[AnyEvent]], Awaitable[None]]


class Estimating:
    """Keeps the estimates of what is `live` current; tells them by `report`."""

    def __init__(
        self,
        hub: Hub,
        live: Live,
        forecaster: Forecaster,
        *,
        report: Report,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._hub = hub
        self._live = live
        self._forecaster = forecaster
        self._report = report
        self._clock = clock
        self._sleep = sleep
        self._told = hub.subscribe(_is_job)
        self._due: dict[str, dict[str, Change]] = {}  # by source

    async def run(self) -> None:
        """Estimate what changes, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            if not self._due:
                await self._told.wait()
            began = loop.time()
            self._gather()
            await self._estimate(self._next())
            spent = loop.time() - began
            await self._sleep(2.0 * spent if self._due else max(PAUSE, 2.0 * spent))

    async def watch_overdue(self) -> None:
        """Estimate again what should have ended by now, until cancelled."""
        while True:
            await self._sleep(OVERDUE_LOOK)
            known = self._live.changes
            late = [known.get(key) for key in self._forecaster.overdue(self._clock())]
            await self._estimate([change for change in late if change is not None])

    def _gather(self) -> None:
        overflowed = self._told.overflowed
        changed: Iterable[Change] = self._told.take(LARGEST)[0]
        if overflowed:  # more changed than could be held: look at all there is
            self._hub.unsubscribe(self._told)
            self._told = self._hub.subscribe(_is_job)
            changed = [one for one in self._live.changes.values() if _is_job(one)]
        for change in changed:
            self._due.setdefault(change.key.partition("~")[0], {})[change.key] = change

    def _next(self) -> list[Change]:
        found: list[Change] = []
        while self._due and len(found) < SLICE:
            found += self._due.pop(next(iter(self._due))).values()
        return found

    async def _estimate(self, changed: Sequence[Change]) -> None:
        if not changed:
            return
        parts = dict.fromkeys(change.key.partition("~")[0] for change in changed)
        near = [one for part in parts for one in self._live.of(part)]
        try:
            views, live = await _views(changed), await _views(near)
            events = await self._forecaster.after(views, live, self._clock())
        except Exception:  # a task root: a job that cannot be estimated harms no other
            log.exception("forecast.failed jobs=%d", len(changed))
            return
        try:
            await self._report(events)
        except HeadwayError as error:
            log.error("store.failed why=%s", error)


def _is_job(change: Change) -> bool:
    return kind_of(change.key) == "job"


async def _views(changes: Sequence[Change]) -> list[AnyView]:
    found = []
    for n, change in enumerate(changes, 1):
        found.append(change.view)
        if n % BREATH == 0:
            await asyncio.sleep(0)  # making thousands of views is not one long moment
    return found

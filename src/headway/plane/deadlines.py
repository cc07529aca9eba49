"""The timer heap: speak when a deadline that a view carries has passed.

Rule 1: deadlines are facts on the entity (`stalled_at`); a passed one changes no state,
so the entity is shown again as it is, and whoever looks sees it in the new light.
Rule 2: one timer for all of them; a deadline that moved is simply not due when its
turn comes.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterable, Mapping

from headway.model.keys import kind_of
from headway.model.views import JobView
from headway.store.contract import Change

LONGEST_SLEEP = 3600.0  # seconds, so that a clock that was set is noticed


class Deadlines:
    """Knows which entity is due next."""

    def __init__(self, live: Mapping[str, Change], clock: Callable[[], float]) -> None:
        self._live = live
        self._clock = clock
        self._heap: list[tuple[float, str]] = []
        self._planned: dict[str, float] = {}
        self._moved = asyncio.Event()

    def watch(self, changes: Iterable[Change]) -> None:
        """Plan the deadlines of these changes. A later one replaces an earlier plan lazily."""
        for change in changes:
            if change.key in self._planned:
                continue  # it is looked at when its turn comes; its view is not made for that
            due = _due(change)
            if due is not None:
                self._plan(change.key, due)

    def due(self, now: float) -> list[Change]:
        """The entities whose deadline has passed, each once."""
        passed = []
        while self._heap and self._heap[0][0] <= now:
            _, key = heapq.heappop(self._heap)
            del self._planned[key]
            change = self._live.get(key)
            at = _due(change) if change else None
            if change and at is not None and at <= now:
                passed.append(change)
            elif at is not None:
                self._plan(key, at)
        return passed

    async def run(self, show: Callable[[list[Change]], None]) -> None:
        """Show what is due, until cancelled."""
        while True:
            self._moved.clear()
            show(self.due(self._clock()))
            wait = min(self._heap[0][0] - self._clock(), LONGEST_SLEEP) if self._heap else None
            try:
                async with asyncio.timeout(None if wait is None else max(wait, 0.01)):
                    await self._moved.wait()
            except TimeoutError:
                continue

    def _plan(self, key: str, due: float) -> None:
        self._planned[key] = due
        heapq.heappush(self._heap, (due, key))
        if self._heap[0][1] == key:
            self._moved.set()


def _due(change: Change) -> float | None:
    if kind_of(change.key) != "job":
        return None
    return change.view.stalled_at if isinstance(change.view, JobView) else None

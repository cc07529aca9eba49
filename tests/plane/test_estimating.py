"""When estimates are made anew, with a clock and pauses that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from headway.errors import StoreError
from headway.hub import LARGEST, Hub
from headway.model.events import AnyEvent
from headway.model.keys import JobKey
from headway.model.views import AnyView, JobView
from headway.plane.estimating import SLICE, Estimating
from headway.plane.live import Live
from headway.store.contract import Change

SETTLED = 30  # turns of the loop after which nothing more happens by itself


class Forecasts:
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.rounds: list[list[str]] = []
        self.near: list[int] = []
        self.broken = False

    async def after(
        self, changed: Iterable[AnyView], live: Iterable[AnyView], now: float
    ) -> list[AnyEvent]:
        if self.broken:
            raise ValueError("an error of ours")
        self.rounds.append([view.key for view in changed])
        self.near.append(len(list(live)))
        return []

    def overdue(self, now: float) -> list[str]:
        return []


class Desk:
    """An `Estimating` beside its hub; each pause lasts until the test ends it."""

    def __init__(self) -> None:
        self.hub, self.live, self.forecasts = Hub(), Live(), Forecasts()
        self.pauses = 0
        self.refused = False
        self._pause = asyncio.Event()
        self._offset = 0
        self.estimating = Estimating(
            self.hub,
            self.live,
            self.forecasts,  # type: ignore[arg-type]
            report=self._report,
            clock=lambda: 0.0,
            sleep=self._sleep,
        )

    async def _report(self, events: Sequence[AnyEvent]) -> None:
        if self.refused:
            raise StoreError("the disk is full")

    async def _sleep(self, seconds: float) -> None:
        assert seconds >= 0.0
        self.pauses += 1
        self._pause.clear()
        await self._pause.wait()

    def tell(self, *jobs: str) -> None:
        changes = [self._change(*job.split("/")) for job in jobs]
        self.live.tell(changes)
        self.hub.publish(changes)

    def _change(self, source: str, native: str) -> Change:
        self._offset += 1
        key = JobKey(source, native).text
        view = JobView(key=key, source=source, native=native, phase="running")
        return Change(self._offset, key, view, edge=True)

    async def settle(self) -> None:
        for _ in range(SETTLED):
            await asyncio.sleep(0)

    async def go_on(self) -> None:
        self._pause.set()
        await self.settle()


@asynccontextmanager
async def desk() -> Any:
    made = Desk()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(made.estimating.run())
        await made.settle()
        yield made
        task.cancel()


async def test_many_changes_are_estimated_in_slices_that_cut_no_source_in_two() -> None:
    async with desk() as here:
        here.tell(*[f"s{n}/{k}" for n in range(5) for k in range(SLICE // 2)])
        await here.settle()
        assert [len(one) for one in here.forecasts.rounds] == [SLICE]
        await here.go_on()
        await here.go_on()
        await here.go_on()

    assert [len(one) for one in here.forecasts.rounds] == [SLICE, SLICE, SLICE // 2]
    assert here.forecasts.near == [SLICE, SLICE, SLICE // 2]


async def test_what_changes_again_meanwhile_keeps_its_place_and_is_estimated_once() -> None:
    async with desk() as here:
        here.tell(*[f"a/{n}" for n in range(SLICE)], "b/1", "c/1")
        await here.settle()
        here.tell("d/1", "c/1", "b/2", "b/1")
        await here.go_on()

    assert here.forecasts.rounds[1:] == [["b~1~", "b~2~", "c~1~", "d~1~"]]


async def test_beyond_what_the_mailbox_holds_all_that_is_live_is_due() -> None:
    async with desk() as here:
        here.tell("a/1")
        await here.settle()
        here.tell(*[f"b/{n}" for n in range(LARGEST + 1)])
        await here.settle()
        await here.go_on()
        for _ in range(LARGEST // SETTLED // 8):
            await here.settle()

    assert sum(len(one) for one in here.forecasts.rounds[1:]) == LARGEST + 2


async def test_neither_an_error_of_ours_nor_a_full_disk_ends_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with desk() as here:
        here.forecasts.broken = True
        here.tell("a/1")
        await here.settle()
        here.forecasts.broken, here.refused = False, True
        here.tell("a/2")
        await here.go_on()
        here.refused = False
        here.tell("a/3")
        await here.go_on()

    assert [one.getMessage().split()[0] for one in caplog.records] == [
        "forecast.failed",
        "store.failed",
    ]
    assert here.forecasts.rounds == [["a~2~"], ["a~3~"]]

"""The wall clock is set, or stands still while the machine sleeps: nothing is lost, nothing
is made up, and what is seen goes on being seen."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from headway.dialects.comfyui.desk import Want
from headway.fold.clock import moment
from headway.model.views import JobView
from headway.plane import Plane, Settings
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sources.comfyui import ComfyUI
from headway.sources.comfyui import Settings as ComfyUISettings
from headway.sources.pacing import AT_ONCE, Pacing
from headway.store.sqlite import SqliteStore
from headway.talk.status import status_of

LONGEST = 30.0  # seconds that anything here may take
HOUR = 3600.0


class Clock:
    """The wall clock, which can be set. What sleeps goes by the monotonic one."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self._ahead

    def set(self, by: float) -> None:
        """From now on it shows so many seconds more."""
        self._ahead += by


class Place:
    """A simulated ComfyUI and the plane that watches it, on one machine."""

    def __init__(self, sim: SimComfyUI, plane: Plane, clock: Clock) -> None:
        self.sim = sim
        self.plane = plane
        self.clock = clock

    async def job(self, native: str) -> JobView | None:
        """The job of that native id."""
        keys = await self.plane.read("resolve", native)
        return await self.plane.read("get", keys[-1]) if keys else None

    async def until(self, native: str, holds: Callable[[JobView], bool]) -> JobView:
        """The job, once that holds of it."""

        async def asked() -> bool:
            job = await self.job(native)
            return job is not None and holds(job)

        assert await self.plane.wait(asked, within=LONGEST), await self.job(native)
        job = await self.job(native)
        assert job is not None
        return job


@asynccontextmanager
async def place(state: Path, *, both: bool = True, **simulated: Any) -> AsyncIterator[Place]:
    """`both`: the ComfyUI has the clock that will be set; else one of its own."""
    clock = Clock()
    async with SimComfyUI(clock=clock if both else time.time, **simulated) as sim:
        source = ComfyUI(ComfyUISettings(name="comfy", url=sim.url), clock=clock)
        store = SqliteStore.open(state / "headway.db")
        async with Plane(
            store, sources=[source], settings=Settings(discover=False), clock=clock
        ) as plane:
            yield Place(sim, plane, clock)


def runs(job: JobView) -> bool:
    return any(bar.done >= 2 for bar in job.bars)


def over(job: JobView) -> bool:
    return job.outcome is not None


SETS = pytest.mark.parametrize("by", [-HOUR, HOUR], ids=["back", "ahead"])
WHOSE = pytest.mark.parametrize("both", [True, False], ids=["of both", "of ours"])


@SETS
@WHOSE
async def test_a_job_that_runs_while_the_clock_is_set_is_followed_to_its_end(
    tmp_path: Path, by: float, both: bool
) -> None:
    async with place(tmp_path, both=both, speed=25) as here:
        native = here.sim.submit(workflows.text_to_image(steps=12), client_id="a")
        before = await here.until(native, runs)

        here.clock.set(by)
        shown = moment(before, None, here.clock())
        after = await here.until(native, over)

        assert after.outcome == "succeeded"
        assert shown.elapsed is not None
        assert shown.elapsed >= 0.0
        assert after.ended_at is not None


@SETS
async def test_what_waits_and_is_deleted_after_the_clock_was_set_is_still_seen_to_go(
    tmp_path: Path, by: float
) -> None:
    # Nobody is told of a deletion: it is seen by looking at the queue, which is paced by a clock.
    async with place(tmp_path, speed=20) as here:
        first = here.sim.submit(workflows.ticking(ticks=5000), client_id="a")
        waiting = here.sim.submit(workflows.text_to_image(seed=1), client_id="b")
        await here.until(waiting, lambda job: job.phase == "queued")

        here.clock.set(by)
        here.sim.delete(waiting)
        gone = await here.until(waiting, over)
        here.sim.interrupt()

        # After an hour that nobody saw, it may have run as well as been deleted.
        assert gone.outcome in ("cancelled", "unknown")
        assert (await here.until(first, over)).outcome == "cancelled"


def test_a_queue_is_looked_at_as_often_after_the_clock_was_set_back_as_before() -> None:
    pacing, now, looks = Pacing(every=1.0), 10_000.0, []
    for tick in range(400):
        now += 0.1 if tick != 200 else -HOUR
        pacing.wish(Want("listing"))
        looks += [tick] if pacing.next(now)[0] else []

    before, after = (sum(tick in half for tick in looks) for half in (range(200), range(200, 400)))

    assert after >= before - AT_ONCE


@SETS
async def test_nothing_in_the_status_is_negative_or_lost_after_the_clock_was_set(
    tmp_path: Path, by: float
) -> None:
    async with place(tmp_path, speed=10) as here:
        native = here.sim.submit(workflows.ticking(ticks=5000), client_id="a")
        await here.until(native, lambda job: job.phase == "running")

        here.clock.set(by)
        views = [change.view for change in here.plane.live().values()]
        status = status_of(views, now=here.clock(), version="1")
        here.sim.interrupt()
        ended = await here.until(native, over)

        assert status["generations_running"] == 1
        assert all(value >= 0.0 for value in _ages(status)), status
        assert ended.outcome == "cancelled"


@SETS
async def test_a_cursor_from_before_the_clock_was_set_is_resumed_after(
    tmp_path: Path, by: float
) -> None:
    async with place(tmp_path, speed=float("inf")) as here:
        first = here.sim.submit(workflows.text_to_image(seed=1))
        await here.until(first, over)
        _, cursor, _, mailbox = await here.plane.open(None)

        here.clock.set(by)
        second = here.sim.submit(workflows.text_to_image(seed=2))
        await here.until(second, over)
        resumed, _, changes, _ = await here.plane.open(cursor)

        told = {one.key for one in changes if isinstance(one.view, JobView)}
        assert resumed
        assert any(second in key for key in told)
        assert not any(first in key for key in told)
        mailbox.take()


def _ages(value: Any) -> list[float]:
    """Every age and duration in the answer."""
    if isinstance(value, list):
        return [age for one in value for age in _ages(one)]
    if not isinstance(value, dict):
        return []
    found = [age for one in value.values() for age in _ages(one)]
    for name, one in value.items():
        if name.endswith(("age", "elapsed", "eta")) and isinstance(one, int | float):
            found.append(float(one))
    return found

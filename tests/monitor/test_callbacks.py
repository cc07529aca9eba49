"""Callbacks: none is held up by another, none can break the rest."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.monitor.scene import LONGEST, Ears, monitoring

from headway.monitor import ProgressStatus, ProgressUpdate
from headway.monitor.callbacks import Callbacks
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI


def update(percent: float, job_id: int = 1, **more: object) -> ProgressUpdate:
    return ProgressUpdate(
        job_id=job_id,
        comfyui_prompt_id="p",
        status=ProgressStatus.PROCESSING,
        progress_percent=percent,
    )


def is_at(percent: float) -> object:
    return lambda one: one.progress_percent == percent


@asynccontextmanager
async def calling(*callbacks: object) -> AsyncIterator[Callbacks]:
    found, stop = Callbacks(), asyncio.Event()
    for one in callbacks:
        found.add(one)  # type: ignore[arg-type]
    async with asyncio.TaskGroup() as group:
        group.create_task(found.run(stop))
        try:
            yield found
        finally:
            stop.set()


async def test_a_slow_callback_delays_no_other_and_misses_no_newest() -> None:
    gate, got, ears = asyncio.Event(), Ears(), Ears()

    async def slow(one: ProgressUpdate) -> None:
        await gate.wait()
        got(one)

    async with calling(slow, ears) as callbacks:
        for percent in (1.0, 2.0, 3.0):
            callbacks.tell(update(percent))
            await ears.until(is_at(percent))  # type: ignore[arg-type]
        gate.set()
        await got.until(is_at(3.0))  # type: ignore[arg-type]

    assert [one.progress_percent for one in got.heard] == [1.0, 3.0]


async def test_what_a_callback_raises_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    ears = Ears()

    def breaks(one: ProgressUpdate) -> None:
        raise ValueError("of the program")

    async def gives_up(one: ProgressUpdate) -> None:
        raise asyncio.CancelledError

    async with calling(breaks, gives_up, ears) as callbacks:
        for percent in (1.0, 2.0):
            callbacks.tell(update(percent))
            await ears.until(is_at(percent))  # type: ignore[arg-type]

    failures = [one for one in caplog.records if "callback.failed" in one.message]
    assert len(failures) == 4
    assert {one.levelno for one in failures} == {logging.ERROR, logging.WARNING}


async def test_a_callback_may_remove_itself() -> None:
    ears, once = Ears(), Ears()

    async with calling(ears) as callbacks:

        def only_once(one: ProgressUpdate) -> None:
            once(one)
            callbacks.remove(only_once)

        callbacks.add(only_once)
        for percent in (1.0, 2.0):
            callbacks.tell(update(percent))
            await ears.until(is_at(percent))  # type: ignore[arg-type]
            await once.until(is_at(1.0))  # type: ignore[arg-type]

    assert len(once.heard) == 1


async def test_a_callback_added_twice_is_told_once() -> None:
    ears = Ears()
    async with calling(ears, ears) as callbacks:
        callbacks.tell(update(1.0))
        callbacks.tell(update(2.0, job_id=2))
        await ears.until(is_at(2.0))  # type: ignore[arg-type]

    assert len(ears.heard) == 2


async def test_a_call_under_way_may_return_before_the_stop_is_over() -> None:
    began, ended = asyncio.Event(), Ears()

    async def slow(one: ProgressUpdate) -> None:
        began.set()
        await asyncio.sleep(0.01)
        ended(one)

    async with calling(slow) as callbacks:
        callbacks.tell(update(1.0))
        await began.wait()
        callbacks.tell(update(2.0))

    assert [one.progress_percent for one in ended.heard] == [1.0]


async def test_a_callback_may_stop_the_monitor(sim: SimComfyUI, tmp_path: Path) -> None:
    stopped = asyncio.Event()
    async with monitoring(sim, tmp_path) as (monitor, _):

        async def stop_at_the_end(one: ProgressUpdate) -> None:
            if one.status == "completed":
                await monitor.stop_monitoring()
                stopped.set()

        monitor.add_progress_callback(stop_at_the_end)
        monitor.monitor_job(123, sim.submit(workflows.text_to_image(steps=2)))
        async with asyncio.timeout(LONGEST):
            await stopped.wait()
        await monitor.stop_monitoring()

        assert not monitor.is_monitoring


async def test_another_thread_may_monitor_and_listen(sim: SimComfyUI, tmp_path: Path) -> None:
    async with monitoring(sim, tmp_path) as (monitor, ears):
        more = Ears()
        prompt = sim.submit(workflows.text_to_image(steps=2))
        await asyncio.to_thread(monitor.add_progress_callback, more)
        await asyncio.to_thread(monitor.monitor_job, 123, prompt)

        assert (await more.end()).status == (await ears.end()).status

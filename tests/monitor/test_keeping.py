"""Servers come and go; the monitor stays."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.monitor.scene import LONGEST, holds, monitoring, server

from headway.errors import Unreachable
from headway.monitor import StatusMonitor
from headway.monitor.hosting import Settings
from headway.monitor.keeping import ABSENT, Keeper
from headway.server.serve import Serving
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.store.memory import MemoryStore
from headway.transport.place import Place


async def test_a_server_that_goes_away_and_comes_back_is_followed_again(
    sim: SimComfyUI, state: Path, tmp_path: Path
) -> None:
    run_file = state / "server.run"
    async with AsyncExitStack() as first:
        serving = await first.enter_async_context(server(sim, run_file))
        port = serving.addresses[0].port
        async with monitoring(sim, tmp_path, websocket_port=port, database=None) as (monitor, ears):
            monitor.monitor_job(123, sim.submit(workflows.ticking(ticks=5000)))
            await ears.until(lambda one: one.status == "processing")
            await first.aclose()
            await holds(lambda: _runs(monitor, None))
            last = await monitor.get_progress(123)
            async with server(sim, run_file, port=port, store=MemoryStore()):
                await holds(lambda: _runs(monitor, 1))
                sim.interrupt()
                end = await ears.end()

    assert last is not None
    assert last.status == "processing"
    assert end.status == "cancelled"


async def _runs(monitor: StatusMonitor, jobs: int | None) -> bool:
    return (await monitor.get_queue_statistics())["running_jobs"] == jobs


async def test_a_server_that_stays_away_is_replaced(
    sim: SimComfyUI, state: Path, tmp_path: Path
) -> None:
    """Not before `ABSENT` seconds, which here pass with the waits between attempts."""
    places: list[Place] = []
    waits: list[float] = []
    replaced = asyncio.Event()

    async with AsyncExitStack() as stack:
        serving = await stack.enter_async_context(server(sim, state / "server.run"))
        port = serving.addresses[0].port

        async def follow(place: Place) -> None:
            places.append(place)
            if len(places) > 1:
                replaced.set()
                await asyncio.Event().wait()
            await stack.aclose()
            raise Unreachable("it went away")

        async def sleep(seconds: float) -> None:
            waits.append(seconds)
            await asyncio.sleep(0)

        keeper = Keeper(
            Settings(port=port, url=sim.url, store=str(tmp_path / "own.db")),
            follow,
            lambda: True,
            clock=lambda: 1_000.0 + sum(waits),
            sleep=sleep,
        )
        async with asyncio.timeout(LONGEST), asyncio.TaskGroup() as group:
            keeping = group.create_task(keeper.keep())
            await replaced.wait()
            keeping.cancel()

    assert [one.url for one in places] == [f"http://127.0.0.1:{port}"] * 2
    assert places[0].token != places[1].token
    assert sum(waits) >= ABSENT


async def test_a_second_program_attaches_to_the_first_ones_server(
    sim: SimComfyUI, tmp_path: Path
) -> None:
    """Several workers of one web application: the first to come serves."""
    async with monitoring(sim, tmp_path) as (first, ears):
        port = int(first.websocket_url.rpartition(":")[2])
        async with monitoring(sim, tmp_path, websocket_port=port) as (second, theirs):
            prompt = sim.submit(workflows.text_to_image(steps=2))
            second.monitor_job(7, prompt)

            assert (await theirs.end(7)).status == "completed"
            told = await first.get_progress(7)

    assert ears.heard == []
    assert told is not None
    assert told.comfyui_prompt_id == prompt


@pytest.mark.parametrize("other", [False, True])
async def test_who_attaches_hears_that_its_comfyui_is_not_watched_there(
    sim: SimComfyUI, state: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, other: bool
) -> None:
    async with server(sim, state / "server.run") as serving:
        await serving.door.plane.wait(lambda: _seen(serving), within=LONGEST)
        more = {"comfyui_url": "http://127.0.0.1:1"} if other else {}
        port = serving.addresses[0].port
        async with monitoring(sim, tmp_path, websocket_port=port, database=None, **more):
            pass

    warned = [one for one in caplog.records if "monitor.unwatched" in one.getMessage()]
    assert len(warned) == int(other)


async def _seen(serving: Serving) -> bool:
    change = serving.door.plane.live().get("comfy")
    return change is not None and change.view.seen is True

"""The hands, over real sockets, beside a simulated ComfyUI."""

from __future__ import annotations

import math
from typing import Any

import pytest
from tests.sources.watching import watching

from headway.errors import SourceLost, UsageError
from headway.model.views import JobView
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sources.comfyui import ComfyUI, Settings

VERSIONS = ["0.3.45", "0.3.64", "0.3.69", "0.6.0", "0.12.1"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_somebody_elses_job_is_followed_to_its_end(version: str) -> None:
    async with SimComfyUI(speed=20, version=version) as comfy, watching(comfy.url) as watch:
        mine = comfy.submit(workflows.text_to_image(steps=20), client_id="other")
        await watch.until(lambda: watch.phase(mine) == "succeeded")

        job = watch.job(mine)
        assert job is not None
        assert (job.basis, job.steps_needed, len(job.outputs)) == ("observed", 7, 1)
        assert any(getattr(one, "step", "") == "3" for one in watch.events)
        assert watch.itself().readings["version"] == version
        assert watch.itself().readings["tier"] == 1


async def test_without_the_console_it_is_tier_0_and_the_end_is_seen_all_the_same() -> None:
    async with SimComfyUI(speed=20) as comfy, watching(comfy.url, logs=False) as watch:
        mine = comfy.submit(workflows.text_to_image(), client_id="other")
        await watch.until(lambda: watch.phase(mine) == "succeeded")

        assert watch.itself().readings["tier"] == 0


async def test_a_job_without_a_client_is_followed_exactly() -> None:
    async with SimComfyUI(speed=20) as comfy, watching(comfy.url) as watch:
        mine = comfy.submit(workflows.parallel())
        await watch.until(lambda: watch.phase(mine) == "succeeded")

        exact = [one for one in watch.events if type(one).__name__ == "Progress"]
        assert {one.basis for one in exact} == {"observed"}  # type: ignore[union-attr]


async def test_who_comes_late_knows_the_step_at_once() -> None:
    async with SimComfyUI(speed=5) as comfy:
        mine = comfy.submit(workflows.text_to_image(steps=60), client_id="other")
        await comfy.until(lambda: comfy.running)
        async with watching(comfy.url) as first:
            await first.until(lambda: (job := first.job(mine)) and job.bars)
        async with watching(comfy.url) as watch:
            assert watch.first is not None
            (job,) = watch.first

        assert (job.native, job.phase) == (mine, "running")
        assert job.title == "tiny 512×512 · 60 steps"
        assert [bar.step for bar in job.bars] == ["3"]


async def test_a_failure_and_a_cancel_are_told_apart() -> None:
    async with SimComfyUI(speed=20) as comfy, watching(comfy.url) as watch:
        bad = comfy.submit(workflows.failing(tag="no"), client_id="other")
        await watch.until(lambda: watch.phase(bad) == "failed")
        slow = comfy.submit(workflows.ticking(ticks=500), client_id="other")
        await watch.until(lambda: watch.phase(slow) == "running")
        comfy.interrupt()
        await watch.until(lambda: watch.phase(slow) == "cancelled")

        assert "BenchFail" in watch.job(bad).why  # type: ignore[union-attr]


async def test_a_job_deleted_while_waiting_is_cancelled() -> None:
    async with SimComfyUI(speed=20) as comfy, watching(comfy.url) as watch:
        comfy.submit(workflows.ticking(ticks=200, seconds=1.0), client_id="other")
        mine = comfy.submit(workflows.text_to_image(), client_id="other")
        await watch.until(lambda: watch.phase(mine) == "queued")
        comfy.delete(mine)
        await watch.until(lambda: watch.phase(mine) == "cancelled")

        assert watch.job(mine).basis == "inferred"  # type: ignore[union-attr]


async def test_a_restart_in_mid_job_is_lost_with_its_proof() -> None:
    source: ComfyUI
    async with SimComfyUI(speed=20) as comfy:
        source = ComfyUI(Settings(name="comfy", url=comfy.url))
        async with watching(comfy.url, source=source) as watch:
            mine = comfy.submit(workflows.ticking(ticks=500, seconds=1.0), client_id="other")
            await watch.until(lambda: watch.phase(mine) == "running")
            await comfy.restart()
            await watch.until(lambda: watch.lost)
        assert watch.phase(mine) == "running"
        async with watching(comfy.url, source=source) as again:
            await again.until(lambda: again.phase(mine) == "lost")

        assert "started at" in again.job(mine).evidence  # type: ignore[union-attr]
        assert again.itself().readings["instance"] == 1


async def test_a_lost_connection_without_a_restart_loses_no_job() -> None:
    async with SimComfyUI(speed=20) as comfy:
        source = ComfyUI(Settings(name="comfy", url=comfy.url))
        async with watching(comfy.url, source=source) as watch:
            mine = comfy.submit(workflows.text_to_image(steps=100), client_id="other")
            await watch.until(lambda: watch.phase(mine) == "running")
            await comfy.refuse()
            await watch.until(lambda: watch.lost)
        await comfy.accept()
        async with watching(comfy.url, source=source) as again:
            await again.until(lambda: again.phase(mine) == "succeeded")

        assert again.itself().readings["instance"] == 0


async def test_a_new_program_judges_the_jobs_of_the_one_before() -> None:
    async with SimComfyUI(speed=20) as comfy:
        mine = comfy.submit(workflows.text_to_image(), client_id="other")
        await comfy.finished(mine)
        created = comfy.prompts[0][3]["create_time"]
        known = JobView(key=f"comfy~{mine}~{created}", source="comfy", native=mine, phase="running")
        async with watching(comfy.url, known=[known]) as watch:
            await watch.until(lambda: watch.phase(mine) == "succeeded")


async def test_cleared_history_is_unknown_and_not_done() -> None:
    async with SimComfyUI(speed=20) as comfy, watching(comfy.url) as watch:
        comfy.slow_history(0.0)
        mine = comfy.submit(workflows.ticking(ticks=6, seconds=1.0), client_id="other")
        await watch.until(lambda: watch.phase(mine) == "running")
        await comfy.finished(mine)
        comfy.clear_history()
        await watch.until(lambda: (job := watch.job(mine)) and job.outcome)

        assert watch.phase(mine) == "unknown"


async def test_slow_history_delays_the_end_and_changes_nothing() -> None:
    async with SimComfyUI(speed=20) as comfy, watching(comfy.url) as watch:
        comfy.slow_history(0.7)
        mine = comfy.submit(workflows.text_to_image(), client_id="other")
        await watch.until(lambda: watch.phase(mine) == "succeeded")


async def test_a_socket_that_is_stuck_elsewhere_does_not_blind_us() -> None:
    async with SimComfyUI(speed=20) as comfy, watching(comfy.url) as watch:
        first = comfy.submit(workflows.ticking(ticks=100, seconds=1.0), client_id="other")
        await watch.until(lambda: watch.phase(first) == "running")
        comfy.stick()
        second = comfy.submit(workflows.ticking(ticks=20, seconds=1.0), client_id="other")
        await watch.until(lambda: watch.phase(second) == "succeeded")

        third = comfy.submit(workflows.ticking(ticks=20, seconds=1.0, tag="3"), client_id="other")
        await watch.until(lambda: watch.phase(third) == "succeeded")


async def test_a_queue_of_many_is_read_once_with_graphs() -> None:
    async with SimComfyUI(speed=20) as comfy:
        comfy.submit(workflows.ticking(ticks=500, seconds=1.0))
        many = [comfy.submit(workflows.text_to_image(seed=n)) for n in range(300)]
        async with watching(comfy.url) as watch:
            assert watch.job(many[-1]).position == 300  # type: ignore[union-attr]
            assert watch.job(many[-1]).title  # type: ignore[union-attr]


async def test_outputs_are_handed_over_in_ranges_and_only_from_their_place() -> None:
    async with SimComfyUI(speed=math.inf) as comfy:
        source = ComfyUI(Settings(name="comfy", url=comfy.url))
        mine = comfy.submit(workflows.empty_image())
        made = (await comfy.finished(mine))["outputs"]["2"]["images"][0]
        whole = await source.artefact(made)
        body = b"".join([piece async for piece in whole.body])
        part = await source.artefact(made, range="bytes=0-3")
        start = b"".join([piece async for piece in part.body])

    assert (whole.status, whole.headers["Content-Type"]) == (200, "image/png")
    assert (part.status, start) == (206, body[:4])


OUTSIDE: list[dict[str, Any]] = [
    {},
    {"filename": "../x.png"},
    {"filename": "..", "subfolder": ""},
    {"filename": "x.png", "subfolder": "../.."},
    {"filename": "x.png", "subfolder": "/etc"},
    {"filename": "x.png", "subfolder": "a\\..\\b"},
    {"filename": "C:x.png"},
    {"filename": "x.png", "type": "models"},
    {"filename": 3},
]


@pytest.mark.parametrize("place", OUTSIDE)
async def test_a_place_outside_is_not_even_asked_for(place: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        await ComfyUI().artefact(place)


async def test_nobody_there_is_a_loss_with_a_hint() -> None:
    with pytest.raises(SourceLost) as lost:
        async with watching("http://127.0.0.1:1"):
            pass

    assert lost.value.retry
    assert lost.value.hint

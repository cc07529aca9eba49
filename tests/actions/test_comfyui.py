"""Acting on a ComfyUI: what is asked for is done, to what it was asked for and nothing else."""

from __future__ import annotations

import asyncio
import math
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from headway.actions.comfyui import ComfyUI, Settings, Submission
from headway.actions.contract import Stop, Work
from headway.errors import SourceLost, UsageError
from headway.fold.admit import admit
from headway.model.events import AnyEvent, Progress
from headway.model.views import JobView
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.store.memory import MemoryStore

PATIENCE = 30.0  # seconds


def actor(comfy: SimComfyUI) -> ComfyUI:
    return ComfyUI(Settings(name="comfy", url=comfy.url))


def work(graph: workflows.Graph | None = None, **meta: str) -> Work:
    return Work(id=str(uuid.uuid4()), body=graph or workflows.text_to_image(), meta=meta)


def long() -> Work:
    """Work that is not over before the test is."""
    return work(workflows.text_to_image(steps=10_000))


class Told:
    """What a submission told, folded."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.events: list[AnyEvent] = []
        self._news = asyncio.Event()

    async def hear(self, one: Submission) -> None:
        async for batch in one.events():
            self.take(batch)

    def take(self, batch: list[AnyEvent]) -> None:
        self.events += batch
        self.store.append([admit(event, event.at) for event in batch])
        self._news.set()

    async def something(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self._news.wait()

    def job(self, key: str) -> JobView:
        view = self.store.get(key)
        assert isinstance(view, JobView)
        return view

    async def until(self, key: str, phase: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.job(key).phase != phase:
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def submitted(by: ComfyUI, what: Work) -> AsyncIterator[tuple[Submission, Told]]:
    """A submission that somebody listens to in the background."""
    told = Told()
    async with by.submit(what) as one, asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(told.hear(one))
        await told.something()
        yield one, told
        listening.cancel()


async def test_a_submission_is_told_to_its_outcome_with_every_step() -> None:
    async with SimComfyUI(speed=20) as comfy:
        told = Told()
        async with actor(comfy).submit(work(title="a fox")) as one:
            async with asyncio.timeout(PATIENCE):
                await told.hear(one)

    (key,) = one.jobs
    job = told.job(key)
    assert (job.phase, job.title, job.fraction) == ("succeeded", "a fox", 1.0)
    assert [output.n for output in job.outputs] == [0]
    steps = [step.step for step in told.store.steps(key)]
    assert sorted(steps) == ["3", "4", "5", "6", "7", "8", "9"]
    bars = [event for event in told.events if isinstance(event, Progress) and event.step == "3"]
    assert {event.total for event in bars} == {8}
    assert {event.basis for event in bars} == {"reported"}


async def test_a_refused_graph_is_told_with_the_nearest_names() -> None:
    async with SimComfyUI(speed=math.inf) as comfy:
        with pytest.raises(UsageError) as error:
            async with actor(comfy).submit(work(workflows.text_to_image(sampler="eulr"))):
                pass

    assert "no sampler_name 'eulr'" in str(error.value)
    assert "nearest for sampler_name: euler" in error.value.hint


async def test_a_failure_is_an_outcome_and_no_exception() -> None:
    async with SimComfyUI(speed=20) as comfy:
        told = Told()
        async with actor(comfy).submit(work(workflows.failing(tag="no", seed=3))) as one:
            async with asyncio.timeout(PATIENCE):
                await told.hear(one)

    assert told.job(one.jobs[0]).phase == "failed"


async def test_cancelling_one_that_runs_leaves_the_others_alone() -> None:
    async with SimComfyUI(speed=20) as comfy:
        by = actor(comfy)
        async with submitted(by, long()) as (first, told), submitted(by, long()) as (second, later):
            await told.until(first.jobs[0], "running")
            stop = await by.stops(first.jobs)
            assert (stop.jobs, stop.also, stop.consent) == (first.jobs, 0, False)

            result = await by.cancel(stop, within=PATIENCE)

            assert result.result == "cancelled"
            await told.until(first.jobs[0], "cancelled")
            await later.until(second.jobs[0], "running")


async def test_cancelling_one_that_waits_takes_it_out_of_the_queue() -> None:
    async with SimComfyUI(speed=20) as comfy:
        by = actor(comfy)
        async with submitted(by, long()) as (first, told), submitted(by, long()) as (second, later):
            await told.until(first.jobs[0], "running")

            result = await by.cancel(await by.stops(second.jobs), within=PATIENCE)

            assert result.result == "cancelled"
            await later.until(second.jobs[0], "cancelled")
            assert told.job(first.jobs[0]).phase == "running"


async def test_whoever_submitted_can_ask_to_stop_it() -> None:
    async with SimComfyUI(speed=20) as comfy, submitted(actor(comfy), long()) as (one, told):
        await told.until(one.jobs[0], "running")
        await one.cancel()
        await told.until(one.jobs[0], "cancelled")


async def test_a_server_that_interrupts_whoever_runs_takes_consent() -> None:
    async with SimComfyUI(speed=20, version="0.3.45") as comfy:
        by = actor(comfy)
        async with submitted(by, long()) as (one, told):
            await told.until(one.jobs[0], "running")
            stop = await by.stops(one.jobs)

            assert stop.consent
            assert stop.also is None
            assert (await by.cancel(stop, within=PATIENCE)).result == "cancelled"


async def test_what_is_over_already_is_said_so() -> None:
    async with SimComfyUI(speed=50) as comfy:
        by = actor(comfy)
        told = Told()
        async with by.submit(work()) as one, asyncio.timeout(PATIENCE):
            await told.hear(one)

        assert await by.stops(one.jobs) == Stop(jobs=(), also=0)
        assert (await by.cancel(Stop(jobs=one.jobs))).result == "over"


async def test_a_job_that_does_not_stop_in_time_is_still_stopping() -> None:
    async with SimComfyUI(speed=0.01) as comfy:
        by = actor(comfy)
        async with submitted(by, long()) as (one, _):
            comfy.kill_worker()
            assert (await by.cancel(Stop(jobs=one.jobs), within=0.5)).result == "stopping"


async def test_the_models_and_the_choices_of_an_input_are_listed() -> None:
    async with SimComfyUI(speed=math.inf) as comfy:
        by = actor(comfy)

        assert workflows.CHECKPOINT in [one.name for one in await by.models()]
        assert "euler" in (await by.choices("KSampler", "sampler_name") or [])
        assert await by.choices("NoSuchNode", "x") is None
        with pytest.raises(UsageError, match="no kind of model"):
            await by.models("hats")


async def test_a_server_that_is_not_there_is_told() -> None:
    async with SimComfyUI(speed=math.inf) as comfy:
        by = actor(comfy)

    with pytest.raises(SourceLost):
        async with by.submit(work()):
            pass
    with pytest.raises(SourceLost):
        await by.stops(["comfy~a~1"])


async def test_a_server_that_goes_away_is_a_loss_and_no_outcome() -> None:
    told = Told()

    async def leave(comfy: SimComfyUI) -> str:
        async with actor(comfy).submit(work()) as one, asyncio.timeout(PATIENCE):
            await comfy.refuse()
            await told.hear(one)
        return one.jobs[0]

    async with SimComfyUI(speed=0.1) as comfy:
        with pytest.raises(SourceLost):
            await leave(comfy)

    (job,) = [change.view for change in told.store.live()]
    assert isinstance(job, JobView)
    assert job.outcome is None

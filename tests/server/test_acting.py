"""Submitting and cancelling through the door, at simulated back ends."""

from __future__ import annotations

import asyncio
import json
import math
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.server.house import Answer, Builder, House
from tests.server.sample import running

from headway.actions.comfyui import ComfyUI as ComfyActor
from headway.actions.comfyui import Settings as ComfySettings
from headway.actions.contract import Actor
from headway.actions.swarmui import Settings as SwarmSettings
from headway.actions.swarmui import SwarmUI as SwarmActor
from headway.host.sessions import Sessions
from headway.model.views import JobView
from headway.server.settings import Limits, Settings
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sim.swarmui import SimSwarmUI
from headway.sources.comfyui import ComfyUI
from headway.sources.comfyui import Settings as Watching

PATIENCE = 60.0  # seconds
MANY = 20  # submissions at once; fifty are `python -m bench.detach`
LONG = 10_000  # steps: not over before the test is
FOX = {"image": {"prompt": "a fox"}}


class Yard:
    """A door that may act on a simulated ComfyUI that it watches."""

    def __init__(self, house: House, comfy: SimComfyUI) -> None:
        self.house = house
        self.comfy = comfy

    async def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return await post(self.house, path, body, **headers)

    async def job(self, key: str) -> JobView:
        view = await self.house.plane.read("get", key)
        assert isinstance(view, JobView)
        return view

    async def until(self, key: str, phase: str) -> None:
        async def holds() -> bool:
            return (await self.job(key)).phase == phase

        assert await self.house.plane.wait(holds, within=PATIENCE)


async def post(house: House, path: str, body: Any = None, **headers: str) -> Answer:
    sent = {"Content-Type": "application/json"} | house.token | headers
    async with house.session.post(
        house.url + path, data=json.dumps(body or {}), headers=sent
    ) as answer:
        return Answer(answer, await answer.read())


@asynccontextmanager
async def watching(
    build: Builder, comfy: SimComfyUI, settings: Settings | None = None
) -> AsyncIterator[Yard]:
    source = ComfyUI(Watching(name="comfy", url=comfy.url))
    by: Sequence[Actor] = (ComfyActor(ComfySettings(name="comfy", url=comfy.url)),)
    house = await build(settings, actors=lambda: by, sources=[source])

    async def seen() -> bool:
        change = house.plane.live().get("comfy")
        return change is not None and change.view.seen is True

    assert await house.plane.wait(seen, within=PATIENCE)
    yield Yard(house, comfy)


@pytest.fixture
async def yard(build: Builder) -> AsyncIterator[Yard]:
    async with SimComfyUI(speed=50) as comfy, watching(build, comfy) as one:
        yield one


async def test_a_job_is_answered_with_its_key_and_followed_to_its_outcome(yard: Yard) -> None:
    answer = await yard.post("/api/v1/jobs", FOX | {"title": "the fox"})

    assert answer.status == 200
    assert answer.json["backend"] == "comfy"
    assert isinstance(answer.json["seed"], int)
    (key,) = answer.json["jobs"]
    await yard.until(key, "succeeded")
    job = await yard.job(key)
    assert (job.title, job.fraction) == ("the fox", 1.0)
    assert job.meta["submitted_by"]


async def test_a_workflow_is_submitted_with_what_was_set(yard: Yard) -> None:
    order = {"workflow": workflows.text_to_image(steps=3), "set": ["3.steps=5"]}

    (key,) = (await yard.post("/api/v1/jobs", order)).json["jobs"]

    await yard.until(key, "succeeded")
    assert (await yard.job(key)).meta["sampling_steps"] == 5


@pytest.mark.parametrize(
    ("order", "status", "said"),
    [
        ({}, 400, "either an image or a workflow"),
        ({"image": {"prompt": " "}}, 400, "needs a prompt"),
        ({"image": {"prompt": "x", "model": "tinny"}}, 400, "tiny.safetensors"),
        ({"image": {"prompt": "x", "sampler": "eulr"}}, 400, "euler"),
        ({"image": {"prompt": "x", "width": 0}}, 400, "width"),
        ({"image": {"prompt": "x"}, "set": ["3.steps=1"]}, 400, "give the workflow"),
        ({"workflow": {"nodes": []}}, 400, "not of its API"),
        ({"workflow": {"3": {}}}, 400, "class_type"),
        (FOX | {"backend": "attic"}, 400, "known: comfy"),
        (FOX | {"colour": "red"}, 400, "colour"),
    ],
)
async def test_what_does_not_fit_is_refused_and_nothing_is_sent(
    yard: Yard, order: Any, status: int, said: str
) -> None:
    answer = await yard.post("/api/v1/jobs", order)

    assert answer.status == status
    assert said in answer.text
    assert yard.comfy.prompts == []


async def test_only_json_is_taken_and_a_get_submits_nothing(yard: Yard) -> None:
    plain = await yard.post("/api/v1/jobs", FOX, **{"Content-Type": "text/plain"})
    got = await yard.house.get("/api/v1/jobs?prompt=x", mine=True)

    assert (plain.status, plain.kind) == (415, "media-refused")
    assert got.status == 400
    assert yard.comfy.prompts == []


async def test_a_post_that_is_sent_twice_with_its_key_is_submitted_once(yard: Yard) -> None:
    named = {"Idempotency-Key": "fox-1"}

    first = await yard.post("/api/v1/jobs", FOX, **named)
    second = await yard.post("/api/v1/jobs", FOX, **named)
    other = await yard.post("/api/v1/jobs", {"image": {"prompt": "an owl"}}, **named)

    assert first.body == second.body
    assert (other.status, other.kind) == (422, "used-key")
    assert len(yard.comfy.prompts) == 1


async def test_many_at_once_lose_and_double_nothing(build: Builder) -> None:
    async with SimComfyUI(speed=math.inf) as comfy, watching(build, comfy) as yard:
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
            asked = [
                tasks.create_task(
                    yard.post("/api/v1/jobs", {"image": {"prompt": f"fox {n}", "steps": 1}})
                )
                for n in range(MANY)
            ]
        keys = [key for one in asked for key in one.result().json["jobs"]]
        for key in keys:
            await yard.until(key, "succeeded")

        assert len(set(keys)) == MANY
        assert len(comfy.prompts) == MANY
        titles = {(await yard.job(key)).title for key in keys}
        assert titles == {f"fox {n}" for n in range(MANY)}


async def test_beyond_the_bound_nothing_is_sent(build: Builder) -> None:
    few = Settings(port=0, limits=Limits(submissions=1))
    async with SimComfyUI(speed=50) as comfy, watching(build, comfy, few) as yard:
        order = {"workflow": workflows.text_to_image(steps=LONG)}
        assert (await yard.post("/api/v1/jobs", order)).status == 200

        answer = await yard.post("/api/v1/jobs", order)

        assert (answer.status, answer.kind) == (429, "slow-down")
        assert int(answer.headers["Retry-After"]) >= 1
        assert len(comfy.prompts) == 1


async def test_a_job_is_cancelled_and_no_other(yard: Yard) -> None:
    order = {"workflow": workflows.text_to_image(steps=LONG)}
    (first,) = (await yard.post("/api/v1/jobs", order)).json["jobs"]
    (second,) = (await yard.post("/api/v1/jobs", order)).json["jobs"]
    await yard.until(first, "running")

    answer = await yard.post(f"/api/v1/jobs/{second}/cancel")

    assert answer.json == {"job": second, "result": "cancelled", "also": 0, "why": ""}
    await yard.until(second, "cancelled")
    assert (await yard.job(first)).phase == "running"


async def test_what_is_over_is_said_to_be_over(yard: Yard) -> None:
    (key,) = (await yard.post("/api/v1/jobs", FOX)).json["jobs"]
    await yard.until(key, "succeeded")

    assert (await yard.post(f"/api/v1/jobs/{key}/cancel")).json["result"] == "over"
    assert (await yard.post("/api/v1/jobs/nobody/cancel")).kind == "not-found"


async def test_an_old_server_that_interrupts_whoever_runs_takes_consent(build: Builder) -> None:
    old = SimComfyUI(speed=50, version="0.3.45")
    async with old as comfy, watching(build, comfy) as yard:
        order = {"workflow": workflows.text_to_image(steps=LONG)}
        (key,) = (await yard.post("/api/v1/jobs", order)).json["jobs"]
        await yard.until(key, "running")

        refused = await yard.post(f"/api/v1/jobs/{key}/cancel")
        assert (refused.status, refused.kind) == (409, "consent-needed")
        assert "which others" in refused.text
        assert (await yard.job(key)).phase == "running"

        meant = await yard.post(f"/api/v1/jobs/{key}/cancel", {"consent": True})
        assert meant.json["result"] == "cancelled"
        assert meant.json["also"] is None


async def test_a_swarmui_says_how_many_others_stop_with_it(build: Builder, tmp_path: Path) -> None:
    async with SimSwarmUI(speed=20) as swarm:
        settings = SwarmSettings(name="swarm", url=swarm.url)
        by: Sequence[Actor] = (SwarmActor(settings, sessions=Sessions(str(tmp_path))),)
        house = await build(actors=lambda: by)
        yard = Yard(house, SimComfyUI())
        order = {"image": {"prompt": "a fox", "steps": LONG}, "backend": "swarm"}
        (first,) = (await yard.post("/api/v1/jobs", order)).json["jobs"]
        (second,) = (await yard.post("/api/v1/jobs", order)).json["jobs"]

        refused = await yard.post(f"/api/v1/jobs/{first}/cancel")
        assert (refused.status, refused.kind) == (409, "consent-needed")
        assert "1 others would stop with it" in refused.text

        meant = await yard.post(f"/api/v1/jobs/{first}/cancel", {"consent": True})
        assert (meant.json["result"], meant.json["also"]) == ("cancelled", 1)
        await yard.until(first, "cancelled")
        await yard.until(second, "cancelled")


async def test_a_back_end_that_is_gone_is_told_and_may_be_asked_again(
    build: Builder,
) -> None:
    async with SimComfyUI(speed=50) as comfy, watching(build, comfy) as yard:
        await comfy.refuse()
        named = {"Idempotency-Key": str(uuid.uuid4())}
        gone = await yard.post("/api/v1/jobs", FOX | {"backend": "comfy"}, **named)
        await comfy.accept()
        back = await yard.post("/api/v1/jobs", FOX | {"backend": "comfy"}, **named)

        assert (gone.status, gone.kind) == (502, "source-unreachable")
        assert back.status == 200
        assert len(comfy.prompts) == 1


async def test_where_no_back_end_is_reached_that_is_told(house: House) -> None:
    answer = await post(house, "/api/v1/jobs", FOX)

    assert (answer.status, answer.kind) == (409, "cannot-act")
    assert "no back end is reached" in answer.text


async def test_a_source_that_nothing_can_be_asked_of_is_told(house: House) -> None:
    await house.report(*running())

    answer = await post(house, "/api/v1/jobs/abc/cancel")

    assert (answer.status, answer.kind) == (409, "cannot-act")


async def test_when_the_server_stops_its_jobs_go_on() -> None:
    async with SimComfyUI(speed=50) as comfy:
        async with AsyncExitStack() as stack, watching(Builder(stack), comfy) as yard:
            order = {"workflow": workflows.text_to_image(steps=LONG)}
            assert (await yard.post("/api/v1/jobs", order)).status == 200

        assert len(comfy.prompts) == 1
        assert comfy.running is not None or comfy.pending

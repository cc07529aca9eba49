"""The hands for the mirror, over real sockets, beside a simulated ComfyUI with the real file."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web
from tests.comfyui_extension.around import TOKEN, Loaded, mirrored
from tests.sources.watching import Watch, serving, watching

from headway.dialects.comfyui.mirror_frames import PATH, public_id
from headway.model.events import Progress, StepEnded, StepStarted
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sources.comfyui import ComfyUI, Settings


def knowing(url: str, token: str = TOKEN, **more: Any) -> ComfyUI:
    """A source that knows the token of the mirror that is there."""
    ids = {public_id(token): token}
    return ComfyUI(
        Settings(name="comfy", url=url, **more), tokens=lambda wanted: ids.get(wanted, "")
    )


def steps_of(watch: Watch, native: str) -> list[Any]:
    kinds = (StepStarted, StepEnded, Progress)
    return [
        one for one in watch.events if isinstance(one, kinds) and one.key.split("~")[1] == native
    ]


@pytest.mark.parametrize("version", ["0.3.45", "0.9.2", "0.33.0"])
@pytest.mark.parametrize("client", ["somebody", None])
async def test_every_step_of_every_submitter_is_reported(version: str, client: str | None) -> None:
    async with (
        mirrored(speed=20, version=version) as comfy,
        watching(comfy.url, source=knowing(comfy.url)) as watch,
    ):
        native = comfy.submit(workflows.parallel(), client_id=client)
        await watch.until(lambda: watch.phase(native) == "succeeded")

        assert watch.itself().readings["tier"] == 2
        steps = steps_of(watch, native)
        assert {one.basis for one in steps} == {"reported"}
        assert {one.step for one in steps if isinstance(one, StepEnded)} == set("12345")


async def test_the_orphan_of_a_client_that_died_is_followed_exactly() -> None:
    async with mirrored(speed=10) as comfy:
        native = comfy.submit(workflows.ticking(ticks=40), client_id="died")
        await comfy.until(lambda: comfy.node)
        async with watching(comfy.url, source=knowing(comfy.url)) as watch:
            await watch.until(lambda: (job := watch.job(native)) and job.bars)
            job = watch.job(native)
            assert job is not None
            assert {bar.basis for bar in job.bars} == {"reported"}
            assert (job.phase, job.basis) == ("running", "reported")
            await watch.until(lambda: watch.phase(native) == "succeeded")

        assert not [one for one in steps_of(watch, native) if one.basis != "reported"]


@pytest.mark.parametrize(
    ("token", "known", "why"),
    [(TOKEN, "another", "its token is not known here"), ("", TOKEN, "it does not find token")],
)
async def test_a_mirror_that_cannot_be_heard_leaves_it_at_tier_1_and_says_why(
    token: str, known: str, why: str
) -> None:
    async with (
        mirrored(Loaded(token), speed=20) as comfy,
        watching(comfy.url, source=knowing(comfy.url, known)) as watch,
    ):
        native = comfy.submit(workflows.text_to_image(steps=4), client_id="other")
        await watch.until(lambda: watch.phase(native) == "succeeded")

        assert watch.itself().readings["tier"] == 1
        assert watch.itself().readings["mirror"].startswith(why)


async def test_without_the_mirror_all_is_as_it_was() -> None:
    async with (
        SimComfyUI(speed=20) as comfy,
        watching(comfy.url, source=knowing(comfy.url)) as watch,
    ):
        assert watch.itself().readings["tier"] == 1
        assert watch.itself().readings["mirror"] == ""


async def test_it_can_be_switched_off() -> None:
    async with (
        mirrored(speed=20) as comfy,
        watching(comfy.url, source=knowing(comfy.url, mirror=False)) as watch,
    ):
        assert watch.itself().readings["tier"] == 1


async def test_a_token_that_was_given_by_hand_is_taken() -> None:
    async with mirrored(speed=20) as comfy:
        source = ComfyUI(Settings(name="comfy", url=comfy.url, mirror_token=TOKEN))
        async with watching(comfy.url, source=source) as watch:
            assert watch.itself().readings["tier"] == 2


async def test_when_it_breaks_in_mid_job_nothing_is_lost_and_nothing_told_twice() -> None:
    loaded = Loaded()
    async with (
        mirrored(loaded, speed=10) as comfy,
        watching(comfy.url, source=knowing(comfy.url)) as watch,
    ):
        native = comfy.submit(workflows.ticking(ticks=30))
        await watch.until(lambda: (job := watch.job(native)) and job.bars)
        loaded.mirrors[0]._readers[0].leave()
        await watch.until(lambda: watch.itself().readings["tier"] == 1)
        await watch.until(lambda: watch.phase(native) == "succeeded")

        told = [(type(one).__name__, one.step) for one in steps_of(watch, native)]
        edges = [one for one in told if one[0] != "Progress"]
        assert len(edges) == len(set(edges))
        assert {one.observer for one in steps_of(watch, native) if isinstance(one, Progress)} == {
            "comfy/mirror",
            "comfy/socket",
        }


async def test_a_restart_is_proven_by_the_mirror_alone() -> None:
    async with mirrored(speed=20) as comfy:
        source = knowing(comfy.url, logs=False)
        async with watching(comfy.url, source=source) as watch:
            native = comfy.submit(workflows.ticking(ticks=5000), client_id="other")
            await watch.until(lambda: watch.phase(native) == "running")
            await comfy.restart()
            await watch.until(lambda: watch.lost)
        async with watching(comfy.url, source=source) as again:
            await again.until(lambda: again.phase(native) in ("lost", "unknown"))

            assert again.job(native).phase == "lost"  # type: ignore[union-attr]


async def test_an_impostor_that_never_speaks_does_not_hold_up_the_watch() -> None:
    async def page(request: web.Request) -> web.StreamResponse:
        if "Upgrade" not in request.headers:
            said = {"mirror": "headway", "protocol": 1, "id": public_id(TOKEN)}
            return web.json_response(said)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await asyncio.Event().wait()
        return socket

    async with serving(web.get(PATH, page)) as url, asyncio.timeout(20):
        from headway.sources.comfyui_mirror import MirrorLink
        from headway.sources.http import Asker, session
        from headway.sources.inbox import Inbox

        async with session() as client:
            link = MirrorLink(
                client, url, asker=Asker(client, url, clock=lambda: 0.0), inbox=Inbox(),
                tokens=lambda _: TOKEN, clock=lambda: 0.0, patience=0.05,
            )  # fmt: skip
            async with asyncio.TaskGroup() as tasks:
                keeping = tasks.create_task(link.keep())
                assert await link.first() is None
                keeping.cancel()

"""Acting on a SwarmUI: submit, interrupt, models."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from headway.actions.contract import Handle, Stop, Work
from headway.actions.swarmui import Settings, SwarmUI
from headway.dialects.swarmui.params import request
from headway.errors import Refused, SourceLost, UsageError
from headway.fold.folding import fold
from headway.fold.views import view
from headway.host.sessions import Sessions
from headway.model.views import JobView
from headway.sim.swarmui import SimSwarmUI

LONGEST = 30.0  # seconds


def actor(sim: SimSwarmUI, state: Path, *, token: str = "") -> SwarmUI:
    settings = Settings(name="swarm", url=sim.url, token=token)
    return SwarmUI(settings, sessions=Sessions(str(state)))


def work(**params: Any) -> Work:
    return Work(id="w", body=request(prompt="a cat", more={"steps": 4, **params}))


class Jobs:
    """Jobs as far as they were told."""

    def __init__(self) -> None:
        self._entities: dict[str, Any] = {}

    async def hear(self, handle: Handle) -> None:
        async with asyncio.timeout(LONGEST):
            async for events in handle.events():
                for event in events:
                    fold(self._entities, event)

    @property
    def views(self) -> list[JobView]:
        found = [view(one) for one in self._entities.values()]
        return [one for one in found if isinstance(one, JobView)]

    @property
    def phases(self) -> list[str]:
        return [one.phase for one in self.views]


async def made(one: SwarmUI, what: Work) -> Jobs:
    jobs = Jobs()
    async with one.submit(what) as handle:
        await jobs.hear(handle)
    return jobs


async def test_images_are_made_and_can_be_read(tmp_path: Path) -> None:
    async with SimSwarmUI(speed=1000) as sim:
        one = actor(sim, tmp_path)
        jobs = await made(one, work(images=2))
        artefact = await one.artefact({"path": f"View/local/raw/{_place(sim)}"})
        data = b"".join([piece async for piece in artefact.body])
        await artefact.close()

    assert jobs.phases == ["succeeded", "succeeded"]
    assert [found.native for found in jobs.views] == ["w-0", "w-1"]
    assert data.startswith(b"\x89PNG")


def _place(sim: SimSwarmUI) -> str:
    (first, *_) = sim.images
    return first.removeprefix("View/local/raw/")


async def test_nothing_goes_out_before_its_keys_were_told(tmp_path: Path) -> None:
    async with SimSwarmUI(speed=1000) as sim, actor(sim, tmp_path).submit(work()) as handle:
        first = await anext(handle.events())

        assert [event.key for event in first] == list(handle.jobs)
        assert "GenerateText2ImageWS" not in sim.calls


async def test_loras_go_out_as_two_lists_and_the_frames_of_the_back_end_are_asked_for(
    tmp_path: Path,
) -> None:
    body = request(prompt="a cat", loras={"ink": 0.8, "eyes": 1.0}, more={"steps": 4})
    async with SimSwarmUI(speed=1000) as sim:
        jobs = await made(actor(sim, tmp_path), Work(id="w", body=body))
        bars = sim.log.messages("ComfyUI-0")

    assert (body["loras"], body["loraweights"]) == (["ink", "eyes"], ["0.8", "1"])
    assert jobs.phases == ["succeeded"]
    assert len(bars) == 4


async def test_a_refusal_is_the_jobs_end_in_the_servers_words(tmp_path: Path) -> None:
    async with SimSwarmUI(speed=1000) as sim:
        jobs = await made(actor(sim, tmp_path), work(model="no such model"))

    (job,) = jobs.views
    assert job.phase == "failed"
    assert "no such model" in job.why


async def test_a_failure_on_the_back_end_says_why(tmp_path: Path) -> None:
    async with SimSwarmUI(speed=1000) as sim:
        body = request(prompt="out of memory")
        jobs = await made(actor(sim, tmp_path), Work(id="w", body=body))

    assert [(job.phase, job.why) for job in jobs.views] == [
        ("failed", "ComfyUI execution error: CUDA out of memory.")
    ]


async def test_a_cancel_interrupts_our_session_and_no_other(tmp_path: Path) -> None:
    async with SimSwarmUI(speed=1000) as sim, actor(sim, tmp_path).submit(work()) as handle:
        sim.hold()
        other = sim.begin()
        jobs = Jobs()
        hearing = asyncio.ensure_future(jobs.hear(handle))
        await sim.until(lambda: sim.counts["live_gens"] == 2)
        await handle.cancel()
        assert other.interrupts == 0
        sim.release()
        await hearing

    assert jobs.phases == ["cancelled"]


async def test_a_session_that_the_server_forgot_is_renewed_and_the_request_sent_again(
    tmp_path: Path,
) -> None:
    async with SimSwarmUI(speed=1000) as sim:
        one = actor(sim, tmp_path)
        await one.models()
        sim.forget(sim.sessions[0])
        jobs = await made(one, work())

        assert len(sim.sessions) == 1
    assert jobs.phases == ["succeeded"]


async def test_a_connection_that_breaks_ends_no_job(tmp_path: Path) -> None:
    jobs = Jobs()
    async with SimSwarmUI(speed=1000) as sim, actor(sim, tmp_path).submit(work()) as handle:
        sim.hold()
        hearing = asyncio.ensure_future(jobs.hear(handle))
        await sim.until(lambda: sim.counts["live_gens"] == 1)
        await sim.refuse()
        with pytest.raises(SourceLost):
            await hearing
        sim.release()

    assert jobs.views[0].outcome is None


async def test_cancelling_says_how_many_others_stop_too(tmp_path: Path) -> None:
    async with SimSwarmUI(speed=1000) as sim:
        one = actor(sim, tmp_path)
        await one.models()
        sim.hold()
        sim.ask(sim.sessions[0], images=3)
        sim.begin(images=5)  # not of our session: it does not stop
        await sim.until(lambda: sim.counts["live_gens"] == 2)
        stop = await one.stops(["swarm~w-0~"])

    assert (stop.also, stop.consent) == (2, True)
    assert "everything of a session" in stop.how


async def test_a_cancel_waits_for_what_comes_of_it(tmp_path: Path) -> None:
    async with SimSwarmUI(speed=1000) as sim:
        one = actor(sim, tmp_path)
        await one.models()
        over = await one.cancel(Stop(jobs=("swarm~w-0~",)))
        sim.hold()
        sim.ask(sim.sessions[0])
        await sim.until(lambda: sim.counts["live_gens"] == 1)
        stopping = await one.cancel(Stop(jobs=("swarm~w-0~",)), within=0.0)
        sim.release()
        await sim.until(lambda: not sim.counts["waiting_gens"])
        sim.ask(sim.sessions[0], steps=100_000)
        await sim.until(lambda: sim.counts["live_gens"] == 1)
        cancelled = await one.cancel(Stop(jobs=("swarm~w-0~",)), within=LONGEST)

    assert (over.result, over.left) == ("over", 0)
    assert (stopping.result, stopping.left) == ("stopping", 1)
    assert (cancelled.result, cancelled.left) == ("cancelled", 0)


async def test_models_are_listed_with_what_is_known_of_them(tmp_path: Path) -> None:
    async with SimSwarmUI() as sim:
        found = await actor(sim, tmp_path).models()
        with pytest.raises(Refused, match=r"Invalid sub-type\."):
            await actor(sim, tmp_path).models("nonsense")

    assert found[0].name == "OfficialStableDiffusion/sd_xl_base_1.0.safetensors"
    assert (found[0].folder, found[0].loaded, found[0].here) == (
        "OfficialStableDiffusion", False, True,
    )  # fmt: skip


async def test_without_the_permission_nothing_is_asked(tmp_path: Path) -> None:
    async with SimSwarmUI(local_role="guest") as sim:
        with pytest.raises(Refused, match="GenerateText2ImageWS"):
            async with actor(sim, tmp_path).submit(work()):
                pass

        assert sim.calls == ["GetNewSession"]
        assert sim.log.messages("Error") == []


@pytest.mark.parametrize("images", [0, -1, 1.5, "2", None, True, 10**9])
async def test_a_number_of_images_that_is_none_is_refused_here(images: Any, tmp_path: Path) -> None:
    async with SimSwarmUI() as sim:
        with pytest.raises(UsageError):
            async with actor(sim, tmp_path).submit(work(images=images)):
                pass

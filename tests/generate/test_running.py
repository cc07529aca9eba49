"""One submission: told while it runs, shown as everybody sees it, saved as it was named."""

from __future__ import annotations

import asyncio
import math
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from headway.actions.comfyui import ComfyUI, Settings
from headway.actions.contract import Model
from headway.errors import StoreError, UsageError
from headway.generate.asking import find_model, work_for, work_of
from headway.generate.params import params_of
from headway.generate.running import Result, Running
from headway.generate.saving import save_all
from headway.generate.telling import Telling
from headway.model.events import Activity, AnyEvent, Ended, Queued
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI

PATIENCE = 30.0  # seconds


def actor(comfy: SimComfyUI) -> ComfyUI:
    return ComfyUI(Settings(name="comfy", url=comfy.url))


async def made(comfy: SimComfyUI, **given: object) -> tuple[Result, list[AnyEvent], list[str]]:
    told: list[AnyEvent] = []
    shown: list[str] = []
    by = actor(comfy)
    work = await work_for(by, params_of({"prompt": "a fox"} | given), meta={"title": "fox"})
    running = Running(
        by, work, tell=told.extend, show=lambda one: shown.extend(job.phase for job in one.jobs)
    )
    async with asyncio.timeout(PATIENCE):
        return await running.run(clock=time.time), told, shown


async def test_a_request_is_told_and_shown_to_its_outcome() -> None:
    async with SimComfyUI(speed=50) as comfy:
        result, told, shown = await made(comfy, steps=5, batch=2)

    assert result.succeeded
    assert [job.title for job in result.jobs] == ["fox"]
    assert len(result.outputs) == 2
    assert shown[-1] == "succeeded"
    assert any(isinstance(event, Ended) for event in told)


async def test_what_comes_of_it_is_saved_under_its_name_and_overwrites_nothing(
    tmp_path: Path,
) -> None:
    async with SimComfyUI(speed=50) as comfy:
        result, _, _ = await made(comfy, batch=2)
        (tmp_path / "fox.png").write_text("mine")

        paths = await save_all(
            actor(comfy),
            result.outputs,
            tmp_path,
            template="fox",
            values=lambda _: {"seed": 3},
            first=0,
            at=time.time(),
        )

    assert [path.name for path in paths] == ["fox-2.png", "fox-3.png"]
    assert (tmp_path / "fox.png").read_text() == "mine"
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)
    assert sorted(os.listdir(tmp_path)) == ["fox-2.png", "fox-3.png", "fox.png"]


async def test_a_place_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    async with SimComfyUI(speed=50) as comfy:
        result, _, _ = await made(comfy)
        with pytest.raises(StoreError, match="cannot save"):
            await save_all(
                actor(comfy),
                result.outputs,
                tmp_path / "file",
                template="x",
                values=lambda _: {},
                first=0,
                at=0.0,
            )


async def test_cancelling_before_it_was_taken_stops_it_all_the_same() -> None:
    async with SimComfyUI(speed=20) as comfy:
        work = work_of(workflows.text_to_image(steps=10_000), meta={})
        running = Running(actor(comfy), work, tell=len, show=lambda _: None)
        await running.cancel()

        async with asyncio.timeout(PATIENCE):
            result = await running.run(clock=time.time)

    assert [job.phase for job in result.jobs] == ["cancelled"]


async def test_a_server_that_goes_away_leaves_no_outcome() -> None:
    async with SimComfyUI(speed=0.1) as comfy:
        by = actor(comfy)
        work = work_of(workflows.text_to_image(), meta={})
        shown = asyncio.Event()
        running = Running(by, work, tell=len, show=lambda _: shown.set())
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
            run = tasks.create_task(running.run(clock=time.time))
            await shown.wait()
            await comfy.refuse()
            result = await run

    assert result.lost
    assert not result.succeeded
    assert result.jobs[0].outcome is None


async def test_no_prompt_and_an_unknown_model_are_refused_before_anything_is_sent() -> None:
    async with SimComfyUI(speed=math.inf) as comfy:
        for given in ({"prompt": " "}, {"prompt": "x", "model": "tinny"}):
            with pytest.raises(UsageError):
                await work_for(actor(comfy), params_of(given), meta={})
        assert not comfy.prompts


def models(*names: str) -> list[Model]:
    return [Model(name=name) for name in names]


def test_a_model_is_found_by_its_name_or_its_stem() -> None:
    listed = models("sd/dream.safetensors", "flux/dev.gguf")

    assert find_model("sd/dream.safetensors", listed) == "sd/dream.safetensors"
    assert find_model("Dream", listed) == "sd/dream.safetensors"
    assert find_model("dev", listed) == "flux/dev.gguf"


def test_a_model_that_is_not_there_names_the_five_nearest() -> None:
    listed = models(*(f"dream{n}.safetensors" for n in range(9)), "other.ckpt")

    with pytest.raises(UsageError) as error:
        find_model("draem1", listed)

    assert "dream1.safetensors" in error.value.hint
    assert error.value.hint.count(".safetensors") <= 5


def test_a_name_that_fits_several_models_is_not_guessed() -> None:
    with pytest.raises(UsageError, match="several models"):
        find_model("dream", models("a/dream.safetensors", "b/dream.safetensors"))


class Sent:
    """Stands for a sender; holds what it is given until it may go on."""

    def __init__(self, *, fails: Exception | None = None) -> None:
        self.events: list[AnyEvent] = []
        self.go = threading.Event()
        self.closed = False
        self._fails = fails

    def send(self, events: Sequence[AnyEvent]) -> None:
        assert self.go.wait(PATIENCE)
        if self._fails:
            raise self._fails
        self.events += events

    def close(self) -> None:
        self.closed = True


def edge(n: int) -> AnyEvent:
    return Queued(key=f"comfy~{n}~", at=1.0)


def level(n: int) -> AnyEvent:
    return Activity(key=f"comfy~{n}~", at=1.0, text="x", observer="o")


def test_a_slow_place_delays_nothing_and_gets_every_edge_at_the_end() -> None:
    sent = Sent()
    with Telling(sent, warn=print) as telling:
        for n in range(10_000):
            telling.tell([level(n)])
        telling.tell([edge(n) for n in range(7)])
        sent.go.set()

    assert sent.closed
    assert len([one for one in sent.events if isinstance(one, Queued)]) == 7
    assert len(sent.events) < 10_000


@pytest.mark.parametrize("error", [StoreError("the disk is full"), RuntimeError("a bug")])
def test_what_cannot_be_told_is_said_once(error: Exception) -> None:
    sent, warned = Sent(fails=error), []
    sent.go.set()
    with Telling(sent, warn=warned.append) as telling:
        for n in range(5):
            telling.tell([edge(n)])

    assert len(warned) == 1
    assert str(error) in warned[0]

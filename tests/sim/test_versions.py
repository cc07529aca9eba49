"""What differs between versions of the real server, each as it was seen to."""

import math
from typing import Any

import aiohttp
import pytest

from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sim.ear import Ear


def server(version: str) -> SimComfyUI:
    return SimComfyUI(version=version, speed=math.inf)


async def ask(comfy: SimComfyUI, method: str, path: str, **more: Any) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, comfy.url + path, **more) as answer,
    ):
        is_json = answer.content_type == "application/json"
        return answer.status, await (answer.json() if is_json else answer.text())


@pytest.mark.parametrize(("version", "heard"), [("0.3.57", True), ("0.3.58", False)])
async def test_strangers_heard_the_state_of_owned_prompts(version: str, heard: bool) -> None:
    async with server(version) as comfy, Ear(comfy.url, "me") as me, Ear(comfy.url) as other:
        comfy.submit(workflows.text("one"), client_id="me")
        await me.hear("executing", node=None)
        await other.until(lambda: len(other.said("status")) == 4)

    assert bool(other.said("progress_state")) == heard
    assert other.said("progress") == []


@pytest.mark.parametrize(("version", "kept"), [("0.3.67", 1), ("0.18.0", 0), ("0.19.0", 1)])
async def test_cached_outputs_without_client_id_were_lost_for_a_while(
    version: str, kept: int
) -> None:
    async with server(version) as comfy:
        await comfy.finished(comfy.submit(workflows.text("one")))
        entry = await comfy.finished(comfy.submit(workflows.text("one")))

    assert len(entry["outputs"]) == kept


@pytest.mark.parametrize(("version", "status"), [("0.18.0", 200), ("0.19.0", 403)])
async def test_a_request_that_another_site_made_is_refused_since_0_19(
    version: str, status: int
) -> None:
    async with server(version) as comfy:
        headers = {"Sec-Fetch-Site": "cross-site"}
        assert (await ask(comfy, "GET", "/prompt", headers=headers))[0] == status


@pytest.mark.parametrize(
    ("version", "count", "preview"),
    [("0.15.0", 1, None), ("0.16.0", 0, {"content": "1", "nodeId": "1", "mediaType": "text"})],
)
async def test_words_are_a_preview_and_no_output_since_0_16(
    version: str, count: int, preview: dict[str, Any] | None
) -> None:
    async with server(version) as comfy:
        await comfy.finished(comfy.submit(workflows.text("1")))
        row = (await ask(comfy, "GET", "/api/jobs"))[1]["jobs"][0]

    assert (row["outputs_count"], row.get("preview_output")) == (count, preview)


@pytest.mark.parametrize(
    ("version", "name"), [("0.24.0", "a_00001_.flac"), ("0.25.0", "a_00001.flac")]
)
async def test_names_of_sound_lost_an_underscore_in_0_25(version: str, name: str) -> None:
    async with server(version) as comfy:
        entry = await comfy.finished(comfy.submit(workflows.audio(prefix="a")))

    assert entry["outputs"]["2"]["audio"][0]["filename"] == name


@pytest.mark.parametrize(
    ("ids", "status", "key"),
    [([], 200, "cancelled"), (["x"], 400, "invalid_ids"), ("x", 400, "error")],
)
async def test_several_jobs_are_cancelled_at_once(ids: Any, status: int, key: str) -> None:
    async with server("0.33.0") as comfy:
        answer = await ask(comfy, "POST", "/api/jobs/cancel", json={"job_ids": ids})

    assert answer[0] == status
    assert key in answer[1]


async def test_who_reads_the_whole_console_is_told_its_size_in_the_place_of_a_subscriber() -> None:
    async with server("0.33.0") as comfy, Ear(comfy.url, "me") as ear:
        body = {"enabled": True, "clientId": "me"}
        await ask(comfy, "GET", "/internal/logs/raw")
        await ask(comfy, "PATCH", "/internal/logs/subscribe", json=body)
        comfy.interrupt()
        message = await ear.hear("logs")

    assert message["size"] is None
    assert message["entries"][0]["m"] == (
        "\033[32m[INFO]\033[0m Global interrupt (no prompt_id specified)\n"
    )


async def test_a_picture_with_metadata_comes_before_its_progress() -> None:
    flags = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
    async with server("0.33.0") as comfy, Ear(comfy.url, "me", opening=flags) as ear:
        await ear.hear("feature_flags")
        comfy.submit(workflows.text_to_image(steps=1), client_id="me")
        await ear.hear("executing", node=None)

    place = ear.kinds().index("progress")
    assert ear.kinds()[place - 2 : place + 1] == ["progress_state", "binary 4", "progress"]

"""A foreign prompt and a foreign key are found nowhere: not on disk, in no log, in no answer."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import aiohttp
import pytest
from tests.whole.town import Town, town

from headway.sim import workflows

PROMPT = "xylophone quicksand unicorn"
SECRETS = ("xylophone", "quicksand", "comfyui-key-58231", "very-own-client-name")


async def everything_said(here: Town, keys: list[str]) -> bytes:
    """All that the door answers about those jobs, to the user and to a stranger."""
    paths = ["/api/v1/status", "/api/v1/jobs", "/api/v1/sources", "/api/v1/workers"]
    for key in keys:
        paths += [f"/api/v1/jobs/{key}{rest}" for rest in ("", "/steps", "/events")]
        paths.append(f"/api/v1/jobs/{key}?detail=true")
    said = [await here.answer(path, mine=mine) for path in paths for mine in (True, False)]
    return b"\n".join(body for _, body in said) + await streamed(here)


async def streamed(here: Town) -> bytes:
    """The first frames of a plain page's stream."""
    async with (
        asyncio.timeout(10),
        aiohttp.ClientSession() as session,
        session.ws_connect(here.serving.url + "/ws") as socket,
    ):
        return (await socket.receive()).data.encode()


def on_disk(state: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in state.rglob("*") if path.is_file())


async def test_neither_prompts_nor_keys_of_others_are_kept_or_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    extra = {"api_key_comfy_org": "comfyui-key-58231", "extra_pnginfo": {"workflow": PROMPT}}
    caplog.set_level(logging.DEBUG, "headway")
    # 0.3.64 still shows keys in its queue: whoever reads that has to drop them.
    async with town(tmp_path, speed=20, version="0.3.64") as here:
        natives = [
            here.sim.submit(graph, client_id="very-own-client-name", extra_data=extra)
            for graph in (
                workflows.text_to_image(prompt=PROMPT, negative=PROMPT),
                workflows.failing(tag=PROMPT),
            )
        ]
        jobs = [await here.ended(native) for native in natives]
        said = await everything_said(here, [job.key for job in jobs])
        before_closing = on_disk(tmp_path)
    everywhere = said + before_closing + on_disk(tmp_path) + caplog.text.encode()

    assert [job.outcome for job in jobs] == ["succeeded", "failed"]
    assert jobs[0].title.encode() in everywhere
    assert [secret for secret in SECRETS if secret.encode() in everywhere] == []

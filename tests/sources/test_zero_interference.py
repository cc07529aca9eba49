"""Watching changes nothing: the submitter hears the same, with and without us."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import aiohttp
from tests.sources.watching import watching

from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI

GRAPHS = [
    workflows.text_to_image(steps=6),
    workflows.failing(tag="no", seed=3),
    workflows.subgraph(),
]


def _shape(frame: dict[str, Any]) -> tuple[str, str, str]:
    data = frame["data"]
    return frame["type"], str(data.get("node", "")), str(sorted(data.get("nodes") or ()))


def _said(frames: list[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """Type and node of each frame, without who else was running at that moment."""
    return [(kind, node) for kind, node, _ in frames]


async def heard(
    comfy: SimComfyUI, graphs: Sequence[workflows.Graph] = GRAPHS
) -> list[tuple[str, str, str]]:
    """What the submitter hears of its jobs, in order; each frame's type and ids."""
    frames: list[tuple[str, str, str]] = []
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(f"{comfy.url}/ws?clientId=me") as socket,
    ):
        await socket.receive()
        for n, graph in enumerate(graphs):
            body = {"prompt": graph, "client_id": "me", "prompt_id": f"job{n}"}
            async with client.post(f"{comfy.url}/prompt", json=body):
                pass
            async for message in socket:
                if message.type is aiohttp.WSMsgType.BINARY:
                    frames.append(("binary", "", ""))
                    continue
                frame = json.loads(message.data)
                frames.append(_shape(frame))
                if frame["type"] == "executing" and frame["data"]["node"] is None:
                    break
    return frames


async def test_the_submitter_hears_the_same_frames_with_and_without_us() -> None:
    async with SimComfyUI(speed=50, version="0.9.0", seed=1) as comfy:
        alone = await heard(comfy)
    async with SimComfyUI(speed=50, version="0.9.0", seed=1) as comfy, watching(comfy.url) as watch:
        watched = await heard(comfy)
        await watch.until(lambda: watch.phase("job2") == "succeeded")

    assert watched == alone


async def test_nodes_that_run_side_by_side_say_the_same_of_themselves() -> None:
    """Which of them speaks first is the scheduler's choice; what each says is not."""
    graphs = [workflows.parallel(ticks=3)]
    async with SimComfyUI(speed=50, version="0.9.0", seed=1) as comfy:
        alone = await heard(comfy, graphs)
    async with SimComfyUI(speed=50, version="0.9.0", seed=1) as comfy, watching(comfy.url) as watch:
        watched = await heard(comfy, graphs)
        await watch.until(lambda: watch.phase("job0") == "succeeded")

    assert Counter(_said(watched)) == Counter(_said(alone))


async def test_every_connection_has_an_id_of_its_own() -> None:
    async with SimComfyUI(speed=50) as comfy:
        seen: list[str] = []
        for _ in range(2):
            async with watching(comfy.url):
                seen += list(comfy._life.sockets._open)

    assert len(set(seen)) == 2


async def test_bare_history_is_never_asked_for() -> None:
    from tests.sources.test_asking import asked_while

    paths = await asked_while(workflows.text_to_image())

    assert not [path for path in paths if path.rstrip("/").endswith("/history")]
    assert sum("/history/" in path for path in paths) == 1

"""The ComfyUI behind a back end: the graph that is sent there, and the work as its client.

Rule 1: every prompt goes out under a new random client id, over a socket of its own.
Rule 2: when it is over its history entry is deleted.
"""

import asyncio
import json
import secrets
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from headway.sim import workflows
from headway.sim.comfyui.generation import classes
from headway.sim.comfyui.node import Made, NodeClass, NodeRun, Picture
from headway.sim.swarmui.params import Params, Refused

Frame = dict[str, Any]

KSAMPLER = classes([], [])["KSampler"]
OVER = frozenset({"execution_error", "execution_interrupted"})


async def _sample(run: NodeRun, *, noise_seed: int, **rest: Any) -> Made:
    made: Made = await KSAMPLER.run(run, seed=noise_seed, **rest)
    return made


async def _hand_over(run: NodeRun, *, images: Picture) -> Made:
    return Made(shown={"images": []})


SWARM_NODES = {
    "SwarmKSampler": NodeClass(
        _sample,
        {("noise_seed" if name == "seed" else name): declared
         for name, declared in KSAMPLER.inputs.items()},
        ("LATENT",),
    ),
    "SwarmSaveImageWS": NodeClass(_hand_over, {"images": ["IMAGE", {}]}, is_output=True),
}  # fmt: skip
"""Node classes that SwarmUI installs in its ComfyUI: `SimComfyUI(nodes=SWARM_NODES)`."""


def graph(params: Params) -> dict[str, Any]:
    """The graph for one image."""
    made = workflows.text_to_image(
        seed=secrets.randbelow(2**32), steps=params.steps, width=params.width, height=params.height
    )
    sampler = made["3"]
    sampler["class_type"] = "SwarmKSampler"
    sampler["inputs"]["noise_seed"] = sampler["inputs"].pop("seed")
    made["9"] = workflows.node("SwarmSaveImageWS", images=["8", 0])
    return made


def row(number: int, prompt: str, params: Params) -> list[Any]:
    """How its prompt stands in /queue."""
    return [number, prompt, graph(params), {"client_id": str(uuid.uuid4())}, ["9"]]


async def make(
    url: str,
    params: Params,
    interrupted: Callable[[], Awaitable[None]],
    hear: Callable[[Frame], None],
) -> None:
    """Let the ComfyUI at `url` make one image; it is stopped there once `interrupted`."""
    client_id = str(uuid.uuid4())
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(f"{url}/ws?clientId={client_id}", max_msg_size=0) as socket,
    ):
        asked = {"prompt": graph(params), "client_id": client_id}
        async with client.post(f"{url}/prompt", json=asked) as answer:
            said = await answer.json()
        if answer.status != 200:
            raise Refused(f"ComfyUI execution error: {said.get('error')}")
        prompt = said["prompt_id"]
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(_read(socket, prompt, hear))
            stop = _stop_when(interrupted, client, url, prompt, reading)
            stopping = group.create_task(stop)
            reading.add_done_callback(lambda done: done.cancelled() or stopping.cancel())
        await client.post(f"{url}/history", json={"delete": [prompt]})


async def _read(
    socket: aiohttp.ClientWebSocketResponse, prompt: str, hear: Callable[[Frame], None]
) -> None:
    async for message in socket:
        if message.type is not aiohttp.WSMsgType.TEXT:
            continue
        frame = json.loads(message.data)
        hear(frame)
        ours = (frame.get("data") or {}).get("prompt_id") == prompt
        if ours and (frame["type"] in OVER or _is_last(frame)):
            return


def _is_last(frame: Frame) -> bool:
    return frame["type"] == "executing" and frame["data"].get("node") is None


async def _stop_when(
    interrupted: Callable[[], Awaitable[None]],
    client: aiohttp.ClientSession,
    url: str,
    prompt: str,
    reading: asyncio.Task[None],
) -> None:
    await interrupted()
    await client.post(f"{url}/queue", json={"delete": [prompt]})
    await client.post(f"{url}/interrupt", json={"prompt_id": prompt})
    reading.cancel()

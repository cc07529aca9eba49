"""The mirror, beside a simulated ComfyUI and beside nothing at all; and a reader of its frames."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import aiohttp
from aiohttp import web

from headway.comfyui_extension.mirror import PATH, Mirror
from headway.dialects.comfyui.mirror_frames import proof
from headway.sim.comfyui import SimComfyUI
from headway.sim.comfyui.custom_nodes import Comfy

TOKEN = "a token of tests"
PATIENCE = 20.0  # seconds


class Loaded:
    """Loads the mirror into a simulated ComfyUI, as ComfyUI loads a custom node."""

    def __init__(self, token: str = TOKEN) -> None:
        self.token = token
        self.mirrors: list[Mirror] = []

    def __call__(self, comfy: Comfy) -> None:
        mirror = Mirror(comfy.server, self.token)
        mirror.listen(
            comfy.queue, comfy.PromptExecutor, comfy.ProgressRegistry, lambda: comfy.registry
        )
        self.mirrors.append(mirror)


def mirrored(loaded: Loaded | None = None, **simulated: Any) -> SimComfyUI:
    """A simulated ComfyUI with the mirror."""
    return SimComfyUI(custom_nodes=[loaded or Loaded()], **simulated)


def bare(token: str = TOKEN, **more: Any) -> Mirror:
    """A mirror that nothing is connected to."""
    server = SimpleNamespace(loop=asyncio.get_running_loop(), routes=web.RouteTableDef())
    return Mirror(server, token, **more)


class Reader:
    """What a mirror says, as it comes."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse[Any]) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []

    @property
    def words(self) -> list[dict[str, Any]]:
        return [word for frame in self.frames for word in frame.get("messages", ())]

    def of(self, native: str) -> list[dict[str, Any]]:
        return [word for word in self.words if word["id"] == native]

    def kinds(self, native: str) -> list[str]:
        return [word["kind"] for word in self.of(native)]

    async def until(self, condition: Callable[[], Any]) -> None:
        """Read until it holds."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self.frames.append(json.loads((await self.socket.receive()).data))

    async def done(self, native: str) -> None:
        await self.until(lambda: "done" in self.kinds(native))


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    """A socket to the mirror that has not said who it is."""
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(url + PATH, max_msg_size=0) as socket,
    ):
        yield socket


@asynccontextmanager
async def reading(url: str, token: str = TOKEN) -> AsyncIterator[Reader]:
    """A reader that has its first report."""
    async with connected(url) as socket:
        await greet(socket, token)
        reader = Reader(socket)
        await reader.until(lambda: reader.frames)
        yield reader


async def greet(socket: Any, token: str = TOKEN) -> None:
    challenge = json.loads((await socket.receive()).data)
    await socket.send_json({"kind": "hello", "proof": proof(token, challenge["nonce"])})


async def about(url: str, **headers: str) -> tuple[int, Any]:
    """The mirror's page."""
    async with aiohttp.ClientSession(headers=headers) as client, client.get(url + PATH) as answer:
        return answer.status, await answer.json() if answer.status == 200 else None

"""A client of a ComfyUI, simulated or real, that writes down all it hears.

Rule 1: it reads as fast as it can and answers nothing, so it never holds up the server.
Rule 2: what it waits for may have been said before; it looks at all frames from `since` on, by
    default all.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Self

import aiohttp

from headway.sim.comfyui.change import Change
from headway.sim.comfyui.tasks import Tasks

LARGEST = 64 * 1024 * 1024  # bytes of one frame; servers set no limit

Frame = dict[str, Any] | bytes


class Ear:
    """One WebSocket.

    `async with Ear(url, client_id="me") as ear:` then `await ear.hear("execution_success")`.
    """

    def __init__(
        self,
        url: str,
        client_id: str | None = None,
        *,
        opening: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        patience: float = 60.0,
    ) -> None:
        """`opening` is sent as the first message; no wait takes longer than `patience` seconds."""
        self.frames: list[Frame] = []
        self.close_code: int | None = None
        self._address = f"{url}/ws" + (f"?clientId={client_id}" if client_id else "")
        self._opening, self._headers = opening, headers
        self._patience = patience
        self._change = Change()

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            session = await stack.enter_async_context(aiohttp.ClientSession())
            self._socket = await session.ws_connect(
                self._address, headers=self._headers, max_msg_size=LARGEST
            )
            if self._opening is not None:
                await self._socket.send_str(json.dumps(self._opening))
            tasks = await stack.enter_async_context(Tasks())
            tasks.start(self._listen())
            await self.until(lambda: self.frames or self.closed)  # the greeting
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._socket.close()
        await self._stack.aclose()

    @property
    def closed(self) -> bool:
        """Whether the server has gone; `close_code` says how, 1006 being without a word."""
        return self.close_code is not None

    def said(self, kind: str | None = None, *, since: int = 0, **data: Any) -> list[dict[str, Any]]:
        """The data of all messages of a kind in which these values occur."""
        messages = [frame for frame in self.frames[since:] if isinstance(frame, dict)]
        return [
            message["data"]
            for message in messages
            if kind in (None, message["type"]) and _agrees(message["data"], data)
        ]

    def kinds(self, *, since: int = 0) -> list[str]:
        """What was heard: the type of each message, or `binary` and the number of its kind."""
        return [
            frame["type"]
            if isinstance(frame, dict)
            else f"binary {int.from_bytes(frame[:4], 'big')}"
            for frame in self.frames[since:]
        ]

    async def hear(self, kind: str, *, since: int = 0, **data: Any) -> dict[str, Any]:
        """Wait for a message of this kind with these values, and return its data."""
        await self.until(lambda: self.said(kind, since=since, **data))
        return self.said(kind, since=since, **data)[0]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds, looked at after every frame. Raises TimeoutError."""
        async with asyncio.timeout(self._patience):
            await self._change.until(condition)

    async def _listen(self) -> None:
        async for message in self._socket:
            self.frames.append(
                json.loads(message.data) if message.type is aiohttp.WSMsgType.TEXT else message.data
            )
            self._change.happened()
        self.close_code = self._socket.close_code or 1006
        self._change.happened()


def _agrees(data: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(key in data and data[key] == value for key, value in wanted.items())

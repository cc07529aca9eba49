"""A plane in memory behind a real port, and readers of it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import msgspec

from headway.model.events import AnyEvent
from headway.plane.plane import Plane
from headway.server.door import Actors
from headway.server.serve import Serving, serve
from headway.server.settings import Settings
from headway.store.memory import MemoryStore

LONGEST = 10.0  # seconds that anything in these tests may take


class House:
    """An open door, its plane, and a session to knock with."""

    def __init__(self, plane: Plane, serving: Serving, session: aiohttp.ClientSession) -> None:
        self.plane = plane
        self.serving = serving
        self.session = session
        self.url = serving.url
        self.token = {"Authorization": f"Bearer {serving.token}"}

    async def report(self, *events: AnyEvent) -> None:
        await self.plane.report(events)

    async def get(self, path: str, *, mine: bool = False, **headers: str) -> Answer:
        return await self.ask("GET", path, headers=(self.token if mine else {}) | headers)

    async def post(self, events: Sequence[AnyEvent] | bytes, **headers: str) -> Answer:
        body = events if isinstance(events, bytes) else msgspec.json.encode({"events": events})
        sent = {"Content-Type": "application/json"} | self.token | headers
        return await self.ask("POST", "/api/v1/events", data=io.BytesIO(body), headers=sent)

    async def ask(self, method: str, path: str, **more: Any) -> Answer:
        async with asyncio.timeout(LONGEST):
            async with self.session.request(
                method, self.url + path, allow_redirects=False, **more
            ) as answer:
                return Answer(answer, await answer.read())

    @asynccontextmanager
    async def socket(
        self, path: str = "/ws", *, mine: bool = False, plain: bool = False, **headers: str
    ) -> AsyncIterator[Socket]:
        async with self.session.ws_connect(
            self.url + path,
            protocols=() if plain else ("headway.v1",),
            headers=(self.token if mine else {}) | headers,
            max_msg_size=0,
        ) as socket:
            yield Socket(socket)

    @asynccontextmanager
    async def follow(self, *, mine: bool = False, **hello: Any) -> AsyncIterator[Socket]:
        async with self.socket(mine=mine) as socket:
            await socket.say("hello", **hello)
            yield socket


class Answer:
    """What the door answered."""

    def __init__(self, answer: aiohttp.ClientResponse, body: bytes) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self.cookies = answer.cookies
        self.body = body
        self.text = body.decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def kind(self) -> str:
        return str(self.json["type"]).removeprefix("urn:headway:problem:")


class Socket:
    """One side of a live stream."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.raw = socket

    async def say(self, kind: str, **data: Any) -> None:
        await self.raw.send_str(msgspec.json.encode({"type": kind, "data": data}).decode())

    async def hear(self) -> Any:
        async with asyncio.timeout(LONGEST):
            return msgspec.json.decode(await self.raw.receive_str())

    async def hear_of(self, kind: str) -> Any:
        """The data of the next frame of that type."""
        while True:
            frame = await self.hear()
            if frame["type"] == kind:
                return frame["data"]

    async def hear_until(self, enough: Callable[[Any], bool]) -> list[Any]:
        """The data of frames of news, up to the first that is enough.

        Headway's own estimates come as news of their own, between what a test reports.
        """
        heard = [await self.hear_of("changes")]
        while not enough(heard[-1]):
            heard.append(await self.hear_of("changes"))
        return heard

    async def end(self) -> int | None:
        """The code with which the other side closed."""
        async with asyncio.timeout(LONGEST):
            while (await self.raw.receive()).type not in CLOSED:
                pass
        return self.raw.close_code


async def until(holds: Callable[[], bool]) -> None:
    """Return once it holds. Raises: TimeoutError after `LONGEST` seconds."""
    async with asyncio.timeout(LONGEST):
        while True:
            if holds():
                return
            await asyncio.sleep(0.01)


CLOSED = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


class Builder:
    """Opens houses, and closes them after the test."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    async def __call__(
        self, settings: Settings | None = None, *, actors: Actors = tuple, **more: Any
    ) -> House:
        enter = self._stack.enter_async_context
        plane = await enter(Plane(MemoryStore(), **more))
        serving = await enter(serve(plane, settings or Settings(port=0), actors=actors))
        session = await enter(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        return House(plane, serving, session)

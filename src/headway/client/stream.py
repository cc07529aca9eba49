"""The live stream as an iterator that outlives connections.

Rule 1: the cursor of the last frame is all that is needed to go on.
Rule 2: the first connection must succeed; later ones are tried again, the wait doubling
from `FIRST_WAIT` to `LONGEST_WAIT`, for `patience` seconds without a server.
Rule 3: a code that says "do not come back" ends the iteration with its error.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

import aiohttp
import msgspec

from headway.client.asking import error_of, silent
from headway.errors import HeadwayError, Refused, Unreachable, UsageError
from headway.model.views import AnyView
from headway.talk.messages import (
    DEFAULT_RATE,
    EVERY_TOPIC,
    SUBPROTOCOL,
    ChangesFrame,
    ErrorFrame,
    Filter,
    Hello,
    HelloFrame,
    ResultFrame,
    SubscribeFrame,
    Subscription,
    Topic,
    WelcomeFrame,
    encode,
    read_server,
)
from headway.talk.problems import FIRST_FINAL, NEEDS_TOKEN

FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0  # seconds
PATIENCE = 60.0  # seconds without a server
HANDSHAKE = 10.0  # seconds
LARGEST_FRAME = 1 << 27  # bytes

Sleep = Callable[[float], Awaitable[None]]


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What changed. `fresh`: forget what you had, this begins a snapshot."""

    cursor: str
    entities: list[AnyView] = []
    gone: list[str] = []
    fresh: bool = False


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream is to tell. `steps` are keys of jobs whose steps are wanted too."""

    topics: Sequence[Topic] = EVERY_TOPIC
    filter: Filter = Filter()
    max_rate: float = DEFAULT_RATE
    steps: Sequence[str] = ()


class Stream:
    """One reader's place in the stream."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        wanted: Wanted,
        cursor: str | None,
        *,
        patience: float = PATIENCE,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._session = session
        self._url = url
        self._wanted = wanted
        self._cursor = cursor
        self._patience = patience
        self._sleep = sleep
        self._fresh = False

    async def news(self) -> AsyncGenerator[News, None]:
        """Frame after frame, for ever. Raises: Unreachable, Refused, UsageError."""
        waited, wait = 0.0, FIRST_WAIT
        connected = False
        while True:
            try:
                async for one in self._connection():
                    connected, waited, wait = True, 0.0, FIRST_WAIT
                    yield one
            except Unreachable:
                if not connected or waited >= self._patience:
                    raise
            pause = wait * (0.5 + random.random() / 2.0)
            await self._sleep(pause)
            waited, wait = waited + pause, min(wait * 2.0, LONGEST_WAIT)

    async def _connection(self) -> AsyncGenerator[News, None]:
        try:
            async with self._session.ws_connect(
                self._url + "/ws",
                protocols=(SUBPROTOCOL,),
                max_msg_size=LARGEST_FRAME,
                timeout=aiohttp.ClientWSTimeout(ws_close=2.0),
                heartbeat=30.0,
            ) as socket:
                await self._greet(socket)
                async for message in socket:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        one = self._read(message.data)
                        if one is not None:
                            yield one
                if (socket.close_code or 0) >= FIRST_FINAL:
                    raise UsageError(f"the server ended the stream: {socket.close_code}")
        except aiohttp.WSServerHandshakeError as error:
            raise await self._refused(error) from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise silent(self._url, error) from error

    async def _greet(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        wanted = self._wanted
        hello = Hello(
            cursor=self._cursor,
            topics=list(wanted.topics),
            filter=wanted.filter,
            max_rate=wanted.max_rate,
        )
        await socket.send_str(encode(HelloFrame(data=hello)).decode())
        for job in wanted.steps:
            await socket.send_str(encode(SubscribeFrame(data=Subscription(job=job))).decode())

    def _read(self, text: str) -> News | None:
        frame = read_server(text)
        if isinstance(frame, WelcomeFrame):
            self._cursor = frame.data.cursor
            self._fresh = self._fresh or not frame.data.recovered
        elif isinstance(frame, ChangesFrame):
            self._cursor = frame.data.cursor
            fresh, self._fresh = self._fresh, False
            told = frame.data
            return News(cursor=told.cursor, entities=told.entities, gone=told.gone, fresh=fresh)
        elif isinstance(frame, ResultFrame) and frame.data.steps:
            return News(cursor=self._cursor or "", entities=frame.data.steps)
        elif isinstance(frame, ErrorFrame) and not frame.data.retry:
            kind = Refused if frame.data.code == NEEDS_TOKEN.number else UsageError
            raise kind(f"{frame.data.message}: {frame.data.detail}".rstrip(": "))
        return None

    async def _refused(self, error: aiohttp.WSServerHandshakeError) -> HeadwayError:
        # The handshake error has no body: the same question without an upgrade has.
        try:
            async with self._session.get(self._url + "/api/v1/status") as answer:
                body = await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as second:
            return silent(self._url, second)
        if answer.status != 200:
            return error_of(answer.status, body, self._url)
        return Unreachable(f"{self._url} refuses the stream: {error.status}")

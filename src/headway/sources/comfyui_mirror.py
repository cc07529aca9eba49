"""Hands for the mirror extension: look for it, prove that we know its token, read it.

Rule 1: a ComfyUI without it is watched as ever; nothing here ends the connection to it.
Rule 2: the token is found by the mirror's public id, and never sent: a proof for one nonce is.
Rule 3: what was read waits for the one who hears it, at most `MOST_WAITING` frames; then we
    wait, and the mirror keeps what is newest and reports anew what it had to drop.
Rule 4: after a break it is looked for again every `AGAIN` seconds, for as long as the connection
    to its ComfyUI stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
import msgspec

from headway.dialects.comfyui.ears import Ears, Heard
from headway.dialects.comfyui.mirror_frames import (
    LARGEST_ABOUT,
    PATH,
    PROTOCOL,
    About,
    Challenge,
    Words,
    proof,
    public_id,
    read_about,
    read_mirror,
)
from headway.dialects.comfyui.wire import LARGEST_FRAME, Skip
from headway.errors import SourceLost
from headway.sources.http import Asker, open_socket
from headway.sources.inbox import Inbox

AGAIN = 15.0  # seconds between looks for a mirror that was heard once
FIRST_REPORT = 3.0  # seconds that the first report may take
HEARTBEAT = 10.0  # seconds between our pings
MOST_WAITING = 50  # frames
REFUSED = 4401  # the code with which it closes on who does not know its token

Tokens = Callable[[str], str]
"""The token of the mirror with that public id; "" if it is not known."""

BROKE = "the connection to it broke"


def no_tokens(_: str) -> str:
    """For who knows of no mirror."""
    return ""


def one_token(token: str) -> Tokens:
    """For who was given a token by hand: it is that of the mirror whose id it makes."""
    return lambda wanted: token if token and public_id(token) == wanted else ""


class Silence(NamedTuple):
    """Why nothing is heard; "" where no mirror is installed. `again`: that may change."""

    why: str
    again: bool = False


class Said(msgspec.Struct, frozen=True):
    """A frame of the mirror, or that none comes now. `room` is given back once it is heard."""

    what: Words | Challenge | Skip | Silence
    room: asyncio.Semaphore | None = None

    def heard_by(self, ears: Ears, at: float) -> Heard:
        """What the ears make of it."""
        if self.room is not None:
            self.room.release()
        if isinstance(self.what, Silence):
            return ears.no_mirror(self.what.why, at)
        return ears.mirror(self.what, at)


class MirrorLink:
    """One ComfyUI's mirror, over one connection to that ComfyUI."""

    def __init__(
        self,
        client: aiohttp.ClientSession,
        url: str,
        *,
        asker: Asker,
        inbox: Inbox,
        tokens: Tokens,
        clock: Callable[[], float],
        again: float = AGAIN,
        patience: float = FIRST_REPORT,
    ) -> None:
        self._client, self._url, self._asker = client, url, asker
        self._inbox, self._tokens, self._clock = inbox, tokens, clock
        self._again, self._patience = again, patience
        self._room = asyncio.Semaphore(MOST_WAITING)
        self._first: asyncio.Future[Said] = asyncio.get_running_loop().create_future()

    async def first(self) -> Said | None:
        """Its report, or that there is none; None if it takes too long and comes later."""
        await asyncio.wait([self._first], timeout=self._patience)
        if self._first.done():
            return self._first.result()
        self._first.cancel()
        return None

    async def keep(self) -> None:
        """Read it for as long as it is there. Never raises."""
        while True:
            silence = await self._read()
            self._tell(Said(silence))
            if not silence.again:
                return
            await asyncio.sleep(self._again)

    async def _read(self) -> Silence:
        """Read it to its end."""
        try:
            answer = await self._asker.ask(PATH, limit=LARGEST_ABOUT)
            if answer is None:
                return Silence("it does not answer", again=True)
            if answer.status != 200:
                return Silence("")
            about = read_about(answer.body or b"")
            token = "" if isinstance(about, Skip) else self._tokens(about.id)
            silence = unusable(about, token)
            if silence is None:
                async with self._opened(token) as socket:
                    silence = await self._drain(socket)
            return silence
        except SourceLost:
            return Silence(BROKE, again=True)

    @asynccontextmanager
    async def _opened(self, token: str) -> AsyncIterator[Any]:
        socket = await open_socket(
            self._client, self._url, PATH, largest=LARGEST_FRAME, heartbeat=HEARTBEAT
        )
        async with socket:
            found = read_mirror(bytes((await socket.receive()).data or b""))
            if isinstance(found, Challenge):
                await socket.send_json({"kind": "hello", "proof": proof(token, found.nonce)})
            yield socket

    async def _drain(self, socket: aiohttp.ClientWebSocketResponse[Any]) -> Silence:
        try:
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    break
                await self._room.acquire()
                self._tell(Said(read_mirror(message.data), self._room))
        except (aiohttp.ClientError, OSError):
            return Silence(BROKE, again=True)
        if socket.close_code == REFUSED:
            return Silence("it does not take the token that is known here")
        return Silence(BROKE, again=True)

    def _tell(self, said: Said) -> None:
        if self._first.done():
            self._inbox.answer(said, self._clock())
        else:
            self._first.set_result(said)


def unusable(about: About | Skip, token: str) -> Silence | None:
    """Why that mirror cannot be heard; None if it can."""
    if isinstance(about, Skip):
        return Silence("")
    if about.protocol != PROTOCOL:
        return Silence(f"it speaks version {about.protocol}: `headway comfyui install` brings ours")
    if about.missing:
        return Silence(f"it does not find {', '.join(about.missing)[:200]} in this ComfyUI")
    return None if token else Silence("its token is not known here")

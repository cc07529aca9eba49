"""Hands for ComfyUI: connect, subscribe to the console, read, ask, hand over what was heard.

Rule 1: an own random client id for every connection, never one that was seen anywhere:
    the server keeps one socket for each id, and the second takes it from the first.
Rule 2: the reader only drains; one asker asks one question at a time; who hears does
    neither.
Rule 3: the queue is polled only while something waits, runs or is not yet accounted for
    (`poll`, one a second); an idle server wakes us by its status socket, and is looked at
    once in `IDLE_TICK` all the same: a socket that is stuck elsewhere says nothing, and
    what is not known is not idle. Where changes came without a word of that socket, it
    is held for stuck and looked at every `DEAF_LOOK` until it speaks again.
Rule 4: never a bare /history; /history/{id} only for ids that left the queue.
Rule 5: a missing answer is no loss until the next one is missing too; a closed socket is.
Rule 6: a server that was not heard, but may have worked on, may have finished what it had:
    only one whose side said that nobody is there cannot have.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import aiohttp
import msgspec

from headway.dialects.comfyui.ears import Ears
from headway.errors import SourceLost
from headway.model.events import AnyEvent
from headway.model.views import JobView, SourceView
from headway.sources.comfyui_artefact import artefact_of
from headway.sources.comfyui_link import Link
from headway.sources.comfyui_mirror import MirrorLink, Tokens, no_tokens, one_token
from headway.sources.contract import Artefact
from headway.sources.http import Asker, clean_url, open_socket, session, shown_url

LARGEST_FRAME = 128 * 1024 * 1024  # bytes; larger ones end the connection
HEARTBEAT = 10.0  # seconds between our pings; the server never pings


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One watched ComfyUI."""

    name: str = "comfyui"
    url: str = "http://127.0.0.1:8188"
    title: str = ""
    poll: float = 1.0  # seconds between looks at a busy queue
    logs: bool = True  # subscribe to the console, for other people's steps
    mirror: bool = True  # listen to the mirror extension, where it is installed
    mirror_token: str = ""  # of a mirror that was installed on another machine
    keep_prompts: str = "own"  # own, all or none; a watched job is never our own


class ComfyUI:
    """A ComfyUI that is watched. One object for its whole life, over all connections."""

    kind = "comfyui"

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        clock: Callable[[], float] = time.time,
        client_id: str = "",
        tokens: Tokens = no_tokens,
    ) -> None:
        """`client_id`: of whoever submits over this connection; only its own, new one.

        `tokens`: the tokens of the mirrors that were installed on this machine.
        """
        self.settings = settings or Settings()
        self._client_id = client_id
        given = self.settings.mirror_token
        self._tokens = one_token(given) if given else tokens
        self.name = self.settings.name
        self.url = clean_url(self.settings.url)
        self._clock = clock
        self._ears = Ears(
            self.name,
            url=shown_url(self.url),
            title=self.settings.title,
            keep_prompts=self.settings.keep_prompts == "all",
        )

    @asynccontextmanager
    async def connect(
        self, known: Sequence[JobView] = (), source: SourceView | None = None
    ) -> AsyncIterator[AsyncIterator[list[AnyEvent]]]:
        """Watch it until the block is left. Raises: SourceLost.

        Only one connection at a time.
        """
        self._ears.remember(known, source)
        try:
            async with self._connected() as batches:
                yield batches
        except SourceLost as lost:
            if not lost.gone:
                self._ears.unwatched()
            raise

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncIterator[list[AnyEvent]]]:
        async with session() as client:
            asker = Asker(client, self.url, clock=self._clock)
            link = Link(
                self._ears,
                asker,
                clock=self._clock,
                poll=self.settings.poll,
            )
            await link.identify(shown_url(self.url))
            sid = self._client_id or uuid.uuid4().hex
            socket = await open_socket(
                client, self.url, f"/ws?clientId={sid}", largest=LARGEST_FRAME, heartbeat=HEARTBEAT
            )
            async with socket, beside(link.drain(socket)):
                await link.subscribe(sid, wanted=self.settings.logs)
                async with self._mirrored(client, asker, link):
                    await link.settle()
                    async with beside(link.ask()), aclosing(link.batches()) as batches:
                        yield batches

    @asynccontextmanager
    async def _mirrored(
        self, client: aiohttp.ClientSession, asker: Asker, link: Link
    ) -> AsyncIterator[None]:
        if not self.settings.mirror:
            yield
            return
        mirror = MirrorLink(
            client,
            self.url,
            asker=asker,
            inbox=link.inbox,
            tokens=self._tokens,
            clock=self._clock,
        )
        async with beside(mirror.keep()):
            await link.meet(mirror)
            yield

    async def artefact(
        self,
        place: dict[str, Any],
        *,
        range: str | None = None,  # noqa: A002 - its name in HTTP
    ) -> Artefact:
        """A file that a job names. Raises: UsageError for a place that is none, SourceLost."""
        return await artefact_of(self.url, place, wanted=range)


@asynccontextmanager
async def beside(work: Any) -> AsyncIterator[None]:
    """A task that lives as long as the block. The work itself tells of its end."""
    task: asyncio.Task[None] = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


__all__ = ["ComfyUI", "Settings", "SourceLost"]

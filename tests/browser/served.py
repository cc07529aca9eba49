"""A real server with a real plane, in the test's own loop, told what to show."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Self

from headway.model.events import AnyEvent
from headway.model.views import JobView, SourceView
from headway.plane import Plane
from headway.plane import Settings as PlaneSettings
from headway.server.serve import Serving, serve
from headway.server.settings import Settings
from headway.sources.contract import Artefact
from headway.store.memory import MemoryStore

TOKEN = "a-token-for-tests"


class Files:
    """A source that says nothing by itself; every file of it is a small picture."""

    name, kind = "comfy", "comfyui"

    @asynccontextmanager
    async def connect(
        self, known: Sequence[JobView], source: SourceView | None
    ) -> AsyncIterator[AsyncIterator[list[AnyEvent]]]:
        await asyncio.Event().wait()
        yield _nothing()

    async def artefact(self, place: dict[str, Any], **_: Any) -> Artefact:
        picture = png()
        headers = {"content-type": "image/png", "content-length": str(len(picture))}
        return Artefact(status=200, headers=headers, body=_parts(picture), close=_closed)


class Served:
    """An async context manager. `shut` and `open` take only the door, not the plane."""

    def __init__(self) -> None:
        self._port = 0
        self._plane: Plane
        self._serving: Serving
        self._around = AsyncExitStack()
        self._door = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._begin("first")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.shut()
        await self._around.aclose()

    @property
    def page(self) -> str:
        """The address that lets its reader in."""
        return self._serving.page

    @property
    def public_page(self) -> str:
        """The address as a stranger on this machine has it."""
        return f"{self._serving.url}/"

    async def report(self, events: Sequence[AnyEvent]) -> None:
        """Say what happened."""
        await self._plane.report(events)

    async def shut(self) -> None:
        """Close the door; the plane goes on."""
        await self._door.aclose()

    async def open(self) -> None:
        """Open the door at the same port as before."""
        settings = Settings(port=self._port, bind=["127.0.0.1"])
        self._serving = await self._door.enter_async_context(
            serve(self._plane, settings, token=TOKEN)
        )
        self._port = self._serving.addresses[0].port

    async def start_anew(self) -> None:
        """Restart with another store, at the same port."""
        await self.shut()
        await self._around.aclose()
        await self._begin("second")

    async def _begin(self, epoch: str) -> None:
        self._plane = await self._around.enter_async_context(
            Plane(
                MemoryStore(epoch=epoch),
                sources=[Files()],
                settings=PlaneSettings(discover=False),
            )
        )
        await self.open()


def png(side: int = 8) -> bytes:
    """A small square picture."""
    rows = b"".join(b"\0" + bytes((40, 120, 130)) * side for _ in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(tag, body) for tag, body in chunks)


def _chunk(tag: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))


async def _nothing() -> AsyncIterator[list[AnyEvent]]:
    await asyncio.Event().wait()
    yield []


async def _parts(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def _closed() -> None:
    """Nothing to give back."""

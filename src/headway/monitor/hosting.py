"""A Headway server inside this program, in a thread with a loop of its own.

Rule 1: the program's loop may be busy for as long as it likes: watching and serving go on.
Rule 2: the state directory of the user belongs to one server; a store of one's own may be
given instead. Where the server is, is written down beside the store.
Rule 3: leaving the block closes the server and its store; a thread that does not end
within `FAREWELL` is left behind, and ends with the program.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress

import msgspec

from headway.errors import ConfigError, Unreachable
from headway.host import lock, mirrors, paths, runfile
from headway.host.drives import is_network
from headway.model.address import address_of
from headway.model.events import AnyEvent
from headway.plane import Plane
from headway.server.serve import serve
from headway.server.settings import Settings as DoorSettings
from headway.sources.comfyui import ComfyUI
from headway.sources.comfyui import Settings as ComfyUISettings
from headway.sources.contract import Source
from headway.sources.discovery import USUAL, Candidate, look, name_of
from headway.store.mark import high_water, leave_mark
from headway.store.sqlite import SqliteStore
from headway.transport.place import Place

log = logging.getLogger(__name__)

FAREWELL = 15.0  # seconds for the server to close


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What to serve, and where. `url` "": what is found on this machine.

    `store`: the file of the store; "": the one in the user's state directory.
    """

    port: int
    url: str = ""
    poll: float = 2.0  # seconds between looks at a busy queue
    store: str = ""

    @property
    def store_file(self) -> str:
        """The file of the store."""
        return self.store or paths.store_file(paths.state_dir())

    @property
    def run_file(self) -> str:
        """Where it is written down that the server runs."""
        return f"{self.store}.run" if self.store else paths.run_file(paths.state_dir())

    @property
    def lock_file(self) -> str:
        """What the server of that store holds locked."""
        return f"{self.store}.lock" if self.store else paths.lock_file(paths.state_dir())

    @property
    def mark_file(self) -> str:
        """Where it is written down how far the store is."""
        return f"{self.store}.mark" if self.store else paths.mark_file(paths.state_dir())


class Hosted:
    """A server in its thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ready: Future[Place] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._leaving = False
        self._thread = threading.Thread(target=self._run, name="headway-monitor", daemon=True)

    @property
    def runs(self) -> bool:
        """Whether it is there still."""
        return self._thread.is_alive()

    async def start(self) -> Place:
        """Where it answers. Raises: ConfigError, StoreError, Unreachable: another one starts."""
        self._thread.start()
        return await asyncio.shield(asyncio.wrap_future(self._ready))

    async def close(self) -> None:
        """Return once it is closed."""
        self._leaving = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._stop.set)
        await asyncio.to_thread(self._thread.join, FAREWELL)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._ready.done():
                log.exception("monitor.server.failed")
            else:
                self._ready.set_exception(error)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        if self._leaving:
            return
        refuse_second(self._settings)
        paths.make_private(os.path.dirname(self._settings.store_file) or ".")
        try:
            with lock.held(self._settings.lock_file):
                await self._serve_alone(self._settings)
        except lock.Taken as taken:
            raise Unreachable(
                f"Headway starts already, process {taken.pid}", "wait for it, or end that process"
            ) from taken

    async def _serve_alone(self, settings: Settings) -> None:
        store = SqliteStore.open(
            settings.store_file,
            high_water=high_water(settings.mark_file),
            is_network=is_network,
        )
        plane = Plane(store, sources=_named(settings), discover=_Discovery(settings))
        door = serve(plane, DoorSettings(port=settings.port), run_file=settings.run_file)
        try:
            async with plane, door as serving:
                leave_mark(settings.mark_file, store.cursor())
                port = serving.addresses[0].port
                self._ready.set_result(Place(f"http://127.0.0.1:{port}", serving.token))
                await self._stop.wait()
        finally:
            leave_mark(settings.mark_file, store.cursor())


@asynccontextmanager
async def hosted(settings: Settings) -> AsyncIterator[tuple[Place, Hosted]]:
    """A server of our own, while the block lasts. Raises: ConfigError, StoreError."""
    server = Hosted(settings)
    try:
        yield await server.start(), server
    finally:
        await server.close()


def refuse_second(settings: Settings) -> None:
    """Raises: ConfigError if a server has this store already, at whatever port.

    Two would contradict each other about which back ends are seen.
    """
    there = runfile.live(settings.run_file)
    if there is None or (there.pid == os.getpid() and there.port == settings.port):
        return
    raise ConfigError(
        f"Headway serves already at {there.url}, process {there.pid}",
        f"attach to it with websocket_port={there.port}, or give a database of your own",
    )


def _named(settings: Settings) -> list[Source]:
    if not settings.url:
        return []
    return [_source(Candidate("comfyui", settings.url), settings)]


def _source(one: Candidate, settings: Settings) -> ComfyUI:
    watched = ComfyUISettings(name=name_of(one), url=one.url, poll=settings.poll)
    return ComfyUI(watched, tokens=mirrors.token_of)


class _Discovery:
    """Looks for a ComfyUI where one usually answers, unless one was named."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def __call__(self, watched: Sequence[Source]) -> tuple[list[Source], list[AnyEvent]]:
        if self._settings.url:
            return [], []
        known = {address_of(getattr(one, "url", "")) for one in watched}
        found = await look(
            one for one in USUAL if one.kind == "comfyui" and address_of(one.url) not in known
        )
        return [_source(Candidate(one.kind, one.url), self._settings) for one in found], []

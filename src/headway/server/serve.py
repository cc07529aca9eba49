"""Open the door, say where it is, close it again.

Rule 1: the run file is written when the port answers and removed when it is closed.
Rule 2: a taken port is an error that says who has it and how to go on; a second address
that this machine does not have (::1) is left out.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
from aiohttp import web

from headway.errors import ConfigError
from headway.host import runfile
from headway.host.process import identity
from headway.plane.plane import Plane
from headway.server.access import is_loopback
from headway.server.app import app_of, version
from headway.server.door import Actors, Door
from headway.server.files import files_of
from headway.server.gate import Gates
from headway.server.settings import Settings

TOKEN_BYTES = 32
BACKLOG = 128  # connections that wait to be taken
FAREWELL = 3.0  # seconds for requests under way when the server stops
ABSENT = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, None})  # None: asyncio's own words


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """One address that answers."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """As a browser wants it; this machine goes by its usual name."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{'localhost' if self.host == '127.0.0.1' else name}:{self.port}"


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """A door that is open. `token` is the user's: it allows everything."""

    addresses: list[Address]
    token: str
    door: Door

    @property
    def url(self) -> str:
        """The address to show."""
        return self.addresses[0].url

    @property
    def page(self) -> str:
        """The address that also lets its reader in: never to be logged."""
        return f"{self.url}/?token={self.token}"

    def __repr__(self) -> str:
        return f"Serving({self.url!r})"  # never the token


@asynccontextmanager
async def serve(
    plane: Plane,
    settings: Settings | None = None,
    *,
    run_file: str = "",
    token: str = "",
    actors: Actors = tuple,
) -> AsyncIterator[Serving]:
    """The open door of a plane that runs.

    `run_file`: where local programs look for it; "" tells nobody. `token`: the user's,
    else a new one. `actors`: the back ends that it may act on, asked anew each time.
    Raises: ConfigError if it cannot be opened there.
    """
    chosen = settings or Settings()
    secret = token or secrets.token_urlsafe(TOKEN_BYTES)
    door = Door(plane, chosen, token=secret, version=version(), actors=actors)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(door.circles)
        await stack.enter_async_context(door.submissions)
        await _open(door, stack)
        addresses = await _bind(door, stack, run_file)
        serving = Serving(addresses=addresses, token=secret, door=door)
        with _told(serving, run_file):
            yield serving


async def _open(door: Door, stack: AsyncExitStack) -> None:
    runner = _runner(door)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    server = runner.server
    assert server is not None  # since setup
    door.gates = await stack.enter_async_context(Gates(server, door.settings.limits))


def _runner(door: Door) -> web.AppRunner:
    limits = door.settings.limits
    return web.AppRunner(
        app_of(door, files_of()),
        access_log=None,  # a query may hold a token
        logger=_discreet(),
        handle_signals=False,
        shutdown_timeout=FAREWELL,
        keepalive_timeout=limits.head_seconds,
        max_line_size=limits.header_bytes,
        max_field_size=limits.header_bytes,
    )


def _discreet() -> logging.Logger:
    # Of a head that it cannot read aiohttp logs the very line, where a token may stand.
    log = logging.getLogger("headway.server.http")
    if not log.filters:
        log.addFilter(_without_details)
    return log


def _without_details(record: logging.LogRecord) -> bool:
    kind = record.exc_info[0] if record.exc_info else None
    record.msg, record.args = record.getMessage(), ()
    if kind is not None:
        record.msg += f": {kind.__name__}"
    record.exc_info = record.exc_text = None
    return True


async def _bind(door: Door, stack: AsyncExitStack, run_file: str) -> list[Address]:
    settings, loop = door.settings, asyncio.get_running_loop()
    bound: list[Address] = []
    for host in settings.bind:
        port = settings.port or (bound[0].port if bound else 0)
        try:
            listening = await loop.create_server(door.gates, host, port, backlog=BACKLOG)
        except OSError as error:
            if error.errno in ABSENT and host != settings.bind[0]:
                continue
            raise _cannot_bind(error, host, port, run_file) from error
        stack.push_async_callback(_close, listening)
        name = listening.sockets[0].getsockname()
        bound.append(Address(host=name[0], port=name[1]))
    return bound


async def _close(listening: asyncio.Server) -> None:
    listening.close()
    await asyncio.sleep(0)  # a connection that was taken already is made in the next turn


def _cannot_bind(error: OSError, host: str, port: int, run_file: str) -> ConfigError:
    if error.errno != errno.EADDRINUSE:
        return ConfigError(f"cannot listen at {host} port {port}: {error.strerror}")
    there = runfile.live(run_file) if run_file else None
    if there is not None and there.port == port:
        hint = f"it serves at {there.url}; `headway open` shows it, --port N starts another"
        return ConfigError(f"port {port} is taken by Headway itself, process {there.pid}", hint)
    return ConfigError(f"port {port} is taken by another program", "choose another with --port N")


class _told:
    """Says in the run file where the server is, while it is."""

    def __init__(self, serving: Serving, path: str) -> None:
        self._path = path
        self._own = _run_file(serving)

    def __enter__(self) -> None:
        if self._path:
            runfile.write(self._path, self._own)

    def __exit__(self, *_: object) -> None:
        if self._path:
            runfile.remove(self._path, self._own)


def _run_file(serving: Serving) -> runfile.RunFile:
    local = [one for one in serving.addresses if is_loopback(one.host)]
    first = (local or serving.addresses)[0]
    cursor = serving.door.plane.store.cursor()
    return runfile.RunFile(
        url=first.url,
        host=first.host,
        port=first.port,
        pid=os.getpid(),
        token=serving.token,
        started=identity().started,
        epoch=cursor.epoch,
        offset=cursor.offset,
        version=serving.door.version,
    )

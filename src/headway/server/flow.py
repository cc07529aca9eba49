"""How much may lie between us and a reader.

Rule 1: at most a socket's buffer, `PENDING` bytes and one frame: whoever writes waits
for room first, and takes its news only then, so that they conflate meanwhile.
Rule 2: a reader that takes nothing for `patience` seconds is too slow; one that takes
little by little is not.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable

from aiohttp import web

SOCKET_BUFFER = 65_536  # bytes: a reader that stopped hides in the kernel's buffers
PENDING = 65_536  # bytes in our own buffer, above which nothing more is written
UNLIMITED = 1 << 31  # bytes: this module does the pausing, not the transport
LOOK = 0.02  # seconds between looks at a full buffer
QUIET_BEFORE_PROBES = 60  # seconds until the system asks whether a silent peer is there


class TooSlow(Exception):
    """The reader took nothing for too long."""


class Flow:
    """The way out to one reader."""

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        *,
        patience: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._transport = transport
        self._patience = patience
        self._clock = clock
        self._sleep = sleep

    async def room(self) -> None:
        """Return once a frame may be written. Raises: TooSlow, ConnectionResetError."""
        left = self._transport.get_write_buffer_size()
        since = self._clock()
        while left > PENDING:
            await self._sleep(LOOK)
            if self._transport.is_closing():
                raise ConnectionResetError("the reader has gone")
            size, now = self._transport.get_write_buffer_size(), self._clock()
            if size < left:
                since = now
            elif now - since > self._patience:
                raise TooSlow
            left = size

    def abort(self) -> None:
        """Let go of the connection and of what was not taken."""
        self._transport.abort()


def flow_to(request: web.Request, *, patience: float) -> Flow:
    """The way out to whoever sent the request."""
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("the reader has gone")
    transport.set_write_buffer_limits(high=UNLIMITED)
    _bound_buffers(transport.get_extra_info("socket"))
    return Flow(transport, patience=patience)


def _bound_buffers(connection: socket.socket | None) -> None:
    if connection is None:
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    idle = getattr(socket, "TCP_KEEPIDLE", None)
    if idle is not None:
        connection.setsockopt(socket.IPPROTO_TCP, idle, QUIET_BEFORE_PROBES)

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

from headway.server.door import Door
from headway.server.gate import PENDING, Gate

SOCKET_BUFFER = 65_536  # bytes: a reader that stopped hides in the kernel's buffers
LOOKS = 6  # looks at a full buffer within `patience`, if nothing is heard of it
QUIET_BEFORE_PROBES = 60  # seconds until the system asks whether a silent peer is there
BETWEEN_PROBES = 10  # seconds
PROBES = 3  # unanswered, after which the peer is gone

_PROBING = {
    "TCP_KEEPIDLE": QUIET_BEFORE_PROBES,
    "TCP_KEEPALIVE": QUIET_BEFORE_PROBES,  # as macOS calls it
    "TCP_KEEPINTVL": BETWEEN_PROBES,
    "TCP_KEEPCNT": PROBES,
}


class TooSlow(Exception):
    """The reader took nothing for too long."""


class Flow:
    """The way out to one reader. `wait` returns when room is likely, at most so late."""

    __slots__ = ("_clock", "_patience", "_transport", "_wait")

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        *,
        patience: float,
        wait: Callable[[float], Awaitable[None]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._patience = patience
        self._wait = wait
        self._clock = clock

    async def room(self) -> None:
        """Return once a frame may be written. Raises: TooSlow, ConnectionResetError."""
        left = self._transport.get_write_buffer_size()
        since = self._clock()
        while left > PENDING:
            await self._wait(self._patience / LOOKS)
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


def gate_of(request: web.Request, door: Door) -> Gate:
    """The gate that the request came through.

    Raises: ConnectionResetError if the reader has gone already.
    """
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("the reader has gone")
    return door.gates.of(transport)


def flow_to(gate: Gate, *, patience: float) -> Flow:
    """The way out through that gate, which is held by a stream from now on."""
    gate.hold()
    _bound_buffers(gate.transport.get_extra_info("socket"))
    return Flow(gate.transport, patience=patience, wait=gate.room_within)


def _bound_buffers(connection: socket.socket | None) -> None:
    if connection is None:
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _PROBING.items():
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

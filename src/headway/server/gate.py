"""Each connection from its first byte to its last: who may hold one, and for how long.

Rule 1: connections are counted in all and for each peer; beyond the limit they get one
short answer and are closed before anything is read. A peer is an address, of IPv6 the
/64: who has one such address has all of them.
Rule 2: whoever takes nothing of what waits for it for `slow_seconds` is let go,
whatever it asked for: a stream, a list, a file.
Rule 3: a gate passes on what it hears; only what a stream wants to know (room, the end)
is told aside.
Rule 4: when the server stops, whoever was taken at the last moment is let go at once:
aiohttp ends only the connections that it knew when it stopped.

Slow request heads are aiohttp's to bound: `keepalive_timeout` counts from the start of
the connection, and from each answer, to the next complete head.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NoReturn, Self

import msgspec

from headway.server.settings import Limits
from headway.talk.problems import MEDIA, problem

PENDING = 65_536  # bytes on the way to one reader, above which nothing more is written
LOOKS = 6  # looks at what waits, in the time after which a reader is too slow
COME_BACK = 5  # seconds after which one who was refused may try again

Sleep = Callable[[float], Awaitable[None]]


class Gate(asyncio.Protocol):
    """One connection. `free`: a stream may write now; `sent` counts the bytes it wrote."""

    __slots__ = (
        *("_ended", "_gates", "_inner", "_own", "_room", "_shut", "_since", "_taken"),
        *("free", "peer", "sent", "transport"),
    )

    transport: asyncio.Transport

    def __init__(self, gates: Gates) -> None:
        self._gates = gates
        self._inner: asyncio.Protocol | None = None
        self._own = False
        self._shut = False
        self._room: asyncio.Event | None = None
        self._ended: asyncio.Event | None = None
        self._taken: int | None = None
        self._since = 0.0
        self.free = True
        self.peer = ""
        self.sent = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the connection in, or answer that there are too many."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.peer = peer_of(transport.get_extra_info("peername"))
        if self._gates.closed:
            transport.abort()
            return
        self._inner = self._gates.let_in(self)
        if self._inner is None:
            transport.write(REFUSAL)
            transport.close()
        else:
            self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        if self._inner is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass it on."""
        return None if self._inner is None else self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on, and tell who waits for the end."""
        self.shut()
        inner, self._inner = self._inner, None
        if inner is not None:
            self._gates.let_go(self)
            inner.connection_lost(exc)
        for waited in (self._room, self._ended):
            if waited is not None:
                waited.set()

    def pause_writing(self) -> None:
        """The reader lags. A stream looks for room by itself; aiohttp is told for the rest."""
        self.free = False
        if self._inner is not None and not self._own:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """There is room again."""
        self.free = not self._shut
        if self._room is not None:
            self._room.set()
        if self._inner is not None and not self._own:
            self._inner.resume_writing()

    @property
    def is_shut(self) -> bool:
        """True if nothing more is to be written."""
        return self._shut or self.transport.is_closing()

    def shut(self) -> None:
        """Nothing more is to be written by a stream: it said goodbye, or nobody is there."""
        self._shut = True
        self.free = False

    def hold(self) -> None:
        """From now on a stream looks for room itself (`room_within`)."""
        self._own = True
        self.transport.set_write_buffer_limits(high=PENDING, low=PENDING)

    async def room_within(self, seconds: float) -> None:
        """Return once the reader took enough, or the connection ended, or time is over."""
        self._room = asyncio.Event()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._room.wait()
        self._room = None

    async def end(self) -> None:
        """Return once the connection is lost."""
        if self.transport.is_closing():
            return
        self._ended = asyncio.Event()
        await self._ended.wait()

    def is_stuck(self, now: float, patience: float) -> bool:
        """True if something waits and nothing of it was taken for `patience` seconds."""
        waiting = self.transport.get_write_buffer_size()
        taken = self.sent - waiting
        if not waiting or taken != self._taken:
            self._since, self._taken = now, taken
        return now - self._since > patience


class Gates:
    """All connections: the protocol factory of our port. `make` gives what is behind.

    An async context manager: meanwhile nobody keeps what waits for it waiting (Rule 2),
    and after it nobody comes in (Rule 4).
    """

    def __init__(
        self,
        make: Callable[[], asyncio.Protocol],
        limits: Limits,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._make = make
        self._limits = limits
        self._clock = clock
        self._sleep = sleep
        self._open: dict[asyncio.BaseTransport, Gate] = {}
        self._peers: Counter[str] = Counter()
        self._tasks = asyncio.TaskGroup()
        self._watching: asyncio.Task[None]
        self.closed = False

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._watching = self._tasks.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.closed = True
        self._watching.cancel()
        await self._tasks.__aexit__(None, None, None)

    def __len__(self) -> int:
        return len(self._open)

    def __call__(self) -> Gate:
        return Gate(self)

    def let_in(self, gate: Gate) -> asyncio.Protocol | None:
        """What the connection talks to; None if there are too many."""
        limits = self._limits
        if len(self._open) >= limits.connections:
            return None
        if self._peers[gate.peer] >= limits.peer_connections:
            return None
        self._open[gate.transport] = gate
        self._peers[gate.peer] += 1
        return self._make()

    def let_go(self, gate: Gate) -> None:
        """The connection is over."""
        self._open.pop(gate.transport, None)
        self._peers[gate.peer] -= 1
        if not self._peers[gate.peer]:
            del self._peers[gate.peer]

    def of(self, transport: asyncio.BaseTransport) -> Gate:
        """The gate of a connection. Raises: KeyError if it is none of ours."""
        return self._open[transport]

    async def _watch(self) -> NoReturn:
        patience = self._limits.slow_seconds
        while True:
            await self._sleep(patience / LOOKS)
            now = self._clock()
            for gate in list(self._open.values()):
                if gate.is_stuck(now, patience):
                    gate.transport.abort()


def peer_of(name: object) -> str:
    """Whom a socket's address counts for."""
    host = str(name[0]) if isinstance(name, tuple) and name else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))


def _refusal() -> bytes:
    body = msgspec.json.encode(problem("too-many-connections", setting="server.limits.connections"))
    lines = [
        "HTTP/1.1 503 Service Unavailable",
        f"Content-Type: {MEDIA}",
        f"Content-Length: {len(body)}",
        f"Retry-After: {COME_BACK}",
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


REFUSAL = _refusal()

"""A TCP proxy with faults, between a watcher and a server: `FaultProxy(port)`, then `proxy.url`.

    async with FaultProxy(comfy.port) as proxy:
        watch(proxy.url)
        proxy.socket.put(Stall())        # WebSockets say nothing more
        proxy.http.put(Answer(BAD_GATEWAY))
        proxy.heal()
        await proxy.play([Step(0.0, "http", Stall()), Step(5.0, "both", Clear())])

Rule 1: HTTP requests and WebSockets are two ways, each with its own fault. A connection that
    upgrades changes over to the other way.
Rule 2: a fault holds for connections that are open and for those that come, until another one
    is put in its place. `cut` is no state: it breaks what is open, once.
Rule 3: what is held back is delivered later, in order; a connection that lost a byte never goes
    on: it is cut when its fault is healed.
Rule 4: bounded: one piece is read only when the one before it was passed on.
Rule 5: it knows nothing of what it carries but the words of an upgrade, so it serves for any
    server that speaks HTTP.
"""

import asyncio
import random
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Protocol, Self

from headway.sim.comfyui.change import Change
from headway.sim.comfyui.tasks import Tasks

PIECE = 65_536  # bytes read at once
WORDS = b"upgrade: websocket"
BAD_GATEWAY = (
    b"HTTP/1.1 502 Bad Gateway\r\nServer: proxy\r\nContent-Type: text/html\r\n"
    b"Content-Length: 39\r\nConnection: close\r\n\r\n<html><h1>502 Bad Gateway</h1></html>\r\n"
)


class Cut(Exception):
    """The connection breaks here."""


class Fault(Protocol):
    """What happens to a piece on its way."""

    async def pass_on(self, piece: bytes, line: "Line", *, down: bool) -> bytes | None:
        """What goes on of it; None: ask the fault that is there by now. Raises Cut.

        `down`: it comes from the server. An empty piece is the end of that direction.
        """
        ...


@dataclass(frozen=True)
class Clear:
    """All goes through."""

    async def pass_on(self, piece: bytes, line: "Line", *, down: bool) -> bytes | None:
        return piece


@dataclass(frozen=True)
class Stall:
    """What the server says is held back until this is healed."""

    async def pass_on(self, piece: bytes, line: "Line", *, down: bool) -> bytes | None:
        if not down:
            return piece
        await line.until_not(self)
        return None


@dataclass(frozen=True)
class HalfOpen:
    """Both sides believe in the connection, and nothing arrives: a pulled cable, a lost route."""

    async def pass_on(self, piece: bytes, line: "Line", *, down: bool) -> bytes | None:
        await line.until_not(self)
        raise Cut


@dataclass(frozen=True)
class Slow:
    """A thin line: so many bytes a second each way, and a delay in seconds for each piece."""

    rate: float = 20_000.0
    delay: float = 0.2

    async def pass_on(self, piece: bytes, line: "Line", *, down: bool) -> bytes | None:
        await asyncio.sleep(self.delay + len(piece) / self.rate)
        return piece


@dataclass(frozen=True)
class Corrupt:
    """Of what the server says, each piece has a byte changed with this chance."""

    chance: float = 0.5
    rng: random.Random = field(default_factory=lambda: random.Random(0))

    async def pass_on(self, piece: bytes, line: "Line", *, down: bool) -> bytes | None:
        if not down or not piece or self.rng.random() >= self.chance:
            return piece
        place = self.rng.randrange(len(piece))
        other = piece[place] ^ self.rng.randrange(1, 256)
        return piece[:place] + bytes((other,)) + piece[place + 1 :]


@dataclass(frozen=True)
class Truncate:
    """A connection ends after so many bytes from the server, as if all had been said."""

    after: int = 300

    async def pass_on(self, piece: bytes, line: "Line", *, down: bool) -> bytes | None:
        if not down:
            return piece
        left = max(self.after - line.said, 0)
        line.said += len(piece)
        if len(piece) > left:
            line.say(piece[:left])
            return b""
        return piece


@dataclass(frozen=True)
class Answer:
    """The proxy answers each request itself, with these bytes, and closes: a gateway's own page."""

    said: bytes = BAD_GATEWAY

    async def pass_on(self, piece: bytes, line: "Line", *, down: bool) -> bytes | None:
        if not line.over:
            line.say(self.said)
        return b""


class Line:
    """One client's connection, and the one to the server that belongs to it."""

    def __init__(self, client: asyncio.StreamWriter, way: "Way") -> None:
        self.over = False  # nothing more is to be said
        self.said = 0  # bytes that Truncate counted
        self._client = client
        self._server: asyncio.StreamWriter | None = None
        self._broken = False
        self._way = way
        way.enter(self)

    async def carry(self, reader: asyncio.StreamReader, target: tuple[str, int]) -> None:
        """Carry both directions to their ends, or until something breaks."""
        try:
            first = await self._heard(reader)
            if first and not self.over:
                answers, self._server = await asyncio.open_connection(*target)
                self._server.write(first)
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._pump(answers, self._client, down=True))
                    group.create_task(self._pump(reader, self._server, down=False))
        except (OSError, Cut):
            self.abort()
        finally:
            self._way.leave(self)
            self._close()

    def say(self, last: bytes) -> None:
        """Say this to the client, and nothing more."""
        self._client.write(last)
        self.over = True

    def abort(self) -> None:
        """Break both connections, as a lost process does."""
        self._broken = True
        for writer in (self._client, self._server):
            if writer is not None:
                writer.transport.abort()
        self._way.happened()

    async def until_not(self, fault: Fault) -> None:
        """Wait until this fault is healed. Raises Cut if the connection breaks before."""
        await self._way.until(lambda: self._broken or self._way.fault is not fault)
        if self._broken:
            raise Cut

    def _close(self) -> None:
        for writer in (self._client, self._server):
            if writer is not None:
                writer.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, down: bool
    ) -> None:
        try:
            while not self.over:
                piece = await (self._answered(reader) if down else self._heard(reader))
                if not piece:
                    break
                writer.write(piece)
                await writer.drain()
            self._close()
        except (OSError, Cut):
            self.abort()

    async def _answered(self, reader: asyncio.StreamReader) -> bytes:
        return await self._passed(await reader.read(PIECE), down=True)

    async def _heard(self, reader: asyncio.StreamReader) -> bytes:
        piece = await reader.read(PIECE)
        if WORDS in piece.lower() and self._way.upgraded is not None:
            self._way.leave(self)
            self._way = self._way.upgraded
            self._way.enter(self)
        return await self._passed(piece, down=False)

    async def _passed(self, piece: bytes, *, down: bool) -> bytes:
        while True:
            passed = await self._way.fault.pass_on(piece, self, down=down)
            if passed is not None:
                return passed


class Way:
    """The connections of one kind, and what happens to them."""

    def __init__(self, upgraded: "Way | None" = None) -> None:
        self.fault: Fault = Clear()
        self.opened = 0  # connections so far
        self.upgraded = upgraded  # where those go that become WebSockets
        self._lines: set[Line] = set()
        self._change = Change()

    @property
    def open(self) -> int:
        """How many connections are open now."""
        return len(self._lines)

    def put(self, fault: Fault) -> None:
        """Let this happen from now on."""
        self.fault = fault
        self.happened()

    def heal(self) -> None:
        self.put(Clear())

    def cut(self) -> None:
        """Break what is open."""
        for line in list(self._lines):
            line.abort()

    async def until(self, condition: Callable[[], object]) -> None:
        """Return once the condition holds; it is looked at when a fault or a connection changes."""
        await self._change.until(condition)

    def happened(self) -> None:
        """Let everybody who waits look again."""
        self._change.happened()

    def enter(self, line: Line) -> None:
        self.opened += 1
        self._lines.add(line)
        self.happened()

    def leave(self, line: Line) -> None:
        self._lines.discard(line)
        self.happened()


@dataclass(frozen=True)
class Step:
    """Part of a script: `after` so many seconds since the step before, this on that way.

    `way`: http, socket or both. `fault` None: cut what is open.
    """

    after: float
    way: str
    fault: Fault | None


class FaultProxy:
    """Listens on a free port of this machine and passes on to another port."""

    def __init__(self, port: int, *, host: str = "127.0.0.1", listen: int = 0) -> None:
        self.socket = Way()
        self.http = Way(upgraded=self.socket)
        self.port = listen
        self._target = (host, port)
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self._tasks = await stack.enter_async_context(Tasks())
            await self.accept()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.refuse()
        await self._stack.aclose()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(self, fault: Fault) -> None:
        """Let this happen on both ways."""
        self.http.put(fault)
        self.socket.put(fault)

    def heal(self) -> None:
        """All goes through again; who lost bytes is cut."""
        self.put(Clear())

    def cut(self) -> None:
        """Break everything that is open."""
        self.http.cut()
        self.socket.cut()

    async def refuse(self) -> None:
        """Cut everything and close the port."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        self.cut()

    async def accept(self) -> None:
        """Open the port (again)."""
        if self._server is None:
            self._server = await asyncio.start_server(self._meet, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def play(self, script: Iterable[Step]) -> None:
        """Let the steps of a script happen, each in its time."""
        ways = {"http": [self.http], "socket": [self.socket], "both": [self.http, self.socket]}
        for step in script:
            await asyncio.sleep(step.after)
            for way in ways[step.way]:
                way.cut() if step.fault is None else way.put(step.fault)

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.start(Line(writer, self.http).carry(reader, self._target))

"""The contract with aiohttp: what we write to its transport, and what it writes, never mix.

An independent client (`websockets`) reads, with TLS and without; it fails on any frame
that is out of place.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest
import trustme
from aiohttp import web
from tests.server.house import LONGEST, Builder, House
from tests.server.sample import queued
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from headway.server import wire
from headway.server.flow import flow_to
from headway.server.gate import PENDING, Gates
from headway.server.settings import Limits
from headway.server.stream_ws import Socket
from headway.server.wire import Frame, SlowWire, wire_to

SIZES = (0, 1, 125, 126, 127, 65_535, 65_536, 200_000)  # around each length of a header
ROUNDS = 40


class Far:
    """The server's side of one socket."""

    def __init__(self, socket: Socket, way: Any, gates: Gates) -> None:
        self.socket = socket
        self.way = way
        self.gates = gates


@asynccontextmanager
async def server(
    *, secure: ssl.SSLContext | None = None, version: str = aiohttp.__version__
) -> AsyncIterator[tuple[int, asyncio.Queue[Far]]]:
    """Sockets through gates, each handed to the test; what they hear they drop."""
    met: asyncio.Queue[Far] = asyncio.Queue()

    async def handle(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        gate = gates.of(request.transport)
        socket = Socket(gate, compress=False, timeout=2.0)
        await socket.prepare(request)
        way = wire_to(socket, gate, version=version)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(way.run()) if isinstance(way, SlowWire) else None
            met.put_nowait(Far(socket, way, gates))
            async for _ in socket:
                pass
            if running is not None:
                running.cancel()
        return socket

    app = web.Application()
    app.router.add_get("/", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    assert runner.server is not None
    gates = Gates(runner.server, Limits())
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(gates, "127.0.0.1", 0, ssl=secure)
    async with gates:
        yield listening.sockets[0].getsockname()[1], met
        listening.close()
        await runner.cleanup()


@asynccontextmanager
async def pair(secure: bool, **how: Any) -> AsyncIterator[tuple[Far, ClientConnection]]:
    """Both ends of a socket."""
    ours = theirs = None
    if secure:
        authority = trustme.CA()
        ours, theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
        authority.issue_cert("localhost").configure_cert(ours)
        authority.configure_trust(theirs)
    async with server(secure=ours, **how) as (port, met), asyncio.timeout(LONGEST):
        url = f"{'wss' if secure else 'ws'}://localhost:{port}/"
        async with connect(
            url, host="127.0.0.1", ssl=theirs, compression=None, max_size=None, close_timeout=5
        ) as client:
            yield await met.get(), client


def text(number: int) -> bytes:
    return (f"{number:06}" + "x" * SIZES[number % len(SIZES)]).encode()


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("version", [aiohttp.__version__, "0.0"], ids=["direct", "fallback"])
async def test_frames_pings_and_pongs_never_mix(secure: bool, version: str) -> None:
    async with pair(secure, version=version) as (far, client), asyncio.TaskGroup() as tasks:
        heard = tasks.create_task(_hear(client, ROUNDS))
        for number in range(ROUNDS):
            far.way.write(Frame(text(number)))
            if number % 3 == 0:
                await far.socket.ping(b"there?")
            if number % 5 == 0:
                await (await client.ping())  # its answer lies between our frames
        assert await heard == [text(number).decode() for number in range(ROUNDS)]


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
async def test_after_our_goodbye_nothing_is_written(secure: bool) -> None:
    async with pair(secure) as (far, client), asyncio.TaskGroup() as tasks:
        far.way.write(Frame(text(1)))
        closing = tasks.create_task(far.socket.close(code=4101, message=b"bye"))
        await asyncio.sleep(0)

        assert far.way.put(Frame(text(2))) is False
        with pytest.raises(ConnectionResetError):
            far.way.write(Frame(text(3)))
        await closing
        assert await client.recv() == text(1).decode()
        with pytest.raises(ConnectionClosed) as end:
            await client.recv()
        assert end.value.rcvd is not None
        assert (end.value.rcvd.code, end.value.rcvd.reason) == (4101, "bye")


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
async def test_after_the_clients_goodbye_nothing_is_written(secure: bool) -> None:
    async with pair(secure) as (far, client):
        far.way.write(Frame(text(0)))
        await client.close(code=1000)

        assert client.close_code == 1000
        assert far.way.put(Frame(text(1))) is False


async def test_a_reader_without_room_is_told_so_and_heard_of_again() -> None:
    async with pair(secure=False) as (far, client):
        gate = far.gates.of(far.socket._req.transport)  # type: ignore[union-attr, arg-type]
        flow = flow_to(gate, patience=LONGEST)
        client.transport.pause_reading()
        put = 0
        while far.way.put(Frame(b"x" * PENDING)):
            put += 1
            await asyncio.sleep(0)
        client.transport.resume_reading()
        for _ in range(put):
            await client.recv()

        await flow.room()
        assert far.way.put(Frame(b"again"))
        assert await client.recv() == "again"


async def test_both_forms_of_a_frame_hold_the_same_message() -> None:
    frame = Frame(b'{"a":1}', "e.7")

    assert frame.socket == b'\x81\x07{"a":1}'
    assert frame.chunk == b'17\r\nid: e.7\ndata: {"a":1}\n\n\r\n'


async def test_the_installed_aiohttp_is_one_that_was_tried() -> None:
    assert aiohttp.__version__.startswith(wire.TRIED)


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
async def test_events_come_to_every_version_of_http(house: House, version: bytes) -> None:
    await house.report(queued("a"))
    address = house.serving.addresses[0]
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(b"GET /api/v1/stream HTTP/%b\r\nHost: localhost\r\n\r\n" % version)

    async with asyncio.timeout(LONGEST):
        head = await reader.readuntil(b"\r\n\r\n")
        body = b""
        while body.count(b"data: ") < 2:
            body += await reader.read(4_096)
    assert (b"chunked" in head) == (version == b"1.1")
    data = [one for one in body.splitlines() if one.startswith(b"data: ")]
    assert msgspec.json.decode(data[1][6:])["data"]["entities"][0]["native"] == "a"
    writer.close()


async def test_a_stream_says_the_same_the_slow_way(
    build: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "TRIED", ("none",))
    house = await build()
    await house.report(queued("a"))
    async with house.follow() as reader:
        await reader.hear_of("changes")
        await house.report(queued("b"))
        news = await reader.hear_of("changes")

    assert [one["native"] for one in news["entities"]] == ["b"]


async def _hear(client: ClientConnection, count: int) -> list[str]:
    return [str(await client.recv()) for _ in range(count)]

"""Connections: how many, how slow, and how their end is noticed."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import msgspec
import pytest
from tests.server.house import LONGEST, Builder, House, until
from tests.server.sample import queued, registered

from headway.server.gate import Gate, Gates, peer_of
from headway.server.settings import Limits, Settings


class Behind(asyncio.Protocol):
    """What a gate leads to."""


class Pipe(asyncio.Transport):
    """A transport whose buffer holds what the test says."""

    def __init__(self, host: str = "192.0.2.1") -> None:
        super().__init__({"peername": (host, 1)})
        self.waiting = 0
        self.wrote = b""
        self.closed = False

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def write(self, data: bytes) -> None:  # type: ignore[override]
        self.wrote += data

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def come(gates: Gates, host: str = "192.0.2.1") -> tuple[Gate, Pipe]:
    gate, pipe = gates(), Pipe(host)
    gate.connection_made(pipe)
    return gate, pipe


def test_beyond_the_limit_a_connection_gets_one_answer_and_its_end() -> None:
    gates = Gates(Behind, Limits(connections=2))
    first, _ = come(gates)
    come(gates)
    _, refused = come(gates)

    head, _, body = refused.wrote.partition(b"\r\n\r\n")
    assert refused.closed
    assert head.startswith(b"HTTP/1.1 503 ")
    assert f"Content-Length: {len(body)}".encode() in head
    assert msgspec.json.decode(body)["type"] == "urn:headway:problem:too-many-connections"
    first.connection_lost(None)
    assert not come(gates)[1].closed


async def test_who_was_taken_while_the_server_stopped_is_let_go_at_once() -> None:
    gates = Gates(Behind, Limits())
    async with gates:
        assert not come(gates)[1].closed

    _, late = come(gates)

    assert late.closed
    assert len(gates) == 1, "it was never let in"


def test_one_peer_cannot_take_everything() -> None:
    gates = Gates(Behind, Limits(peer_connections=1))
    come(gates, "2001:db8::1")

    assert come(gates, "2001:db8::ffff:1")[1].closed
    assert not come(gates, "2001:db8:0:1::1")[1].closed
    assert not come(gates, "192.0.2.9")[1].closed


def test_a_refused_connection_counts_for_nothing() -> None:
    gates = Gates(Behind, Limits(connections=1))
    first, _ = come(gates)
    refused, _ = come(gates)
    refused.data_received(b"GET / HTTP/1.1\r\n\r\n")
    refused.connection_lost(None)
    first.connection_lost(None)

    assert len(gates) == 0
    assert not come(gates)[1].closed


@pytest.mark.parametrize(
    ("address", "peer"),
    [
        (("127.0.0.1", 5), "127.0.0.1"),
        (("::ffff:192.0.2.7", 5, 0, 0), "192.0.2.7"),
        (("::1", 5, 0, 0), "::/64"),
        (("fe80::1%eth0", 5, 0, 0), "fe80::/64"),
        (("2001:db8::17", 5, 0, 0), "2001:db8::/64"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_peer_is_an_address_or_all_that_one_host_has(address: object, peer: str) -> None:
    assert peer_of(address) == peer


def test_who_takes_nothing_of_what_waits_is_stuck() -> None:
    gate, pipe = come(Gates(Behind, Limits()))

    assert not gate.is_stuck(100.0, 30.0), "nothing waits"
    pipe.waiting = 50
    assert not gate.is_stuck(110.0, 30.0)
    assert not gate.is_stuck(139.0, 30.0)
    assert gate.is_stuck(141.0, 30.0)


def test_what_we_add_does_not_count_as_taken() -> None:
    gate, pipe = come(Gates(Behind, Limits()))
    gate.sent, pipe.waiting = 50, 50
    assert not gate.is_stuck(100.0, 30.0)

    gate.sent, pipe.waiting = 90, 90
    assert gate.is_stuck(131.0, 30.0)


def test_who_takes_little_by_little_is_not_stuck() -> None:
    gate, pipe = come(Gates(Behind, Limits()))
    for second in range(0, 300, 10):
        gate.sent += 40
        pipe.waiting = gate.sent - second - 1

        assert not gate.is_stuck(float(second), 30.0)


@pytest.mark.parametrize("head", [b"", b"GET /", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "])
async def test_a_request_whose_head_never_ends_is_ended(build: Builder, head: bytes) -> None:
    house = await build(Settings(port=0, limits=Limits(head_seconds=0.3)))
    reader, writer = await connected(house)
    writer.write(head)

    async def ended() -> None:
        with suppress(ConnectionResetError):  # an end as well: it came while we wrote
            await reader.read()

    async with asyncio.timeout(LONGEST), asyncio.TaskGroup() as tasks:
        end = tasks.create_task(ended())
        while not end.done():  # a byte now and then does not buy more time
            writer.write(b"a" if head else b"")
            await asyncio.wait([end], timeout=0.02)
    writer.close()


async def test_a_connection_that_asks_nothing_more_is_ended(build: Builder) -> None:
    house = await build(Settings(port=0, limits=Limits(head_seconds=0.3)))
    reader, writer = await connected(house)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")

    async with asyncio.timeout(LONGEST):
        assert b'"ok"' in await reader.read()
    writer.close()


async def test_a_stream_outlives_the_time_for_a_head(build: Builder) -> None:
    house = await build(Settings(port=0, limits=Limits(head_seconds=0.1)))
    async with house.follow() as reader:
        await reader.hear_of("changes")
        other, writer = await connected(house)
        async with asyncio.timeout(LONGEST):
            await other.read()  # the silent one is ended
        writer.close()
        await house.report(queued("a"))

        assert await reader.hear_of("changes")


async def test_who_asks_for_much_and_reads_nothing_is_let_go(build: Builder) -> None:
    house = await build(Settings(port=0, limits=Limits(slow_seconds=0.3)))
    await much(house)
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    own.setblocking(False)
    address = house.serving.addresses[0]
    loop = asyncio.get_running_loop()
    await loop.sock_connect(own, (address.host, address.port))
    ask = f"GET /api/v1/jobs?limit=500 HTTP/1.1\r\n{head(house)}"
    gates = house.serving.door.gates
    await until(lambda: len(gates) == 1)
    await loop.sock_sendall(own, ask.encode())

    await until(lambda: len(gates) == 0)
    own.close()


async def test_a_reader_of_events_that_leaves_is_noticed_without_news(house: House) -> None:
    answer = await house.session.get(f"{house.url}/api/v1/stream")
    assert len(house.serving.door.streams) == 1
    answer.close()

    await until(lambda: not house.serving.door.streams)


async def test_a_reader_of_events_that_takes_nothing_is_let_go(build: Builder) -> None:
    house = await build(Settings(port=0, limits=Limits(slow_seconds=0.3)))
    await much(house)
    reader, writer = await connected(house, limit=1)
    writer.write(f"GET /api/v1/stream HTTP/1.1\r\n{head(house)}".encode())

    await until(lambda: bool(house.serving.door.streams))
    await until(lambda: not house.serving.door.streams)
    assert not reader.at_eof()
    writer.transport.abort()


async def test_one_peer_cannot_hold_all_streams(build: Builder) -> None:
    house = await build(Settings(port=0, limits=Limits(peer_streams=1)))
    async with house.follow():
        full = await house.get("/api/v1/stream")
        assert (full.status, full.json["setting"]) == (503, "server.limits.peer_streams")
    await until(lambda: not house.serving.door.streams)

    async with house.follow() as again:
        assert await again.hear_of("welcome")


async def much(house: House) -> None:
    """More than any buffer between us holds."""
    for n in range(0, 500, 100):
        await house.report(*[registered(str(m), t="x" * 15_000) for m in range(n, n + 100)])


def head(house: House) -> str:
    return f"Host: localhost\r\nAuthorization: Bearer {house.serving.token}\r\n\r\n"


async def connected(
    house: House, *, limit: int = 65_536
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    address = house.serving.addresses[0]
    return await asyncio.open_connection(address.host, address.port, limit=limit)

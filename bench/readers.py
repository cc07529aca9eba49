"""Readers in a process of their own, so that only the server's work is measured.

    Readers(...)  here starts `python -m bench.readers hold`, which holds the sockets.

It opens sockets (raw TCP, or WebSocket by hand, with a hello or without), drains them,
and tells how many bytes came and how old each stamp was when it was read. A stamp is
`@` and 16 digits: microseconds of the clock that all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import resource
import selectors
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

STAMP = 16  # digits
KEPT = 400_000  # ages, at most


def stamp() -> str:
    """Now, as it stands in a payload."""
    return f"@{time.monotonic_ns() // 1_000:0{STAMP}d}"


def many_files() -> None:
    """Let this process hold as many sockets as it may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Readers:
    """The other process, and what it says."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, what: str, **more: Any) -> Any:
        """One order, one answer."""
        out, back = self._process.stdin, self._process.stdout
        assert out is not None
        assert back is not None
        out.write(json.dumps({"what": what, **more}).encode() + b"\n")
        return json.loads(await back.readline())

    async def connect(self, port: int, count: int, **more: Any) -> None:
        """Open that many sockets, and read from them."""
        await self.ask("connect", port=port, count=count, **more)

    async def until(self, got: int) -> None:
        """Return once that many bytes came."""
        for _ in range(6_000):
            if (await self.ask("count"))["bytes"] >= got:
                return
            await asyncio.sleep(0.01)
        raise TimeoutError(f"less than {got} bytes came")

    async def ages(self) -> tuple[float, float, int]:
        """p50 and p99 of the stamps' ages in ms since asked last, and the bytes."""
        found = await self.ask("ages")
        return found["p50"], found["p99"], found["bytes"]


@asynccontextmanager
async def readers() -> AsyncIterator[Readers]:
    """A process of readers; its sockets go with it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.readers",
        "hold",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 24,
    )
    try:
        yield Readers(process)
    finally:
        process.kill()
        await process.wait()


class _Drain:
    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.bytes = 0
        self.ages: list[int] = []
        self.buffer = bytearray(1 << 18)

    def run(self) -> None:
        self.selector.register(sys.stdin.buffer.raw, selectors.EVENT_READ)  # type: ignore[attr-defined]
        while True:
            for key, _ in self.selector.select():
                if isinstance(key.fileobj, socket.socket):
                    self._read(key.fileobj)
                else:
                    self._obey(os.read(0, 1 << 16))

    def _read(self, one: socket.socket) -> None:
        size = one.recv_into(self.buffer)
        if not size:
            self.selector.unregister(one)
            return
        self.bytes += size
        place = self.buffer.rfind(b"@", 0, size - STAMP)
        if place >= 0 and len(self.ages) < KEPT:
            sent = int(self.buffer[place + 1 : place + 1 + STAMP])
            self.ages.append(time.monotonic_ns() // 1_000 - sent)

    def _obey(self, line: bytes) -> None:
        if not line:
            sys.exit()
        order = json.loads(line)
        answer = getattr(self, f"_{order.pop('what')}")(**order)
        print(json.dumps(answer or {}), flush=True)

    def _count(self) -> dict[str, Any]:
        return {"bytes": self.bytes}

    def _ages(self) -> dict[str, Any]:
        ages, self.ages = sorted(self.ages) or [0], []
        return {
            "bytes": self.bytes,
            "p50": ages[len(ages) // 2] / 1_000,
            "p99": ages[len(ages) * 99 // 100] / 1_000,
        }

    def _connect(self, **how: Any) -> None:
        for _ in range(how["count"]):
            one = opened(**{k: v for k, v in how.items() if k not in ("count", "read")})
            if how.get("read", True):
                self.selector.register(one, selectors.EVENT_READ)
            else:
                _KEPT.append(one)


_KEPT: list[socket.socket] = []


def opened(
    *, port: int, path: str = "", token: str = "", hello: Any = None, buffer: int = 0
) -> socket.socket:
    """A socket; with a `path` it is a WebSocket, with a `hello` one of Headway's."""
    one = socket.socket()
    if buffer:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    one.connect(("127.0.0.1", port))
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not path:
        return one
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: localhost:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
    ]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if hello is not None:
        lines.append("Sec-WebSocket-Protocol: headway.v1")
    one.sendall("\r\n".join([*lines, "", ""]).encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += one.recv(1)
    assert head.startswith(b"HTTP/1.1 101"), head
    if hello is not None:
        one.sendall(masked(json.dumps({"type": "hello", "data": hello}).encode()))
    return one


def masked(payload: bytes) -> bytes:
    """A client's text frame; the mask is zeros."""
    size = len(payload)
    head = struct.pack("!BB", 0x81, 0x80 | size) if size < 126 else b""
    head = head or struct.pack("!BBH", 0x81, 0x80 | 126, size)
    return head + b"\0\0\0\0" + payload


if __name__ == "__main__" and sys.argv[1:] == ["hold"]:
    many_files()
    _Drain().run()

"""Servers that are broken or bad, beside a good one: each is news, and none harms the other."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from headway.model.views import SourceView
from headway.plane import Plane, Settings
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sim.leap import LeapingLoop
from headway.sources.comfyui import ComfyUI
from headway.sources.comfyui import Settings as ComfyUISettings
from headway.store.memory import MemoryStore

MEGABYTE = 1_000_000
MOST = 90 * MEGABYTE  # bytes that a server gets rid of: the largest answer, and full buffers
LONGEST = 120.0  # seconds of the loop's own time

Reply = Callable[[str, asyncio.StreamWriter], Awaitable[None]]

STATS = b'{"system": {"comfyui_version": "0.33.0", "python_version": "3"}, "devices": []}'


def whole(body: bytes, *, status: str = "200 OK", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


def always(said: bytes) -> Reply:
    async def reply(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(said)

    return reply


def endless(head: bytes, piece: bytes) -> Reply:
    async def reply(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()

    return reply


def then(stats: bytes, rest: Reply) -> Reply:
    """Says that it is a ComfyUI, and goes on differently."""

    async def reply(path: str, writer: asyncio.StreamWriter) -> None:
        if path == "/system_stats":
            writer.write(whole(stats))
        else:
            await rest(path, writer)

    return reply


async def silent(path: str, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def cut_short(path: str, writer: asyncio.StreamWriter) -> None:
    writer.write(whole(STATS)[:-20])
    writer.close()


def bomb() -> bytes:
    """A chunk of a gzip stream that is a thousand times as large when it is unpacked."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = packer.compress(bytes(64 * MEGABYTE)) + packer.flush()
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"

#: what it is → how it replies, and a word of what is told of it
BROKEN: dict[str, tuple[Reply, str]] = {
    "a web page": (always(whole(b"<html>hello</html>")), "no ComfyUI"),
    "200 {} to everything": (always(whole(b"{}")), "no ComfyUI"),
    "wrong types": (always(whole(b'{"system": [], "devices": {"a": NaN}}')), "no ComfyUI"),
    "a deep nest": (always(whole(b"[" * 200_000)), "no ComfyUI"),
    "a bad gateway": (always(whole(b"oh", status="502 Bad Gateway")), "502"),
    "a redirect to itself": (
        always(whole(b"", status="302 Found", more="Location: /system_stats\r\n")),
        "redirects",
    ),
    "an alert of TLS": (always(b"\x15\x03\x01\x00\x02\x02\x46"), "no proper HTTP"),
    "an answer cut short": (cut_short, "proper HTTP"),
    "nothing at all": (silent, "does not answer"),
    "headers without end": (endless(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 5_000), "proper HTTP"),
    "a line without end": (endless(b"HTTP/1.1 200 OK\r\nX-A: ", b"x" * 65_536), "proper HTTP"),
    "a body without end": (endless(CHUNKED + b"\r\n", b"10000\r\n%s\r\n" % bytes(65_536)), "no "),
    "a bomb": (always(CHUNKED + b"Content-Encoding: gzip\r\n\r\n" + bomb()), "no ComfyUI"),
    "a ComfyUI without sockets": (then(STATS, always(whole(b"{}"))), "WebSocket"),
    "a ComfyUI that falls silent": (then(STATS, silent), "does not answer"),
}


@asynccontextmanager
async def broken(reply: Reply) -> AsyncIterator[tuple[str, list[int]]]:
    """A server that replies so; its address, and how many bytes it got rid of."""
    taken = [0]
    tasks: set[asyncio.Task[None]] = set()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        write = writer.write
        writer.write = lambda data: (taken.__setitem__(0, taken[0] + len(data)), write(data))[1]  # type: ignore[method-assign]
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reply(head.split(b" ")[1].decode(), writer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", taken
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def told_of(reply: Reply) -> tuple[str, int]:
    """What is told of that server, beside a good one whose job is followed to its end."""
    clock = asyncio.get_running_loop().wall  # type: ignore[attr-defined]
    async with broken(reply) as (url, taken), SimComfyUI(clock=clock) as good:
        sources = [
            ComfyUI(ComfyUISettings(name=name, url=one), clock=clock)
            for name, one in (("bad", url), ("good", good.url))
        ]
        settings = Settings(discover=False)
        async with Plane(MemoryStore(), sources=sources, settings=settings, clock=clock) as plane:

            def view(name: str) -> SourceView:
                found = plane.live()[name].view
                assert isinstance(found, SourceView)
                return found

            async def both() -> bool:
                live = plane.live()
                return all(name in live for name in ("bad", "good")) and (
                    view("good").seen is True and view("bad").seen is False
                )

            assert await plane.wait(both, within=LONGEST)
            mine = good.submit(workflows.text_to_image())

            async def done() -> bool:
                keys = await plane.read("resolve", mine)
                job = await plane.read("get", keys[-1]) if keys else None
                return job is not None and job.outcome == "succeeded"

            assert await plane.wait(done, within=LONGEST)
            return str(view("bad").readings["unreachable"]), taken[0]


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_server_is_news_and_harms_no_other(what: str) -> None:
    reply, word = BROKEN[what]
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        told, taken = runner.run(told_of(reply))

    assert word in told
    assert taken < MOST

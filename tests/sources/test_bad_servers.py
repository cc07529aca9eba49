"""Servers that are not what they should be."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from tests.sources.watching import serving, watching

from headway.errors import SourceLost
from headway.sources.http import lost_by

STATS = {"system": {"comfyui_version": "0.12.1", "python_version": "3.11"}, "devices": []}


def page(body: Any = "<html>hello</html>", *, status: int = 200, **headers: str) -> Any:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=body, status=status, headers=headers)

    return answer


async def stats(request: web.Request) -> web.Response:
    return web.json_response(STATS)


async def empty_jobs(request: web.Request) -> web.Response:
    return web.json_response({"jobs": []})


async def refused(url: str) -> SourceLost:
    with pytest.raises(SourceLost) as lost:
        async with watching(url):
            pass
    return lost.value


async def test_a_server_that_is_no_comfyui_is_refused_for_good() -> None:
    async with serving(web.get("/system_stats", page())) as url:
        lost = await refused(url)

    assert not lost.retry
    assert "no ComfyUI" in str(lost)


async def test_a_redirect_is_not_followed_and_named() -> None:
    answer = page(status=302, Location="https://elsewhere.example/")
    async with serving(web.get("/system_stats", answer)) as url:
        lost = await refused(url)

    assert not lost.retry
    assert "elsewhere.example" in str(lost)


async def test_a_login_in_front_is_named() -> None:
    async with serving(web.get("/system_stats", page(status=401))) as url:
        lost = await refused(url)

    assert "401" in str(lost)
    assert "login" in lost.hint


async def test_a_server_that_speaks_no_http_is_a_loss() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        lost = await refused(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")

    assert "no proper HTTP" in str(lost)


async def test_tls_with_a_plain_server_says_what_to_write() -> None:
    async with serving(web.get("/system_stats", stats)) as url:
        lost = await refused(url.replace("http://", "https://"))

    assert not lost.retry
    assert "http://" in lost.hint


async def test_a_server_without_a_status_socket_is_a_loss() -> None:
    async with serving(web.get("/system_stats", stats)) as url:
        lost = await refused(url)

    assert "WebSocket" in str(lost)


def socket_that_says(*frames: bytes, binary: bool = False) -> Any:
    async def talk(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for frame in frames:
            await socket.send_frame(frame, WSMsgType.BINARY if binary else WSMsgType.TEXT)
        async for _ in socket:
            pass
        return socket

    return talk


BAD = [b"not json", b"\xff\xfe\x00", b'{"type": "progress", "data": {"value": -1}}', b"[]"]
GOOD = b'{"type": "progress", "data": {"prompt_id": "a", "node": "3", "value": 2, "max": 8}}'


def comfy(*frames: bytes) -> list[web.RouteDef]:
    async def jobs(request: web.Request) -> web.Response:
        row = {"id": "a", "status": "in_progress", "priority": 1, "create_time": 1_795_298_000_000}
        return web.json_response({"jobs": [row]})

    return [
        web.get("/system_stats", stats),
        web.get("/ws", socket_that_says(*frames)),
        web.get("/api/jobs", jobs),
    ]


async def test_bad_frames_cost_no_good_one() -> None:
    async with serving(*comfy(*BAD, GOOD)) as url, watching(url) as watch:
        await watch.until(lambda: (job := watch.job("a")) and job.bars)
        await watch.until(lambda: watch.itself().readings["skipped"] >= len(BAD))

        assert watch.lost is None
        assert watch.job("a").bars[0].done == 2  # type: ignore[union-attr]


async def test_a_frame_of_fifty_megabytes_is_counted_and_survived() -> None:
    huge = b'{"type": "x", "data": "' + b"x" * 50_000_000 + b'"}'
    async with serving(*comfy(huge, GOOD)) as url, watching(url) as watch:
        await watch.until(lambda: (job := watch.job("a")) and job.bars)

        assert watch.lost is None


async def test_a_server_that_goes_silent_is_a_loss() -> None:
    silent = asyncio.Event()

    async def jobs(request: web.Request) -> web.Response:
        await silent.wait()
        return web.json_response({"jobs": []})

    routes = [
        web.get("/system_stats", stats),
        web.get("/ws", socket_that_says()),
        web.get("/api/jobs", jobs),
    ]
    async with serving(*routes) as url:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("headway.sources.http.ANSWER_TIME", 0.2)
            lost = await refused(url)
        silent.set()

    assert "does not answer" in str(lost)


def test_an_untrusted_certificate_is_named() -> None:
    lost = lost_by(ssl.SSLCertVerificationError("self-signed"), "https://x")

    assert "certificate" in str(lost)
    assert not lost.retry


async def test_a_socket_that_answers_no_ping_is_a_loss() -> None:
    async def deaf(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        async for _ in socket:
            pass
        return socket

    routes = [
        web.get("/system_stats", stats),
        web.get("/ws", deaf),
        web.get("/api/jobs", empty_jobs),
    ]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("headway.sources.comfyui.HEARTBEAT", 0.2)
        async with serving(*routes) as url, watching(url) as watch:
            await watch.until(lambda: watch.lost)

    assert "pings" in str(watch.lost)

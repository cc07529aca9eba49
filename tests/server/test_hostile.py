"""Requests made by hand: what no proper client would send."""

from __future__ import annotations

import asyncio

import pytest
from tests.server.house import LONGEST, Builder, House
from tests.server.sample import running

from headway.server.settings import Limits, Settings


async def said(house: House, request: bytes) -> bytes:
    """All that the door answers before it closes."""
    address = house.serving.addresses[0]
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(request)
    async with asyncio.timeout(LONGEST):
        answer = await reader.read()
    writer.close()
    return answer


def get(path: str, *lines: str) -> bytes:
    head = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close", *lines, "", ""]
    return "\r\n".join(head).encode()


@pytest.fixture
async def door(build: Builder) -> House:
    """A door that soon gives up on a slow head."""
    return await build(Settings(port=0, limits=Limits(head_seconds=2.0)))


@pytest.mark.parametrize(
    "path",
    [
        "/page/../../../../etc/passwd",
        "/page/..%2f..%2f..%2fserver%2faccess.py",
        "/page/%2e%2e/access.py",
        "/page//etc/passwd",
        "/page/..\\access.py",
        "/page/index.html%00.js",
        "/api/v1/jobs/..%2f..%2f..%2fetc%2fpasswd/outputs/0",
        "/api/v1/jobs/abc/outputs/..%2f0",
        "/api/v1/jobs/abc/outputs/-1",
    ],
)
async def test_no_path_leads_out(door: House, path: str) -> None:
    await door.report(*running())

    answer = await said(door, get(path, f"Authorization: Bearer {door.serving.token}"))

    assert answer.split()[1] in (b"400", b"403", b"404")
    assert b"root:" not in answer
    assert b"def decide" not in answer


@pytest.mark.parametrize(
    "line",
    [
        "Idempotency-Key: a\rSet-Cookie: x=1",
        "X: a\x00b",
        "Authorization : Bearer x",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Length: 6",
        "Host: evil",
        " folded: yes",
    ],
)
async def test_a_head_that_two_could_read_differently_is_refused(door: House, line: str) -> None:
    answer = await said(door, get("/api/v1/status", line))

    assert answer.split()[1] in (b"400", b"403")
    assert b"\nSet-Cookie" not in answer


async def test_a_head_that_cannot_be_read_is_not_logged(
    door: House, caplog: pytest.LogCaptureFixture
) -> None:
    await said(door, get("/", f"Authorization : Bearer {door.serving.token}"))

    assert "Error handling request" in caplog.text
    assert door.serving.token not in caplog.text


@pytest.mark.parametrize(
    "path",
    ["/api/v1/jobs/a%0d%0aSet-Cookie:%20x=1", "/?token=%0d%0aSet-Cookie:%20x=1", "/%0d%0aX:y"],
)
async def test_a_path_cannot_write_a_header(door: House, path: str) -> None:
    head = (await said(door, get(path))).partition(b"\r\n\r\n")[0]

    assert b"\nX:" not in head


@pytest.mark.parametrize(
    "request_",
    [
        get("/" + "a" * 9_000),
        get("/", "X: " + "a" * 9_000),
        get("/", *[f"X-{n}: a" for n in range(200)]),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40),
        b"GET / HTTP/9.9\r\n\r\n",
        b"\r\n\r\n\r\n\x00",
    ],
    ids=["line", "header", "headers", "tls", "version", "noise"],
)
async def test_a_head_too_large_or_of_another_language_is_refused(
    door: House, request_: bytes
) -> None:
    answer = await said(door, request_)

    assert answer == b"" or answer.split()[1] in (b"400", b"403", b"414", b"431")
    assert b"Traceback" not in answer
    assert (await door.get("/healthz")).status == 200


async def test_a_body_too_large_is_refused_before_it_came(build: Builder) -> None:
    house = await build(Settings(port=0, limits=Limits(body_bytes=1_000)))
    answer = await house.post(b"[" * 2_000)

    assert (answer.status, answer.kind) == (413, "too-large")


async def test_a_body_that_comes_too_slowly_is_refused(build: Builder) -> None:
    house = await build(Settings(port=0, limits=Limits(body_seconds=0.2)))
    address = house.serving.addresses[0]
    reader, writer = await asyncio.open_connection(address.host, address.port)
    head = "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    token = f"Authorization: Bearer {house.serving.token}\r\n"
    writer.write(f"{head}{token}Content-Length: 500\r\n\r\n[".encode())

    async with asyncio.timeout(LONGEST):
        assert (await reader.readline()).split()[1] == b"408"
    writer.close()

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.server.house import Builder, House
from tests.server.sample import registered, running

from headway.errors import SourceLost
from headway.model.events import AnyEvent
from headway.model.views import JobView, SourceView
from headway.sources.contract import Artefact

PICTURE = b"\x89PNG, or so it says"


class Cupboard:
    """A source that reports nothing and has files."""

    kind = "comfyui"

    def __init__(self, name: str = "comfy", **headers: str) -> None:
        self.name = name
        self.headers = {"Content-Type": "image/png"} | headers
        self.asked: list[tuple[dict[str, Any], str | None]] = []
        self.closed = 0

    @asynccontextmanager
    async def connect(
        self, known: Sequence[JobView], source: SourceView | None
    ) -> AsyncIterator[AsyncIterator[list[AnyEvent]]]:
        raise SourceLost("only files here")
        yield  # pragma: no cover

    async def artefact(
        self,
        place: dict[str, Any],
        *,
        range: str | None = None,  # noqa: A002 (the contract's word)
    ) -> Artefact:
        self.asked.append((place, range))
        body = PICTURE[2:5] if range else PICTURE
        extra = {"Content-Range": f"bytes 2-4/{len(PICTURE)}"} if range else {}
        return Artefact(
            status=206 if range else 200,
            headers=self.headers | extra | {"Content-Length": str(len(body))},
            body=_parts(body),
            close=self._close,
        )

    async def _close(self) -> None:
        self.closed += 1


async def _parts(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def open_with(build: Builder, source: Cupboard, *outputs: dict[str, Any]) -> House:
    house = await build(sources=[source])
    await house.report(*running(), registered(outputs=list(outputs)))
    return house


def named(name: str = "a.png", **place: Any) -> dict[str, Any]:
    return {"n": 0, "name": name, "media": "image", "place": place}


async def test_a_file_that_the_job_names_is_fetched_from_its_place(build: Builder) -> None:
    source = Cupboard()
    house = await open_with(build, source, named(filename="a.png", type="output"))

    answer = await house.get("/api/v1/jobs/abc/outputs/0", mine=True)

    assert (answer.status, answer.body) == (200, PICTURE)
    assert answer.headers["Content-Type"] == "image/png"
    assert source.asked == [({"filename": "a.png", "type": "output"}, None)]
    assert source.closed == 1


async def test_a_range_of_a_file_can_be_asked(build: Builder) -> None:
    source = Cupboard()
    house = await open_with(build, source, named())

    answer = await house.get("/api/v1/jobs/abc/outputs/0", mine=True, Range="bytes=2-4")
    odd = await house.get("/api/v1/jobs/abc/outputs/0", mine=True, Range="lines=1-2")

    assert (answer.status, answer.body) == (206, PICTURE[2:5])
    assert answer.headers["Content-Range"] == f"bytes 2-4/{len(PICTURE)}"
    assert odd.status == 416


async def test_only_the_head_can_be_asked(build: Builder) -> None:
    house = await open_with(build, Cupboard(), named())

    answer = await house.ask("HEAD", "/api/v1/jobs/abc/outputs/0", headers=house.token)

    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("n", ["1", "-1", "x", "0/..", "..%2F..%2Fetc%2Fpasswd", "99999999"])
async def test_a_file_that_the_job_does_not_name_is_not_there(build: Builder, n: str) -> None:
    source = Cupboard()
    house = await open_with(build, source, named())

    answer = await house.get(f"/api/v1/jobs/abc/outputs/{n}", mine=True)

    assert answer.status == 404
    assert source.asked == []


@pytest.mark.parametrize(
    "name",
    [
        'a"; filename="b.exe',
        "a\r\nSet-Cookie: x=1",
        "../../etc/passwd",
        "..\\..\\boot.ini",
        "🦊.png",
        "\udc80",
        "",
    ],
)
async def test_a_files_name_cannot_write_a_header(build: Builder, name: str) -> None:
    house = await open_with(build, Cupboard(), named(name))

    answer = await house.get("/api/v1/jobs/abc/outputs/0", mine=True)
    manner, _, shown = answer.headers["Content-Disposition"].partition("; ")

    assert manner == "inline"
    assert shown.startswith("filename*=UTF-8''")
    assert not set(shown.removeprefix("filename*=UTF-8''")) & set("\"'\r\n/\\; ")
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("media", ["text/html", "image/svg+xml", "application/pdf", "", "a\x7fb"])
async def test_what_could_run_in_our_origin_is_a_download(build: Builder, media: str) -> None:
    house = await open_with(build, Cupboard(**{"Content-Type": media}), named("a.html"))

    answer = await house.get("/api/v1/jobs/abc/outputs/0", mine=True)

    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")


async def test_foreign_headers_are_not_passed_on(build: Builder) -> None:
    source = Cupboard(**{"Set-Cookie": "a=b", "Access-Control-Allow-Origin": "*"})
    house = await open_with(build, source, named())

    headers = (await house.get("/api/v1/jobs/abc/outputs/0", mine=True)).headers

    assert "Set-Cookie" not in headers
    assert "Access-Control-Allow-Origin" not in headers


async def test_a_file_of_a_source_that_is_not_watched_cannot_be_had(house: House) -> None:
    await house.report(*running(), registered(outputs=[named()]))

    answer = await house.get("/api/v1/jobs/abc/outputs/0", mine=True)

    assert (answer.status, answer.kind) == (502, "source-unreachable")


async def test_a_file_needs_a_token(build: Builder) -> None:
    source = Cupboard()
    house = await open_with(build, source, named())

    assert (await house.get("/api/v1/jobs/abc/outputs/0")).status == 401
    assert source.asked == []

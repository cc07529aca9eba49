"""One look at back ends that really listen."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from headway.model.views import AnyView, JobView, SourceView
from headway.probe import probe
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.talk.status import status_of

NOWHERE: dict[str, str] = {}


async def seen_at(*sims: SimComfyUI, **how: Any) -> list[AnyView]:
    named = {f"comfy{n}": sim.url for n, sim in enumerate(sims)}
    return await asyncio.to_thread(probe, named, usual=NOWHERE, **how)


def sources(views: list[AnyView]) -> list[SourceView]:
    return [one for one in views if isinstance(one, SourceView)]


def jobs(views: list[AnyView]) -> list[JobView]:
    return [one for one in views if isinstance(one, JobView)]


async def test_an_idle_comfyui_is_idle() -> None:
    async with SimComfyUI() as sim:
        views = await seen_at(sim)

    found = status_of(views, now=0.0, version="0")
    assert found["generations_running"] == 0
    assert found["server_url"] == sim.url
    assert found["version"] == "0.12.1"
    assert found["response_time"] is not None


@pytest.mark.parametrize("version", ["0.3.45", "0.3.64", "0.12.1"])
async def test_every_submitters_jobs_are_seen_with_their_places(version: str) -> None:
    async with SimComfyUI(version=version, speed=0.01) as sim:
        for n, client in enumerate(("ann", None, "bob")):
            sim.submit(workflows.text_to_image(seed=n, steps=4), client_id=client)
        await sim.until(lambda: sim.running is not None)
        views = await seen_at(sim)

    assert [one.phase for one in jobs(views)] == ["running", "queued", "queued"]
    assert [one.position for one in jobs(views)] == [None, 1, 2]
    assert status_of(views, now=0.0, version="0")["generations_running"] == 3


async def test_several_are_asked_at_once() -> None:
    async with SimComfyUI() as one, SimComfyUI() as other:
        views = await seen_at(one, other)

    assert [view.seen for view in sources(views)] == [True, True]


async def test_a_named_one_that_is_not_there_is_missing_and_a_usual_one_is_not_told() -> None:
    async with SimComfyUI() as sim:
        gone = sim.url

    named = await asyncio.to_thread(probe, {"studio": gone}, usual=NOWHERE)
    usual = await asyncio.to_thread(probe, {}, usual={"comfyui": gone})

    assert [(one.key, one.seen) for one in sources(named)] == [("studio", False)]
    assert sources(named)[0].readings["unreachable"]
    assert usual == []


async def test_a_usual_place_that_is_named_already_is_asked_once() -> None:
    async with SimComfyUI() as sim:
        port = sim.url.rpartition(":")[2]
        usual = {"comfyui": f"http://localhost:{port}"}
        views = await asyncio.to_thread(probe, {"studio": sim.url}, usual=usual)

    assert [one.key for one in sources(views)] == ["studio"]


async def test_nothing_is_looked_for_if_that_is_not_wanted() -> None:
    async with SimComfyUI() as sim:
        views = await asyncio.to_thread(probe, {}, usual={"comfyui": sim.url}, discover=False)

    assert views == []


@contextmanager
def saying(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Something that listens and says what it likes."""
    door = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                link, _ = door.accept()
            except OSError:
                return
            held.append(link)
            answer(link)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    finally:
        door.shutdown(socket.SHUT_RDWR)
        door.close()
        thread.join()
        for link in held:
            link.close()


def http(body: bytes, status: str = "200 OK") -> Callable[[socket.socket], None]:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    def answer(link: socket.socket) -> None:
        link.recv(65_536)
        link.sendall(head + body)
        link.shutdown(socket.SHUT_WR)

    return answer


def silent(_: socket.socket) -> None:
    return


def hanging_up(link: socket.socket) -> None:
    link.close()


@pytest.mark.parametrize(
    "answer",
    [
        http(b"<html>a web page</html>"),
        http(b"{}"),
        http(b'{"system": {}}'),
        http(b"\xff\xfe"),
        http(b"", "302 Found"),
        http(b"no", "500 Broken"),
        lambda link: link.sendall(b"SSH-2.0-OpenSSH\r\n\r\n"),
        hanging_up,
    ],
)
def test_what_is_no_comfyui_is_missing_with_the_reason(
    answer: Callable[[socket.socket], None],
) -> None:
    with saying(answer) as url:
        (view,) = sources(probe({"odd": url}, usual=NOWHERE, patience=1.0))

    assert view.seen is False
    assert view.readings["unreachable"]


def test_one_that_says_nothing_costs_its_patience_and_no_more() -> None:
    with saying(silent) as url:
        (view,) = sources(probe({"mute": url}, usual=NOWHERE, patience=0.2))

    assert view.seen is False
    assert view.readings["unreachable"] == "it did not answer in time"


def test_a_url_that_names_no_host_is_missing() -> None:
    (view,) = sources(probe({"odd": "http://[nonsense"}, usual=NOWHERE, discover=False))

    assert view.seen is False

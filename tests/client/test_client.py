from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.server.house import House
from tests.server.sample import bar, ended, key, queued, registered, running, step

from headway.client import Client, News
from headway.client.asking import error_of
from headway.errors import Refused, Unreachable, UsageError
from headway.model.events import Queued, Registered, Sealed
from headway.model.keys import group_key
from headway.model.views import JobView
from headway.plane.plane import Plane
from headway.server.serve import serve
from headway.server.settings import Settings
from headway.store.memory import MemoryStore
from headway.talk.messages import Filter
from headway.talk.problems import problem


@pytest.fixture
async def client(house: House) -> AsyncIterator[Client]:
    async with Client(house.url, house.serving.token) as one:
        yield one


async def test_what_is_reported_can_be_read(client: Client) -> None:
    stored = await client.report([*running(), step("3"), registered(title="a red fox")])

    assert stored == 5
    assert (await client.job("abc")).title == "a red fox"
    assert [one.native for one in (await client.jobs(active=True)).jobs] == ["abc"]
    assert [one.step for one in await client.steps("abc")] == ["3"]
    assert isinstance((await client.events("abc"))[0], Queued)
    assert (await client.status())["generations_running_at_least"] == 1


async def test_more_than_a_batch_is_sent_in_batches(client: Client) -> None:
    assert await client.report([queued(str(n)) for n in range(1_500)]) == 1_500


async def test_pages_follow_each_other(client: Client) -> None:
    await client.report([queued(str(n)) for n in range(5)])

    first = await client.jobs(limit=3)
    second = await client.jobs(limit=3, after=first.next)

    assert len({one.key for one in first.jobs + second.jobs}) == 5
    assert second.next == ""


async def test_errors_are_split_by_who_can_act(house: House, client: Client) -> None:
    with pytest.raises(UsageError, match="no job begins so: 'nothing'"):
        await client.job("nothing")
    with pytest.raises(UsageError, match="does not fit"):
        await client.report([Sealed(key=key(), at=1.0, ids=[])])
    async with Client(house.url) as guest:
        with pytest.raises(Refused):
            await guest.report(running())
    async with Client(house.url, "wrong") as stranger:
        with pytest.raises(Refused):
            await stranger.status()
        with pytest.raises(Refused):
            await anext(stranger.changes())


async def test_nobody_there_is_unreachable(unused_tcp_port: int) -> None:
    async with Client(f"http://127.0.0.1:{unused_tcp_port}") as client:
        with pytest.raises(Unreachable):
            await client.status()
        with pytest.raises(Unreachable):
            await anext(client.changes())


async def test_changes_begin_with_what_is(client: Client) -> None:
    await client.report(running())
    async with aclosing(client.changes(filter=Filter(source="comfy"))) as news:
        first = await anext(news)
        await client.report([bar(9)])
        later = await anext(news)
        while _done(later) != 9:
            later = await anext(news)

    assert (first.fresh, later.fresh) == (True, False)


async def test_changes_go_on_from_a_cursor(client: Client) -> None:
    await client.report([queued("a")])
    async with aclosing(client.changes()) as news:
        cursor = (await anext(news)).cursor
    await client.report([queued("b")])

    async with aclosing(client.changes(cursor)) as news:
        rest = await anext(news)

    assert rest.fresh is False
    assert [one.key for one in rest.entities] == [key("b")]


async def test_changes_outlive_the_server(unused_tcp_port: int) -> None:
    store = MemoryStore()
    settings = Settings(port=unused_tcp_port, bind=["127.0.0.1"])
    async with Plane(store) as plane:
        async with serve(plane, settings, token="t") as serving:
            client = Client(serving.url, "t")
            await client.__aenter__()
            news = client.changes()
            await anext(news)
        waiting = asyncio.ensure_future(anext(news))
        await plane.report([queued("meanwhile")])
        async with serve(plane, settings, token="t"):
            async with asyncio.timeout(10):
                later = await waiting
            await news.aclose()
            await client.__aexit__(None, None, None)

    assert later.fresh is False
    assert [one.key for one in later.entities] == [key("meanwhile")]


async def test_the_steps_of_a_job_can_be_followed(client: Client) -> None:
    await client.report([*running(), step("1")])
    async with aclosing(client.changes(steps=[key()], max_rate=60)) as news:
        kinds: set[str] = set()
        while "StepView" not in kinds:
            kinds |= {type(one).__name__ for one in (await anext(news)).entities}

    assert kinds == {"JobView", "StepView"}


def _done(news: News) -> float | None:
    jobs = [one for one in news.entities if isinstance(one, JobView)]
    return jobs[-1].bars[0].done if jobs and jobs[-1].bars else None


@pytest.mark.parametrize("already", [True, False])
async def test_waiting_for_a_job_returns_at_its_end(client: Client, already: bool) -> None:
    await client.report([*running(), ended()] if already else running())
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(client.wait("abc", within=10))
        await client.report([ended()])

    assert waiting.result().phase == "succeeded"


async def test_waiting_for_a_job_has_an_end(client: Client) -> None:
    await client.report(running())

    with pytest.raises(TimeoutError):
        await client.wait("abc", within=0.05)


async def test_waiting_for_a_group_returns_when_it_is_complete(client: Client) -> None:
    group = group_key("album")
    await client.report(
        [queued("a"), registered("a", group="album"), Sealed(key=group, at=1.0, ids=[key("a")])]
    )
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(client.wait_group("album", within=10))
        await client.report([ended("a")])

    assert waiting.result().result == "succeeded"
    assert (await client.wait_group("album", within=10)).complete
    with pytest.raises(UsageError):
        await client.wait_group("nobody", within=10)


async def test_waiting_for_idle_says_at_once_that_it_cannot_know(client: Client) -> None:
    await client.report([Registered(key="comfy", at=1.0, meta={"source_kind": "comfyui"})])

    status = await client.wait_idle(within=10)

    assert status["generations_running"] is None


async def test_waiting_for_idle_returns_when_nothing_runs(client: Client) -> None:
    await client.report(
        [Registered(key="comfy", at=1.0, meta={"source_kind": "program"}), *running()]
    )
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(client.wait_idle(within=10))
        await client.report([ended()])

    assert waiting.result()["generations_running"] == 0


async def test_a_server_that_is_slow_is_asked_again_with_the_same_key() -> None:
    seen: list[str] = []

    async def post(request: web.Request) -> web.Response:
        seen.append(request.headers["Idempotency-Key"])
        if len(seen) == 1:
            return web.json_response({"type": "x", "title": "later", "status": 429}, status=429)
        return web.json_response({"stored": 1, "cursor": "e.1"})

    app = web.Application()
    app.router.add_post("/api/v1/events", post)
    async with TestServer(app) as server, Client(str(server.make_url("/"))) as client:
        assert await client.report([queued()]) == 1

    assert len(seen) == 2
    assert len(set(seen)) == 1


@pytest.mark.parametrize("body", ["<html>", '{"jobs": 5}', "[1"])
async def test_a_server_that_is_not_headway_is_unreachable(body: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server, Client(str(server.make_url("/"))) as client:
        with pytest.raises(Unreachable):
            await client.jobs()
        with pytest.raises(Unreachable):
            await anext(client.changes())


async def test_the_server_of_this_machine_is_found_by_its_run_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWAY_STATE_DIR", str(tmp_path))
    monkeypatch.delenv("HEADWAY_URL", raising=False)
    with pytest.raises(Unreachable, match="no server runs"):
        await Client().__aenter__()

    async with (
        Plane(MemoryStore()) as plane,
        serve(plane, Settings(port=0), run_file=str(tmp_path / "server.run")),
        Client() as client,
    ):
        assert await client.report(running()) == 3


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        *(("ambiguous", UsageError), ("consent-needed", UsageError), ("used-key", UsageError)),
        *(("busy-key", Unreachable), ("cannot-act", Unreachable), ("slow-down", Unreachable)),
        *(("role-refused", Refused), ("store-failing", Unreachable)),
    ],
)
def test_only_what_asking_again_may_help_is_for_later(kind: str, error: type[Exception]) -> None:
    said = problem(kind)

    assert type(error_of(said.status, msgspec.json.encode(said), "http://x")) is error

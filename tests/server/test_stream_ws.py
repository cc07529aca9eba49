from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest
from tests.server.house import LONGEST, Builder, House, Socket
from tests.server.sample import bar, ended, key, queued, registered, running, shows, step

from headway.model.events import Registered
from headway.plane.plane import Plane
from headway.server.serve import serve
from headway.server.settings import Limits, Settings
from headway.store.memory import MemoryStore
from headway.talk import problems

LIMITS = Limits(hello_seconds=0.05, slow_seconds=0.2, streams=2, subscriptions=1)


async def test_a_reader_gets_what_is_and_then_what_changes(house: House) -> None:
    await house.report(*running())
    async with house.follow() as reader:
        welcome = await reader.hear_of("welcome")
        snapshot = await reader.hear_of("changes")
        await house.report(bar(7))
        news = (await reader.hear_until(shows(7)))[-1]

    assert welcome["recovered"] is False
    assert [one["key"] for one in snapshot["entities"]] == [key()]
    assert news["entities"][0]["bars"][0]["done"] == 7
    assert snapshot["cursor"] < news["cursor"]


async def test_nothing_falls_between_the_snapshot_and_the_stream(house: House) -> None:
    async def report() -> None:
        for n in range(200):
            await house.report(queued(f"{n:03}"))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(report())
        seen: list[str] = []
        async with house.follow(max_rate=60) as reader:
            while len(set(seen)) < 200:
                changes = await reader.hear_of("changes")
                seen += [one["native"] for one in changes["entities"]]

    assert sorted(set(seen)) == [f"{n:03}" for n in range(200)]
    assert len(seen) == len(set(seen)), "nothing comes twice"


async def test_a_reader_goes_on_from_its_cursor(house: House) -> None:
    await house.report(queued("a"), queued("b"))
    cursor = await caught_up(house)
    await house.report(queued("c"), ended("a"))

    async with house.follow(cursor=cursor) as reader:
        welcome = await reader.hear_of("welcome")
        news = await reader.hear_of("changes")

    assert (welcome["recovered"], welcome["cursor"]) == (True, cursor)
    assert sorted(one["native"] for one in news["entities"]) == ["a", "c"]


@pytest.mark.parametrize("cursor", ["other.1", "nonsense", "", "{epoch}.999999999"])
async def test_a_cursor_that_cannot_be_resumed_means_a_snapshot(house: House, cursor: str) -> None:
    await house.report(queued("a"), queued("b"), ended("b"))
    epoch = (await caught_up(house)).rpartition(".")[0]

    async with house.follow(cursor=cursor.format(epoch=epoch)) as reader:
        welcome = await reader.hear_of("welcome")
        snapshot = await reader.hear_of("changes")

    assert welcome["recovered"] is False
    assert [one["native"] for one in snapshot["entities"]] == ["a"]


async def test_every_cursor_of_a_long_snapshot_can_be_resumed(house: House) -> None:
    await house.report(*[queued(f"{n:04}") for n in range(1_200)])
    async with house.follow() as reader:
        first = await reader.hear_of("changes")

    async with house.follow(cursor=first["cursor"]) as reader:
        rest: list[str] = []
        while len(rest) < 1_200 - len(first["entities"]):
            rest += [one["native"] for one in (await reader.hear_of("changes"))["entities"]]

    assert 0 < len(first["entities"]) < 1_200
    assert not {one["native"] for one in first["entities"]} & set(rest)


async def test_what_leaves_the_filter_is_gone(house: House) -> None:
    await house.report(queued("a"), queued("b", "other"))
    async with house.follow(filter={"phase": "queued", "source": "comfy"}) as reader:
        first = await reader.hear_of("changes")
        await house.report(*running("a"))
        second = await reader.hear_of("changes")

    assert [one["native"] for one in first["entities"]] == ["a"]
    assert first["gone"] == []  # a snapshot: there is nothing that the reader could know
    assert (second["entities"], second["gone"]) == ([], [key("a")])


async def test_a_reader_gets_the_topics_it_asked_for(house: House) -> None:
    await house.report(queued("a"), Registered(key="comfy", at=1.0, meta={}), step("3", "a"))

    async with house.follow(topics=["sources"]) as reader:
        news = await reader.hear_of("changes")

    assert [one["kind"] for one in news["entities"]] == ["source"]


async def test_steps_come_by_subscription_and_stop_with_it(house: House) -> None:
    await house.report(*running(), step("1"))
    async with house.follow(max_rate=60) as reader:
        first = await reader.hear_of("changes")
        await reader.say("subscribe", job=key(), id=7)
        answer = await reader.hear_of("result")
        await house.report(step("2"))
        news = await reader.hear_until(lambda one: one["entities"][-1]["kind"] == "step")
        await reader.say("unsubscribe", job=key())
        await reader.hear_of("result")
        await house.report(step("3"), bar(9))
        after = await reader.hear_until(shows(9))

    assert {one["kind"] for one in first["entities"]} == {"job"}
    assert (answer["id"], [one["step"] for one in answer["steps"]]) == (7, ["1"])
    assert news[-1]["entities"][-1]["step"] == "2"
    assert {one["kind"] for frame in after for one in frame["entities"]} == {"job"}


async def test_a_subscription_right_behind_the_hello_counts(house: House) -> None:
    await house.report(*running(), step("1"))
    async with house.follow() as reader:
        await reader.say("subscribe", job=key())

        assert (await reader.hear_of("result"))["steps"][0]["step"] == "1"


async def test_one_entity_can_be_asked_for(house: House) -> None:
    await house.report(*running(), ended(), registered(title="a red fox"))
    async with house.follow() as reader, house.follow(mine=True) as owner:
        await reader.say("get", key=key(), id="a")
        await owner.say("get", key=key())
        await reader.say("get", key="comfy~none~", id="b")

        public, private = await reader.hear_of("result"), await owner.hear_of("result")
        missing = await reader.hear_of("error")

    assert (public["id"], public["entity"]["phase"]) == ("a", "succeeded")
    assert "title" not in public["entity"]
    assert private["entity"]["title"] == "a red fox"
    assert (missing["id"], missing["code"]) == ("b", problems.NOT_FOUND.number)


async def test_readers_of_different_standing_get_different_bytes(house: House) -> None:
    await house.report(*running(), registered(title="a red fox", prompt="a red fox"))
    async with house.follow(mine=True) as owner, house.follow() as reader:
        private = await owner.hear_of("changes")
        public = await reader.hear_of("changes")

    assert private["entities"][0]["meta"]["prompt"] == "a red fox"
    assert "a red fox" not in str(public)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("not json", problems.NOT_JSON),
        ("", problems.NOT_JSON),
        ("[]", problems.BAD_MESSAGE),
        ('{"type":"launch"}', problems.BAD_MESSAGE),
        ('{"type":"get","data":{"key":"comfy","more":1}}', problems.BAD_MESSAGE),
        ('{"type":"get","data":{"key":5}}', problems.BAD_MESSAGE),
        ('{"type":"get","data":{"key":"~~~~~~~"}}', problems.NOT_FOUND),
        ('{"type":"subscribe","data":{"job":"comfy"}}', problems.NOT_FOUND),
        ('{"type":"hello","data":{}}', problems.HELLO_FIRST),
        ("[" * 60_000, problems.BAD_MESSAGE),
    ],
)
async def test_a_frame_that_is_not_understood_is_answered_and_the_stream_goes_on(
    house: House, frame: str, code: problems.Code
) -> None:
    async with house.follow() as reader:
        await reader.raw.send_str(frame)
        error = await reader.hear_of("error")
        await reader.say("ping", id=1)

        assert (error["code"], error["retry"]) == (code.number, False)
        assert await reader.hear_of("pong") == {"id": 1}


@pytest.mark.parametrize(
    "hello",
    [
        {"filter": {"colour": "red"}},
        {"max_rate": 0},
        {"max_rate": 61},
        {"topics": ["steps"]},
        {"cursor": "x" * 300},
        {"more": 1},
    ],
)
async def test_a_hello_that_is_not_understood_may_be_said_again(
    house: House, hello: dict[str, object]
) -> None:
    async with house.follow(**hello) as reader:
        assert (await reader.hear_of("error"))["code"] == problems.BAD_MESSAGE.number
        await reader.say("hello")
        assert await reader.hear_of("welcome")


async def test_nothing_can_be_asked_before_the_hello(house: House) -> None:
    async with house.socket() as reader:
        await reader.say("get", key=key())

        assert (await reader.hear_of("error"))["code"] == problems.HELLO_FIRST.number


async def test_a_hello_that_never_comes_ends_the_stream(build: Builder) -> None:
    house = await build(Settings(port=0, limits=LIMITS))
    async with house.socket() as reader:
        assert await reader.end() == problems.NO_HELLO.number


async def test_a_frame_that_is_too_large_ends_the_stream(house: House) -> None:
    async with house.follow() as reader:
        await reader.raw.send_str(" " * 70_000)

        assert await reader.end() == 1009


async def test_bytes_that_are_no_text_end_the_stream(house: House) -> None:
    async with house.follow() as reader:
        await reader.raw.send_frame(b"\xff\xfe", 1)  # type: ignore[arg-type]

        assert await reader.end() == 1007


async def test_a_ping_of_the_protocol_is_answered(house: House) -> None:
    async with house.socket() as reader:
        await reader.raw.ping(b"there?")
        await reader.say("hello")

        assert (await reader.hear())["type"] == "welcome"


async def test_only_so_many_jobs_can_be_followed(build: Builder) -> None:
    house = await build(Settings(port=0, limits=Limits(subscriptions=1)))
    async with house.follow() as reader:
        await reader.say("subscribe", job=key("a"))
        await reader.hear_of("result")
        await reader.say("subscribe", job=key("b"))

        assert (await reader.hear_of("error"))["code"] == problems.TOO_MANY.number


async def test_only_so_many_streams_are_open_at_once(build: Builder) -> None:
    house = await build(Settings(port=0, limits=Limits(streams=2)))
    async with house.follow(), house.follow() as second:
        full = await house.get("/api/v1/stream")
        await second.raw.close()

    assert (full.status, full.kind) == (503, "too-many-streams")
    async with house.follow() as again:
        assert await again.hear_of("welcome")


async def test_a_quiet_plane_sends_nothing(house: House) -> None:
    known = queued()
    await house.report(known)
    async with house.follow() as reader:
        await reader.hear_of("changes")
        for _ in range(3):
            await house.report(known)  # no news
        await reader.say("ping")

        assert (await reader.hear())["type"] == "pong"


async def test_a_reader_is_told_at_most_so_often(house: House) -> None:
    await house.report(*running())
    async with house.follow(max_rate=5) as reader:
        await reader.hear_of("changes")
        for n in range(4, 15):
            await house.report(bar(n))
        frames = await reader.hear_until(shows(14))

    assert not shows(14)(frames[0])
    assert len(frames) <= 4


async def test_a_slow_reader_costs_one_value_an_entity_and_is_never_wrong(house: House) -> None:
    title = "x" * 4_000
    jobs = [f"{n:03}" for n in range(100)]
    await house.report(*[queued(one) for one in jobs], *[registered(one, t=title) for one in jobs])
    async with slow(house) as reader:
        for n in range(1, 31):  # far more than any buffer between us holds
            await house.report(*[bar(n, one, 100) for one in jobs])
        latest: dict[str, float] = {}
        frames = 0
        while set(latest.values()) != {30}:
            changes, frames = await reader.hear_of("changes"), frames + 1
            latest |= {one["native"]: done(one) for one in changes["entities"]}

    assert len(latest) == 100
    assert frames < 30


async def test_a_reader_that_takes_nothing_is_told_to_come_back(build: Builder) -> None:
    house = await build(Settings(port=0, limits=LIMITS))
    big = "x" * 8_000
    async with slow(house) as reader:
        for n in range(0, 3_000, 500):
            await house.report(*[registered(str(m), t=big) for m in range(n, n + 500)])
        async with asyncio.timeout(LONGEST):
            while house.serving.door.streams:
                await house.get("/healthz")

        with suppress(TypeError):  # what was cut off is no frame
            while True:
                await reader.hear()
    assert reader.raw.close_code in (problems.TOO_SLOW.number, 1006)


async def test_streams_are_told_that_the_server_stops() -> None:
    async with (
        Plane(MemoryStore()) as plane,
        aiohttp.ClientSession() as session,
        asyncio.TaskGroup() as tasks,
    ):
        async with serve(plane, Settings(port=0)) as serving:
            live = await session.ws_connect(serving.url + "/ws", protocols=["headway.v1"])
            plain = await session.ws_connect(serving.url)
            events = await session.get(serving.url + "/api/v1/stream")
            ends = [tasks.create_task(Socket(raw).end()) for raw in (live, plain)]
            rest = tasks.create_task(events.content.read())
        assert [await end for end in ends] == [problems.GOING_AWAY.number] * 2
        assert (await rest).startswith(b"retry:")


async def caught_up(house: House) -> str:
    async with house.follow() as reader:
        return str((await reader.hear_of("changes"))["cursor"])


def done(job: dict[str, list[dict[str, float]]]) -> float:
    return job["bars"][0]["done"] if job.get("bars") else 0.0


@asynccontextmanager
async def slow(house: House) -> AsyncIterator[Socket]:
    """A reader that has said hello, and has read nothing but that it may."""
    async with house.follow(mine=True, max_rate=60) as reader:
        await reader.hear_of("changes")
        transport = reader.raw._conn.transport  # type: ignore[attr-defined, union-attr]
        own: socket.socket = transport.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 131_072)
        transport.pause_reading()
        resume = transport.resume_reading
        hear = reader.hear

        async def hear_again() -> object:
            resume()
            return await hear()

        reader.hear = hear_again  # type: ignore[method-assign]
        yield reader

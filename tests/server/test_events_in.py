from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from tests.server.house import Builder, House
from tests.server.sample import ended, key, queued, registered, running
from tests.server.test_outputs import Cupboard

from headway.model.events import AnyEvent, Sealed
from headway.model.keys import group_key
from headway.server.settings import Limits, Settings, Token

FARM = Token(token="f", role="report", sources=["mill"])


def one(**fields: Any) -> bytes:
    event = {"kind": "queued", "key": key(), "at": 1.0} | fields
    return msgspec.json.encode({"events": [event]})


async def test_a_batch_is_stored_when_it_is_answered(house: House) -> None:
    answer = await house.post(running())

    assert (answer.status, answer.json["stored"]) == (200, 3)
    assert (await house.get("/api/v1/jobs/abc")).json["phase"] == "running"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b"[]", "object"),
        (b"\xff\xfe", ""),
        (b'{"events": NaN}', "malformed"),
        (b'{"events": [], "more": 1}', "more"),
        (one(colour="red"), "colour"),
        (one(kind="exploded"), "exploded"),
        (one(key=""), "$.events[0]"),
        (one(key=5), "$.events[0].key"),
        (one(key="~~~~~~~~"), "key"),
        (one(at="now"), "$.events[0].at"),
        (one(at=None), "$.events[0].at"),
        (one(attempt=0), "$.events[0].attempt"),
        (one(basis="rumour"), "rumour"),
        (one(kind="sealed", ids=[]), "sealed does not fit"),
        (one(kind="registered", meta={"a": "x" * 20_000}), "16384"),
        (b'{"events":' + b"[" * 100_000, ""),
    ],
)
async def test_a_batch_that_cannot_be_taken_is_told_why_and_leaves_nothing(
    house: House, body: bytes, named: str
) -> None:
    good = msgspec.json.encode(queued("good"))
    mixed = body.replace(b'{"events":[{', b'{"events":[' + good + b",{")

    answer = await house.post(mixed)

    assert (answer.status, answer.kind) == (400, "bad-event")
    assert named.replace("[0]", "[1]" if mixed != body else "[0]") in answer.text
    assert (await house.get("/api/v1/jobs")).json["jobs"] == []


async def test_a_batch_of_more_than_a_thousand_is_refused(house: House) -> None:
    answer = await house.post([queued(str(n)) for n in range(1_001)])

    assert answer.status == 400
    assert "1000" in answer.text


async def test_a_body_of_more_than_a_megabyte_is_refused(house: House) -> None:
    answer = await house.post(b" " * 1_048_577)

    assert (answer.status, answer.kind) == (413, "too-large")


async def test_a_thousand_events_fit(house: House) -> None:
    answer = await house.post([queued(str(n)) for n in range(1_000)])

    assert answer.json["stored"] == 1_000


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_only_json_is_taken(house: House, media: str) -> None:
    answer = await house.post(running(), **{"Content-Type": media})

    assert (answer.status, answer.kind) == (415, "media-refused")


async def test_a_batch_sent_twice_with_its_key_is_done_once(house: House) -> None:
    batch, named = running(), {"Idempotency-Key": "batch-1"}
    first = await house.post(batch, **named)
    await house.report(ended())

    second = await house.post(batch, **named)
    other = await house.post([queued("x")], **named)

    assert first.body == second.body
    assert (other.status, other.kind) == (422, "used-key")


async def test_a_batch_sent_twice_at_once_with_its_key_is_done_once(house: House) -> None:
    batch, named = running(), {"Idempotency-Key": "batch-1"}
    answers = await asyncio.gather(*[house.post(batch, **named) for _ in range(4)])

    done = {answer.body for answer in answers if answer.status == 200}
    later = [answer for answer in answers if answer.status != 200]
    assert len(done) == 1
    assert {(one.status, one.kind) for one in later} <= {(409, "busy-key")}
    assert all(int(one.headers["Retry-After"]) >= 1 for one in later)


async def test_a_refused_batch_may_be_tried_again_with_its_key(house: House) -> None:
    named = {"Idempotency-Key": "batch-1"}

    assert (await house.post(b"{}", **named)).status == 400
    assert (await house.post(running(), **named)).status == 200


@pytest.mark.parametrize("named", ["", "a b", "x" * 129, "\xe4"])
async def test_a_key_that_is_none_is_refused(house: House, named: str) -> None:
    answer = await house.post(running(), **{"Idempotency-Key": named})

    assert answer.status == 400


async def test_a_full_inbox_asks_to_come_later_and_drops_nothing(build: Builder) -> None:
    house = await build(Settings(port=0, limits=Limits(waiting_events=2)))

    answer = await house.post(running())

    assert (answer.status, answer.kind) == (429, "slow-down")
    assert int(answer.headers["Retry-After"]) >= 1
    assert (await house.post(running()[:2])).status == 200


async def test_a_body_that_never_comes_ends(build: Builder) -> None:
    house = await build(Settings(port=0, limits=Limits(body_seconds=0.05)))

    async def nothing() -> Any:
        yield b'{"events":'
        await asyncio.Event().wait()

    async with asyncio.timeout(5):
        answer = await house.ask(
            "POST",
            "/api/v1/events",
            data=nothing(),
            headers=house.token | {"Content-Type": "application/json"},
        )

    assert answer.status == 408


@pytest.fixture
async def mill(build: Builder) -> House:
    tokens = {"mill": FARM}
    return await build(Settings(port=0, tokens=tokens), sources=[Cupboard("mill-watched")])


async def mill_says(mill: House, events: Sequence[AnyEvent]) -> tuple[int, str]:
    answer = await mill.post(events, Authorization="Bearer f")
    return answer.status, "" if answer.status == 200 else answer.json["value"]


async def test_a_report_token_speaks_of_its_own_sources_only(mill: House) -> None:
    assert await mill_says(mill, [queued("a", "mill-1")]) == (200, "")
    assert await mill_says(mill, [queued("a", "mill-1"), queued("b")]) == (403, "comfy")
    assert await mill_says(mill, [Sealed(key=group_key("mill-all"), at=1.0, ids=["a~b~"])]) == (
        200,
        "",
    )
    assert (await mill_says(mill, [Sealed(key=group_key("all"), at=1.0, ids=["a~b~"])]))[0] == 403
    assert (await mill.get("/api/v1/jobs/b")).status == 404


async def test_a_report_token_speaks_under_its_own_name(mill: House) -> None:
    await mill_says(mill, [msgspec.structs.replace(queued("a", "mill-1"), observer="headway")])

    past = (await mill.get("/api/v1/jobs/a/events", mine=True)).json["events"]

    assert past[0]["observer"] == "mill:headway"


async def test_a_watched_source_takes_no_ends_and_no_files_from_a_report_token(
    mill: House,
) -> None:
    job = key("a", "mill-watched")
    end = msgspec.structs.replace(ended(), key=job)
    files = msgspec.structs.replace(registered(outputs=[{"name": "x"}]), key=job)

    assert await mill_says(mill, [queued("a", "mill-watched")]) == (200, "")
    assert (await mill_says(mill, [end]))[0] == 403
    assert (await mill_says(mill, [files]))[0] == 403
    assert (await mill.post([end])).status == 200

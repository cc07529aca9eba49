"""The two documents say what the door does: real answers and frames are held against them."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.server.house import House
from tests.server.sample import key, queued

from headway.model.events import Activity, Registered, StepStarted
from headway.model.keys import join
from headway.server.app import ROUTES


async def openapi(house: House) -> dict[str, Any]:
    return (await house.get("/openapi.json")).json  # type: ignore[no-any-return]


async def asyncapi(house: House) -> dict[str, Any]:
    return (await house.get("/asyncapi.json")).json  # type: ignore[no-any-return]


def fitting(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({"components": document["components"], **schema})


async def test_the_paths_are_valid_openapi(house: House) -> None:
    OpenAPIV31SpecValidator(await openapi(house)).validate()


async def test_every_path_of_the_api_is_told(house: House) -> None:
    told = {
        (method.upper(), place)
        for place, methods in (await openapi(house))["paths"].items()
        for method in methods
    }

    pages = {"/", "/ws", "/page/{name}"}
    routes = {(one.method, re.sub(r":[^/]*(?=\}(/|$))", "", one.path)) for one in ROUTES}
    assert told == {route for route in routes if route[1] not in pages}


async def test_every_operation_has_a_name_of_its_own_and_says_what_it_is(house: House) -> None:
    paths = (await openapi(house))["paths"]
    operations = [one for methods in paths.values() for one in methods.values()]

    assert len({one["operationId"] for one in operations}) == len(operations)
    assert all(one["operationId"] and one["summary"] for one in operations)


async def test_what_needs_a_token_says_so(house: House) -> None:
    document = await openapi(house)

    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            url = path.replace("{key}", "nothing").replace("{n}", "0")
            if path.endswith("/stream"):
                continue
            answer = await house.ask(method, url)
            assert (answer.status == 401) == ({} not in operation["security"]), path


@pytest.mark.parametrize(
    "path",
    [
        *("/healthz", "/readyz", "/api/v1/status", "/api/v1/jobs", "/api/v1/jobs/{key}"),
        *("/api/v1/jobs/{key}/steps", "/api/v1/jobs/{key}/events", "/api/v1/groups"),
        *("/api/v1/sources", "/api/v1/workers", "/api/v1/daemons", "/api/v1/stats"),
    ],
)
@pytest.mark.parametrize("mine", [True, False])
async def test_an_answer_fits_what_is_told_of_it(house: House, path: str, mine: bool) -> None:
    await _life(house)
    document = await openapi(house)
    answer = await house.get(path.replace("{key}", "abc"), mine=mine)
    content = document["paths"][path]["get"]["responses"]["200"]["content"]

    assert answer.status == 200
    fitting(document, content["application/json"]["schema"]).validate(answer.json)


async def test_an_error_fits_what_is_told_of_it(house: House) -> None:
    document = await openapi(house)
    default = document["paths"]["/api/v1/jobs/{key}"]["get"]["responses"]["default"]
    answer = await house.get("/api/v1/jobs/nothing")

    assert answer.status == 404
    schema = default["content"]["application/problem+json"]["schema"]
    fitting(document, schema).validate(answer.json)


async def test_every_frame_of_a_live_stream_fits_what_is_told_of_it(house: House) -> None:
    document = await asyncapi(house)
    frames = fitting(document, {"oneOf": _payloads(document, "live")})
    await _life(house)
    seen = set()
    async with house.follow(mine=True) as socket:
        await socket.say("ping", id=1)
        await socket.say("get", key=key(), id=2)
        await socket.say("subscribe", job=key(), id=3)
        await socket.say("get", key="nothing~at~all", id=4)
        while seen < {"welcome", "changes", "pong", "result", "error"}:
            frame = await socket.hear()
            frames.validate(frame)
            seen.add(frame["type"])


async def test_every_frame_of_an_older_page_fits_what_is_told_of_it(house: House) -> None:
    document = await asyncapi(house)
    frames = fitting(document, {"oneOf": _payloads(document, "plain")})
    await _life(house)
    wanted = {"connection_established", "progress_update", "daemon_status"}
    wanted |= {"statistics", "job_progress", "error"}
    seen = set()
    async with house.socket("/", plain=True, mine=True) as socket:
        for ask in ({"type": "get_statistics"}, {"type": "get_job_progress", "job_id": "abc"}, {}):
            await socket.raw.send_str(msgspec.json.encode(ask).decode())
        while seen < wanted:
            frame = await socket.hear()
            frames.validate(frame)
            seen.add(frame["type"])


async def test_a_frame_that_is_not_told_is_noticed(house: House) -> None:
    document = await asyncapi(house)
    frames = fitting(document, {"oneOf": _payloads(document, "live")})

    assert not frames.is_valid({"type": "news", "data": {}})
    assert not frames.is_valid({"type": "changes", "data": {"entities": []}})


async def test_what_a_client_may_send_is_told(house: House) -> None:
    document = await asyncapi(house)
    receives = {one["$ref"] for one in document["operations"]["receive_live"]["messages"]}

    names = {ref.rpartition("/")[2] for ref in receives}
    assert names == {"HelloFrame", "GetFrame", "SubscribeFrame", "UnsubscribeFrame", "PingFrame"}


def _payloads(document: dict[str, Any], channel: str) -> list[dict[str, Any]]:
    sent = document["operations"][f"send_{channel}"]["messages"]
    names = [one["$ref"].rpartition("/")[2] for one in sent]
    return [document["components"]["messages"][name]["payload"] for name in names]


async def _life(house: House) -> None:
    now = house.plane.clock()
    await house.report(
        queued(),
        Registered(key=key(), at=now, meta={"title": "a fox", "outputs": []}),
        StepStarted(key=key(), at=now, step="3", name="KSampler"),
        Activity(key=join("", "daemon", "tagger"), at=now, text="tagging", observer="tagger"),
    )

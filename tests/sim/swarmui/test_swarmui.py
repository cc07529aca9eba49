"""The simulated SwarmUI says what the real one's source makes it say."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
from tests.payloads.swarmui.load import STATUSES, asked, heard, payload

from headway.sim.comfyui import SimComfyUI
from headway.sim.swarmui import Backend, SimSwarmUI
from headway.sim.swarmui.behind import SWARM_NODES

LONGEST = 30.0  # seconds


class Caller:
    """A client of it."""

    def __init__(self, sim: SimSwarmUI, http: aiohttp.ClientSession) -> None:
        self.sim, self.http, self.id = sim, http, ""

    async def post(self, route: str, body: Any = None, **how: Any) -> tuple[int, Any]:
        if not how:
            how = {"json": {"session_id": self.id, **(body or {})}}
        async with self.http.post(f"{self.sim.url}/API/{route}", **how) as answer:
            return answer.status, json.loads(await answer.text())

    async def generate(self, **params: Any) -> tuple[list[Any], int | None]:
        """Everything that a socket says, and how it was closed."""
        body = {"session_id": self.id, "images": 1, "prompt": "a cat", "steps": 4, **params}
        url = f"{self.sim.url}/API/GenerateText2ImageWS"
        async with asyncio.timeout(LONGEST), self.http.ws_connect(url) as socket:
            await socket.send_json(body)
            said = [json.loads(message.data) async for message in socket]
            return said, socket.close_code


@asynccontextmanager
async def caller(**given: Any) -> AsyncIterator[Caller]:
    async with SimSwarmUI(**{"speed": 1000, **given}) as sim, aiohttp.ClientSession() as http:
        one = Caller(sim, http)
        _, body = await one.post("GetNewSession", json={})
        one.id = body.get("session_id", "")
        yield one


def keys(value: Any) -> Any:
    """The shape of a value: its keys, and the kinds of what is no object."""
    if isinstance(value, dict):
        return {name: keys(inner) for name, inner in value.items()}
    return type(value).__name__ if not isinstance(value, int | float) else "number"


@pytest.mark.parametrize(
    ("route", "name", "body"),
    [
        ("GetNewSession", "GetNewSession.response", {}),
        ("GetCurrentStatus", "GetCurrentStatus.idle.response", {}),
        ("GetGlobalStatus", "GetGlobalStatus.idle.response", {}),
        ("ListBackends", "ListBackends.default.response", {}),
        ("GetServerResourceInfo", "GetServerResourceInfo.nvidia.response", {}),
        ("ListLogTypes", "ListLogTypes.response", {}),
        ("InterruptAll", "InterruptAll.response", {}),
    ],
)
async def test_an_answer_has_the_shape_of_the_real_one(
    route: str, name: str, body: dict[str, Any]
) -> None:
    async with caller() as one:
        status, found = await one.post(route, body)

    wanted = payload(name)
    if route == "ListBackends":  # its settings are the back end's own
        found["0"]["settings"] = wanted["0"]["settings"]
    assert status == 200
    assert keys(found) == keys(wanted)


async def test_a_model_has_the_keys_of_the_real_one() -> None:
    async with caller() as one:
        _, found = await one.post("ListModels", {"path": "", "depth": 5})

    wanted = payload("ListModels.response")
    assert [*found["files"][0]] == [*wanted["files"][0]]


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("error.invalid_session_id", {"json": {"session_id": "nope"}}),
        ("error.missing_session_id", {"json": {}}),
        ("error.wrong_content_type", {"data": "x", "headers": {"Content-Type": "text/plain"}}),
        ("error.bad_content_length",
         {"data": b"", "headers": {"Content-Type": "application/json"}}),
        ("error.null_input", {"json": None, "headers": {"Content-Type": "application/json"}}),
        ("error.internal_error",
         {"data": b"{", "headers": {"Content-Type": "application/json"}}),
    ],
)  # fmt: skip
async def test_each_wrong_call_has_its_status_and_words(name: str, how: dict[str, Any]) -> None:
    if how.get("json", 0) is None:
        how = {"data": b"null", "headers": how["headers"]}
    async with caller() as one:
        found = await one.post("GetCurrentStatus", **how)

    assert found == (STATUSES[f"{name}.json"], payload(name))


@pytest.mark.parametrize(
    ("route", "role", "name"),
    [
        ("InterruptGeneration", "owner", "error.bad_route.http"),
        ("GetGlobalStatus", "user", "error.bad_permissions"),
        ("GenerateText2ImageWS", "owner", "error.bad_request_method.needs_ws"),
        ("GenerateText2Image", "owner", "error.missing_parameter"),
    ],
)
async def test_a_call_that_fits_nowhere_is_refused_in_order(
    route: str, role: str, name: str
) -> None:
    async with caller(local_role=role) as one:
        found = await one.post(route)

    assert found == (STATUSES[f"{name}.json"], payload(name))


async def test_a_stranger_gets_a_friendly_status_and_no_session() -> None:
    async with caller(tokens={"t": ("ann", "admin")}) as one:
        found = await one.post("GetNewSession", json={})

    assert found == (200, payload("GetNewSession.unauthorized.response"))


def kinds(said: list[Any]) -> list[str]:
    """What was said, by its first key; counters as they are, repeats once."""
    found: list[str] = []
    for one in said:
        name = str([*one["status"].values()]) if "status" in one else next(iter(one))
        if found[-1:] != [name]:
            found.append(name)
    return found


@pytest.mark.parametrize(
    ("name", "params"),
    [("single", {}), ("error_live", {"prompt": "out of memory"}), ("model_load", {})],
)
async def test_a_generation_is_told_in_the_order_of_the_real_one(
    name: str, params: dict[str, Any]
) -> None:
    async with caller() as one:
        if name != "model_load":
            one.sim.backends[0].model = "OfficialStableDiffusion/sd_xl_base_1.0.safetensors"
        said, closed = await one.generate(**params)

    wanted = kinds([json.loads(frame) for frame in heard(name)])
    found = kinds(said)
    if name == "model_load":  # the slot and the load are freed in one breath or in two
        found = [one for one in found if one != "[1, 0, 1, 0]"]
        wanted = [one for one in wanted if one != "[1, 0, 1, 0]"]
    assert found == wanted
    assert closed == 1000


async def test_a_refused_parameter_is_told_early_and_the_socket_closes_late() -> None:
    async with caller() as one:
        said, closed = await one.generate(steps="many")

    assert kinds(said) == ["[1, 0, 0, 0]", "error", "socket_intention", "[0, 0, 0, 0]"]
    assert said[1] == json.loads(heard("error_param")[1])
    assert closed == 1000


async def test_an_unknown_session_is_told_on_the_socket_too() -> None:
    async with caller() as one:
        said, closed = await one.generate(session_id="nope")

    assert (said, closed) == ([payload("error.invalid_session_id")], 1000)


async def test_overall_percent_jumps_up_and_down_and_passes_one() -> None:
    async with caller() as one:
        said, _ = await one.generate()

    overall = [x["gen_progress"]["overall_percent"] for x in said if "gen_progress" in x]
    assert max(overall) > 1.0
    assert any(b < a for a, b in pairwise(overall))


async def test_a_slot_too_few_lets_one_wait_while_the_back_end_stays_running() -> None:
    async with caller() as one:
        one.sim.hold()
        session = one.sim.begin(images=4)
        await one.sim.until(lambda: session.live_gens == 2)
        _, found = await one.post("GetGlobalStatus")
        _, mine = await one.post("GetCurrentStatus")

    assert found["status"] == {
        "waiting_gens": 4, "loading_models": 0, "waiting_backends": 2, "live_gens": 2,
    }  # fmt: skip
    assert set(mine["status"].values()) == {0}
    assert found["backend_status"]["status"] == "running"


async def test_closing_the_socket_stops_nothing_and_an_interrupt_stops_one_session() -> None:
    async with caller() as one:
        one.sim.hold()
        url = f"{one.sim.url}/API/GenerateText2ImageWS"
        async with one.http.ws_connect(url) as socket:
            await socket.send_json({**asked("single"), "session_id": one.id})
            await one.sim.until(lambda: one.sim.counts["live_gens"] == 1)
        other = one.sim.begin()
        await one.sim.until(lambda: other.live_gens == 1)
        await one.post("InterruptAll", {"other_sessions": False})
        one.sim.release()
        await one.sim.until(lambda: one.sim.counts["waiting_gens"] == 0)
        said = one.sim.log.messages("Info")

    assert [line for line in said if "Generated" in line] == [
        "Generated an image in 0.52 sec (prep) and 4.84 sec (gen)"
    ]


async def test_logs_are_kept_below_the_level_and_read_from_a_number_on() -> None:
    async with caller() as one:
        await one.generate()
        body = {"types": ["Verbose", "ComfyUI-0"], "last_sequence_ids": {}}
        _, first = await one.post("ListRecentLogMessages", body)
        body["last_sequence_ids"] = {"Verbose": first["last_sequence_id"]}
        _, more = await one.post("ListRecentLogMessages", body)
        missing = await one.post("ListRecentLogMessages", {"types": ["Verbose"]})

    assert first["data"]["Verbose"][0]["message"].startswith("Progress [0]: ")
    assert "/4 [" in first["data"]["ComfyUI-0"][0]["message"]
    assert "Verbose" not in more["data"]
    assert missing == (400, payload("error.internal_error"))


@pytest.mark.parametrize(
    ("states", "word"),
    [
        ([], "empty"), (["disabled"], "all_disabled"), (["running", "errored"], "errored"),
        (["running", "loading"], "some_loading"), (["loading"], "loading"),
        (["idle"], "idle"), (["running", "idle"], "running"), (["idle", "disabled"], "disabled"),
    ],
)  # fmt: skip
async def test_one_word_stands_for_all_back_ends(states: list[str], word: str) -> None:
    async with caller(backends=[Backend(status=one) for one in states]) as one:
        _, found = await one.post("GetCurrentStatus")

    assert found["backend_status"] == payload("backend_status.all_variants")[word]


async def test_a_restart_keeps_sessions_and_changes_the_servers_id() -> None:
    async with caller() as one:
        before = one.sim.server_id
        await one.sim.restart()
        status, _ = await one.post("GetCurrentStatus")

        assert status == 200
        assert one.sim.server_id != before


async def test_a_comfyui_behind_it_does_the_work_and_its_frames_are_passed_on() -> None:
    async with (
        SimComfyUI(speed=math.inf, nodes=SWARM_NODES) as comfy,
        caller(comfy=comfy.url) as one,
    ):
        said, _ = await one.generate(forwardrawbackenddata=True)
        queue = await _get(one, "/ComfyBackendDirect/queue")

        assert len(comfy.prompts) == 1
        assert comfy.history(comfy.prompts[0][1]) is None  # deleted after the job
    assert any("raw_backend_data" in x for x in said)
    assert any("image" in x for x in said)
    assert queue == {"queue_running": [], "queue_pending": []}


async def test_what_the_comfyui_behind_it_refuses_is_an_error_in_the_stream() -> None:
    async with (
        SimComfyUI(speed=math.inf) as comfy,  # without the nodes that SwarmUI brings
        caller(comfy=comfy.url) as one,
    ):
        said, _ = await one.generate()

    assert any("ComfyUI execution error" in x.get("error", "") for x in said)


async def _get(one: Caller, path: str) -> Any:
    async with one.http.get(one.sim.url + path) as answer:
        return await answer.json(content_type=None)

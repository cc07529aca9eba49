"""The HTTP side: answers, errors, versions, files, origins."""

import math
from typing import Any

import aiohttp
import pytest
from tests.sim.recorded import Session

from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sim.comfyui.origin import allowed


class Client:
    """Asks one server and returns status and body."""

    def __init__(self, comfy: SimComfyUI, session: aiohttp.ClientSession) -> None:
        self._url, self._session = comfy.url, session

    async def __call__(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        async with self._session.request(method, self._url + path, **options) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await (answer.json() if is_json else answer.read())


async def test_refusals_are_worded_as_recorded() -> None:
    expected = Session("validation_error").answers("POST", "/prompt")
    good = workflows.text_to_image(steps=0)

    def changed(node: str, **inputs: Any) -> dict[str, Any]:
        graph = workflows.text_to_image()
        graph[node]["inputs"] |= inputs
        return graph

    missing = workflows.text_to_image()
    del missing["3"]["inputs"]["model"]
    unknown = {**workflows.text_to_image(), "3": workflows.node("NoSuchNode")}
    bodies: list[Any] = [
        {"prompt": changed("4", ckpt_name="nope.safetensors")},
        {"prompt": missing},
        {"prompt": unknown},
        {"prompt": {"5": good["5"]}},
        {},
        {"prompt": {**good, "90": workflows.node("PreviewAny", source="ok")}},
    ]

    async with (
        SimComfyUI(speed=math.inf, checkpoints=["tiny.safetensors"]) as comfy,
        aiohttp.ClientSession() as session,
    ):
        ask = Client(comfy, session)
        answers = [await ask("POST", "/prompt", json=body) for body in bodies]
        not_json = await ask("POST", "/prompt", data="not json")

    assert [status for status, _ in answers] == [400, 400, 400, 400, 400, 200]
    assert without_options([body for _, body in answers]) == without_options(expected[:-1])
    assert not_json == (500, expected[-1].encode())
    assert answers[-1][1]["number"] == 5


def without_options(value: Any) -> Any:
    """The answers without ids, numbers, and the options of inputs (real ones have tooltips)."""
    if isinstance(value, dict):
        ignored = ("prompt_id", "number", "input_config")
        return {key: without_options(inner) for key, inner in value.items() if key not in ignored}
    return [without_options(inner) for inner in value] if isinstance(value, list) else value


async def test_a_graph_with_one_good_output_is_queued_and_the_bad_one_dropped() -> None:
    graph = workflows.text_to_image(steps=0)
    graph["90"] = workflows.node("PreviewAny", source="ok")

    async with SimComfyUI(speed=math.inf) as comfy:
        entry = await comfy.finished(comfy.submit(graph))

    assert entry["prompt"][4] == ["90"]
    assert entry["outputs"] == {"90": {"text": ["ok"]}}


async def test_the_history_is_cut_from_its_new_end_or_by_an_offset_from_its_old_end() -> None:
    async with SimComfyUI(speed=math.inf) as comfy, aiohttp.ClientSession() as session:
        for name in "abcde":
            await comfy.finished(comfy.submit(workflows.text(name), prompt_id=name))
        ask = Client(comfy, session)
        queries = ("", "?max_items=2", "?max_items=2&offset=1", "?offset=3")
        cuts = ["".join((await ask("GET", "/history" + query))[1]) for query in queries]
        bad, _ = await ask("GET", "/history?max_items=x")
        await ask("POST", "/history", json={"delete": ["b", "unknown"]})
        left = "".join((await ask("GET", "/history"))[1])
        await ask("POST", "/history", json={"clear": True})

        assert cuts == ["abcde", "de", "bc", "de"]
        assert (bad, left) == (500, "acde")
        assert await ask("GET", "/history/a") == (200, {})


async def test_bad_questions_about_jobs_are_answered_as_recorded() -> None:
    rows = [row for row in Session("jobs_api").rows if "/jobs" in row["path"]]
    bad = [row for row in rows if row["status"] >= 400]

    async with SimComfyUI(speed=math.inf) as comfy, aiohttp.ClientSession() as session:
        ask = Client(comfy, session)
        answers = [await ask("GET", row["path"]) for row in bad if row["body"]]
        assert (await ask("GET", "/jobs"))[0] == 404

    assert answers == [(row["status"], row["body"]) for row in bad if row["body"]]


async def test_jobs_are_paged_filtered_and_sorted() -> None:
    now = iter(range(10**6))
    tagged = {"extra_pnginfo": {"workflow": {"id": "wf-1"}}}

    async with (
        SimComfyUI(speed=math.inf, clock=lambda: float(next(now))) as comfy,
        aiohttp.ClientSession() as session,
    ):
        await comfy.finished(comfy.submit(workflows.text("quick"), prompt_id="quick"))
        await comfy.finished(comfy.submit(workflows.huge(30), prompt_id="slow"))
        await comfy.finished(comfy.submit(workflows.failing(), prompt_id="bad", extra_data=tagged))
        ask = Client(comfy, session)

        async def ids(query: str) -> list[str]:
            return [job["id"] for job in (await ask("GET", f"/api/jobs?{query}"))[1]["jobs"]]

        assert await ids("") == ["bad", "slow", "quick"]
        assert await ids("sort_order=asc&limit=1") == ["quick"]
        assert await ids("offset=1&limit=1") == ["slow"]
        assert await ids("status=failed,pending") == ["bad"]
        assert await ids("workflow_id=wf-1") == ["bad"]
        assert (await ids("sort_by=execution_duration&sort_order=asc"))[0] == "quick"
        assert "execution_error" in (await ask("GET", "/api/jobs/bad"))[1]


@pytest.mark.parametrize(
    ("version", "jobs", "interrupted", "created", "os"),
    [
        ("0.12.1", 200, "cancelled", True, "linux"),
        ("0.8.0", 200, "failed", True, "linux"),
        ("0.3.69", 404, None, True, "posix"),
        ("0.3.45", 404, None, False, "posix"),
    ],
)
async def test_versions_differ(
    version: str, jobs: int, interrupted: str | None, created: bool, os: str
) -> None:
    async with SimComfyUI(version=version, speed=10) as comfy, aiohttp.ClientSession() as session:
        prompt_id = comfy.submit(workflows.ticking())
        await comfy.until(lambda: comfy.running == prompt_id)
        comfy.interrupt()
        await comfy.finished(prompt_id)
        ask = Client(comfy, session)
        status, body = await ask("GET", "/api/jobs")
        stats = (await ask("GET", "/api/system_stats"))[1]["system"]

    assert status == jobs
    assert interrupted is None or body["jobs"][0]["status"] == interrupted
    assert ("create_time" in comfy.prompts[0][3]) is created
    assert (stats["os"], stats["comfyui_version"]) == (os, version)


def test_a_version_older_than_what_is_simulated_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the oldest is 0\.3\.45"):
        SimComfyUI(version="0.3.44")


async def test_outputs_are_served_whole_and_in_ranges_and_nothing_else_is() -> None:
    async with SimComfyUI(speed=math.inf) as comfy, aiohttp.ClientSession() as session:
        entry = await comfy.finished(comfy.submit(workflows.empty_image(prefix="sub/one")))
        file = entry["outputs"]["2"]["images"][0]
        ask = Client(comfy, session)
        _, whole = await ask("GET", "/view", params=file)
        part = await ask("GET", "/api/view", params=file, headers={"Range": "bytes=1-3"})
        statuses = [
            (await ask("GET", "/view", params=params))[0]
            for params in ({"filename": "../x"}, {"filename": "none.png"}, {})
        ]

    assert file == {"filename": "one_00001_.png", "subfolder": "sub", "type": "output"}
    assert whole.startswith(b"\x89PNG")
    assert part == (206, b"PNG")
    assert statuses == [400, 404, 404]


async def test_every_node_class_is_described() -> None:
    async with SimComfyUI(checkpoints=["my.ckpt"]) as comfy, aiohttp.ClientSession() as session:
        ask = Client(comfy, session)
        _, everything = await ask("GET", "/object_info")
        _, loader = await ask("GET", "/object_info/CheckpointLoaderSimple")

    assert {"KSampler", "SaveImage", "BenchFail"} <= set(everything)
    assert loader["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0] == ["my.ckpt"]


@pytest.mark.parametrize(
    ("host", "origin", "answer"),
    [
        ("127.0.0.1:8188", None, True),
        ("127.0.0.1:8188", "http://127.0.0.1:8188", True),
        ("127.0.0.1:8188", "http://127.0.0.1:9999", False),
        ("127.0.0.1:8188", "http://localhost:8188", False),
        ("localhost:8188", "http://localhost:8188", True),
        ("127.0.0.1:8188", "null", True),
        ("comfy.lan:8188", "http://evil.example", True),
        ("192.168.1.5:8188", "http://evil.example", True),
        ("[::1]:8188", "http://evil.example", False),
    ],
)
def test_pages_of_another_origin_are_kept_from_a_loopback_server(
    host: str, origin: str | None, answer: bool
) -> None:
    assert allowed(host, origin) is answer


async def test_a_foreign_page_gets_403_for_http_and_websocket() -> None:
    async with SimComfyUI() as comfy, aiohttp.ClientSession() as session:
        foreign = {"Origin": "http://evil.example"}
        ask = Client(comfy, session)
        assert (await ask("GET", "/prompt", headers=foreign))[0] == 403
        assert (await ask("OPTIONS", "/prompt"))[0] == 200
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(comfy.url + "/ws", headers=foreign)

    assert refused.value.status == 403

"""One set of checks for the simulated ComfyUI and, if HEADWAY_COMFYUI_URL names one, a real one.

Rule 1: a check uses core nodes and public paths only, so that it means the same on every server.
Rule 2: the simulation conforms when every check passes on it and on the server it claims to be.

A real server needs one checkpoint and an empty queue. Runs leave a few small pictures there.
"""

import asyncio
import os
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sim.ear import Ear
from headway.sim.workflows import Graph

SIMULATED = ("0.33.0", "0.12.3", "0.3.45")
REAL = os.environ.get("HEADWAY_COMFYUI_URL")
TARGETS = [*(f"sim {version}" for version in SIMULATED), *([REAL] if REAL else [])]

PATIENCE = 300.0  # seconds for one wait; a real server may load a checkpoint on a slow machine
SIMULATED_PATIENCE = 20.0  # seconds for one wait
LONG = 500  # steps, more than anybody waits for

#: kind -> the keys of its data; the end marker of `executing` lacks display_node
KEYS = {
    "status": {"status"},
    "execution_start": {"prompt_id", "timestamp"},
    "execution_cached": {"nodes", "prompt_id", "timestamp"},
    "executing": {"node", "display_node", "prompt_id"},
    "progress": {"value", "max", "prompt_id", "node"},
    "progress_state": {"prompt_id", "nodes"},
    "executed": {"node", "display_node", "output", "prompt_id"},
    "execution_success": {"prompt_id", "timestamp"},
    "execution_interrupted": {"prompt_id", "node_id", "node_type", "executed", "timestamp"},
    "execution_error": {
        *("prompt_id", "node_id", "node_type", "executed", "timestamp"),
        *("exception_message", "exception_type", "traceback"),
        *("current_inputs", "current_outputs"),
    },
}
NODE_KEYS = {
    *("value", "max", "state", "node_id", "prompt_id"),
    *("display_node_id", "parent_node_id", "real_node_id"),
}
ENDS = ("execution_success", "execution_error", "execution_interrupted")


class Target:
    """One server under test."""

    def __init__(self, url: str, session: aiohttp.ClientSession, *, patience: float) -> None:
        self.url, self._patience = url, patience
        self._session = session

    async def prepare(self) -> "Target":
        stats = await self.get("/system_stats")
        self.version = tuple(int(part) for part in stats["system"]["comfyui_version"].split("."))
        info = await self.get("/object_info/CheckpointLoaderSimple")
        self._models = info["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0]
        return self

    async def get(self, path: str) -> Any:
        return (await self.ask("GET", path))[1]

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        async with self._session.request(method, self.url + path, **options) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await (answer.json() if is_json else answer.read())

    async def submit(self, graph: Graph, **more: Any) -> str:
        status, body = await self.ask("POST", "/prompt", json={"prompt": graph, **more})
        assert status == 200, body
        assert set(body) == {"prompt_id", "number", "node_errors"}
        return str(body["prompt_id"])

    def picture(self, *, steps: int = 2, size: int = 64) -> Graph:
        """Text to image with a seed that nobody used before."""
        seed = uuid.uuid4().int % 2**48
        model = self._models[0]
        return workflows.text_to_image(seed=seed, steps=steps, width=size, height=size, model=model)

    def listen(self, client_id: str | None = None, **options: Any) -> Ear:
        return Ear(self.url, client_id or uuid.uuid4().hex, patience=self._patience, **options)

    async def entry(self, prompt_id: str) -> Any:
        return (await self.get(f"/history/{prompt_id}"))[prompt_id]


@pytest_asyncio.fixture(params=TARGETS)
async def target(request: pytest.FixtureRequest) -> AsyncIterator[Target]:
    async with AsyncExitStack() as stack:
        url = request.param
        if url.startswith("sim "):
            simulated = SimComfyUI(version=url.removeprefix("sim "), speed=100)
            url = (await stack.enter_async_context(simulated)).url
        session = await stack.enter_async_context(aiohttp.ClientSession())
        patience = PATIENCE if url == REAL else SIMULATED_PATIENCE
        yield await Target(url, session, patience=patience).prepare()


def new_id() -> str:
    return uuid.uuid4().hex


def unmarked(text: str) -> str:
    """A line of the console without colours and level."""
    return re.sub(r"\033\[[\d;]*m", "", text).removeprefix("[INFO] ")


def check_keys(ear: Ear) -> None:
    """Every message has exactly the keys of its kind."""
    for frame in ear.frames[1:]:
        if isinstance(frame, dict) and frame["type"] in KEYS:
            missing = {"display_node"} if frame["data"].get("node", "") is None else set()
            assert set(frame["data"]) == KEYS[frame["type"]] - missing, frame
    for state in ear.said("progress_state"):
        assert all(set(node) == NODE_KEYS for node in state["nodes"].values())
        assert all(node["state"] in ("running", "finished") for node in state["nodes"].values())


def check_order(kinds: list[str], end: str) -> None:
    """The owner's story: what comes first and last, and what stands beside what."""
    kinds = [kind for kind in kinds if not kind.startswith("binary")]
    assert kinds[:2] == ["execution_start", "execution_cached"]
    assert kinds[-3:] == [end, "status", "executing"]
    assert [kind for kind in kinds if kind in ENDS] == [end]
    for before, kind in pairwise(kinds[2:-1]):
        assert kind not in ("progress", "executing") or before == "progress_state"
        assert before != "executed" or kind == "progress_state"


def story_of(ear: Ear) -> list[str]:
    kinds = ear.kinds()
    return kinds[kinds.index("execution_start") :]


async def test_a_new_socket_is_greeted_with_the_queue_and_its_own_id(target: Target) -> None:
    name = new_id()
    async with target.listen(name) as ear:
        await ear.hear("status", sid=name)

    (greeting,) = ear.said("status")
    assert set(greeting) == {"status", "sid"}
    assert set(greeting["status"]["exec_info"]) == {"queue_remaining"}


async def test_feature_flags_are_answered(target: Target) -> None:
    flags = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
    async with target.listen(opening=flags) as ear:
        answer = await ear.hear("feature_flags")

    assert {"supports_preview_metadata", "max_upload_size"} <= set(answer)
    assert answer == await target.get("/features")


async def test_the_owner_hears_a_run_in_order_and_others_only_the_queue(target: Target) -> None:
    owner_id = new_id()
    async with target.listen(owner_id) as owner, target.listen() as other:
        prompt_id = await target.submit(target.picture(steps=3), client_id=owner_id)
        await owner.hear("executing", node=None, prompt_id=prompt_id)
        await other.until(lambda: len(other.said("status")) == 4)

    check_keys(owner)
    check_order(story_of(owner), "execution_success")
    assert owner.kinds()[:3] == ["status"] * 3
    values = [step["value"] for step in owner.said("progress", node="3", max=3)]
    assert values in ([1, 2, 3], [1, 3])  # without previews a quick step in between is left out
    overheard = {"progress_state"} if target.version < (0, 3, 58) else set()
    assert set(other.kinds()) == {"status", *overheard}


async def test_progress_without_a_client_id_is_heard_by_everybody(target: Target) -> None:
    async with target.listen() as other:
        prompt_id = await target.submit(target.picture())
        zero = {"exec_info": {"queue_remaining": 0}}
        await other.until(lambda: len(other.said("status", status=zero)) == 2)

    check_keys(other)
    heard = {kind for kind in other.kinds() if not kind.startswith("binary")}
    assert heard == {"status", "progress", "progress_state"}
    assert (await target.entry(prompt_id))["outputs"]["9"]["images"]


async def test_a_repeated_graph_is_cached_and_says_so(target: Target) -> None:
    owner_id, graph = new_id(), target.picture()
    async with target.listen(owner_id) as owner:
        for _ in range(2):
            start = len(owner.frames)
            prompt_id = await target.submit(graph, client_id=owner_id)
            await owner.hear("executing", node=None, prompt_id=prompt_id)

    assert owner.said("execution_cached", since=start)[0]["nodes"] == list(graph)
    kinds = owner.kinds(since=start)
    assert kinds[4:-2] == ["executed", "progress_state", "execution_success"]
    assert list(owner.said("progress_state", since=start)[0]["nodes"]) == ["9"]


async def test_the_queue_shows_items_of_five_and_a_pending_one_can_be_removed(
    target: Target,
) -> None:
    owner_id = new_id()
    async with target.listen(owner_id) as owner:
        running = await target.submit(target.picture(steps=LONG, size=512), client_id=owner_id)
        await owner.hear("progress")
        graph = target.picture()
        pending = await target.submit(graph, extra_data={"tag": "mine"})
        queue = await target.get("/queue")
        await target.ask("POST", "/queue", json={"delete": [pending, running, "unknown"]})
        after = await target.get("/queue")
        await target.ask("POST", "/interrupt", json={"prompt_id": running})
        await owner.hear("executing", node=None)

    ((number, prompt_id, shown, extra, outputs),) = queue["queue_pending"]
    assert isinstance(number, int | float)
    assert (prompt_id, shown, outputs, extra["tag"]) == (pending, graph, ["9"], "mine")
    assert ("create_time" in extra) == (target.version >= (0, 3, 69))
    assert queue["queue_running"][0][3]["client_id"] == owner_id
    assert after["queue_pending"] == []
    assert [item[1] for item in after["queue_running"]] == [running]
    assert await target.get(f"/history/{pending}") == {}


async def test_an_interrupted_run_ends_as_error_in_the_history(target: Target) -> None:
    owner_id = new_id()
    async with target.listen(owner_id) as owner:
        prompt_id = await target.submit(target.picture(steps=LONG, size=512), client_id=owner_id)
        await owner.hear("progress")
        if target.version >= (0, 3, 57):  # before, an interrupt of any id was one of all
            other = {"prompt_id": "another"}
            assert await target.ask("POST", "/interrupt", json=other) == (200, b"")
            await owner.until(lambda: len(owner.said("progress")) > 1)
        assert await target.ask("POST", "/interrupt", json={"prompt_id": prompt_id}) == (200, b"")
        await owner.hear("executing", node=None)

    check_keys(owner)
    check_order(story_of(owner), "execution_interrupted")
    assert owner.said("execution_interrupted")[0]["node_type"] == "KSampler"
    status = (await target.entry(prompt_id))["status"]
    assert (status["status_str"], status["completed"]) == ("error", False)
    assert status["messages"][-1][0] == "execution_interrupted"


async def test_a_failing_node_is_told_with_its_traceback(target: Target) -> None:
    owner_id = new_id()
    async with target.listen(owner_id) as owner:
        colour = uuid.uuid4().int % 2**24
        prompt_id = await target.submit(workflows.failing_save(colour=colour), client_id=owner_id)
        await owner.hear("executing", node=None)

    check_keys(owner)
    check_order(story_of(owner), "execution_error")
    (error,) = owner.said("execution_error")
    assert (error["node_id"], error["node_type"], error["executed"]) == ("2", "SaveImage", ["1"])
    assert all(isinstance(line, str) for line in error["traceback"])
    entry = await target.entry(prompt_id)
    assert (entry["outputs"], entry["status"]["status_str"]) == ({}, "error")


async def test_the_history_keeps_item_outputs_status_and_meta(target: Target) -> None:
    owner_id, graph, name = new_id(), target.picture(), str(uuid.uuid4())
    async with target.listen(owner_id) as owner:
        prompt_id = await target.submit(
            graph, client_id=owner_id, prompt_id=name, extra_data={"tag": {"mine": 1}}
        )
        await owner.hear("executing", node=None, prompt_id=name)

    entry = await target.entry(name)
    assert prompt_id == name
    assert set(entry) == {"prompt", "outputs", "status", "meta"}
    assert entry["prompt"][1:3] == [name, graph]
    assert entry["prompt"][3]["tag"] == {"mine": 1}
    assert set(entry["status"]) == {"status_str", "completed", "messages"}
    assert [kind for kind, _ in entry["status"]["messages"]] == [
        "execution_start",
        "execution_cached",
        "execution_success",
    ]
    (file,) = entry["outputs"]["9"]["images"]
    assert set(file) == {"filename", "subfolder", "type"}
    assert set(entry["meta"]["9"]) == {"node_id", "display_node", "parent_node", "real_node_id"}
    assert name in await target.get("/history?max_items=1")


async def test_the_jobs_api_tells_the_same_where_there_is_one(target: Target) -> None:
    owner_id = new_id()
    async with target.listen(owner_id) as owner:
        done = await target.submit(target.picture(), client_id=owner_id)
        await owner.hear("executing", node=None, prompt_id=done)
        running = await target.submit(target.picture(steps=LONG, size=512), client_id=owner_id)
        await owner.hear("progress", prompt_id=running)
        status, listing = await target.ask("GET", "/api/jobs?limit=2")
        _, job = await target.ask("GET", f"/api/jobs/{done}")
        await target.ask("POST", "/interrupt", json={})
        await owner.hear("execution_interrupted")

    if target.version < (0, 6, 0):
        assert status == 404
        return
    counts = {"outputs_count", "previewable_outputs_count"}
    if target.version < (0, 32, 0):
        counts.remove("previewable_outputs_count")
    base = {"id", "status", "priority", "create_time", *counts}
    ended = {*base, "execution_start_time", "execution_end_time", "preview_output"}
    in_progress, completed = listing["jobs"]
    assert (in_progress["id"], in_progress["status"]) == (running, "in_progress")
    assert (completed["id"], completed["status"]) == (done, "completed")
    assert (set(in_progress), set(completed)) == (base, ended)
    assert set(listing["pagination"]) == {"offset", "limit", "total", "has_more"}
    assert set(job) == {*ended, "outputs", "execution_status", "workflow"}
    assert (await target.ask("GET", "/api/jobs/unknown"))[0] == 404
    assert (await target.ask("GET", "/api/jobs?status=bogus"))[0] == 400


async def test_a_job_can_be_cancelled_by_its_id_where_the_api_has_that(target: Target) -> None:
    owner_id = new_id()
    async with target.listen(owner_id) as owner:
        running = await target.submit(target.picture(steps=LONG, size=512), client_id=owner_id)
        await owner.hear("progress")
        pending = await target.submit(target.picture())
        waiting = await target.ask("POST", f"/api/jobs/{pending}/cancel")
        others = [
            await target.ask("POST", f"/api/jobs/{other}/cancel") for other in (pending, running)
        ]
        await target.ask("POST", "/queue", json={"clear": True})
        await target.ask("POST", "/interrupt", json={})
        await owner.hear("execution_interrupted")

    known = target.version >= (0, 26, 0)
    if not known:
        assert waiting[0] in (404, 405)
        return
    assert waiting == (200, {"cancelled": True})
    assert others == [(200, {"cancelled": False}), (200, {"cancelled": True})]
    assert await target.get(f"/history/{pending}") == {}


async def test_a_chosen_prompt_id_must_be_a_uuid_since_0_25(target: Target) -> None:
    owner_id, graph = new_id(), workflows.empty_image(colour=uuid.uuid4().int % 2**24)
    async with target.listen(owner_id) as owner:
        request = {"prompt": graph, "prompt_id": f"chosen {owner_id}", "client_id": owner_id}
        status, body = await target.ask("POST", "/prompt", json=request)
        if status == 200:
            await owner.hear("executing", node=None)

    assert status == (400 if target.version >= (0, 25, 0) else 200)
    assert status == 200 or body["error"]["type"] == "invalid_prompt_id"


async def test_a_subscriber_hears_the_console_of_everybody(target: Target) -> None:
    name = new_id()
    async with target.listen(name) as ear:
        body = {"enabled": True, "clientId": name}
        assert await target.ask("PATCH", "/internal/logs/subscribe", json=body) == (200, b"")
        await target.submit(target.picture(steps=3), client_id="somebody else")
        await ear.until(lambda: "Prompt executed in " in str(ear.said("logs")))

    assert all(set(message) == {"entries", "size"} for message in ear.said("logs"))
    entries = [entry for message in ear.said("logs") for entry in message["entries"]]
    assert all(set(entry) == {"t", "m"} for entry in entries)
    texts = [entry["m"] for entry in entries]
    assert "got prompt\n" in map(unmarked, texts)
    assert ("\033" in "".join(texts)) == (target.version >= (0, 23, 0))
    assert any(text.startswith("\r100%|██████████| 3/3 [") for text in texts)
    raw = await target.get("/internal/logs/raw")
    assert unmarked(raw["entries"][-1]["m"]).startswith("Prompt executed in ")
    assert set(raw["size"]) == {"cols", "rows"}


async def test_outputs_are_served_in_ranges(target: Target) -> None:
    owner_id, colour = new_id(), uuid.uuid4().int % 2**24
    async with target.listen(owner_id) as owner:
        graph = workflows.empty_image(colour=colour)
        prompt_id = await target.submit(graph, client_id=owner_id)
        await owner.hear("executing", node=None)
    (file,) = (await target.entry(prompt_id))["outputs"]["2"]["images"]

    part = {"Range": "bytes=1-3"}
    assert await target.ask("GET", "/view", params=file, headers=part) == (206, b"PNG")
    assert (await target.ask("GET", "/view", params={"filename": "../x.png"}))[0] == 400
    assert (await target.ask("GET", "/view", params={"filename": new_id()}))[0] == 404


async def test_a_refused_graph_is_explained_and_leaves_no_trace(target: Target) -> None:
    graph = target.picture()
    graph["4"]["inputs"]["ckpt_name"] = "no such file"
    async with target.listen() as ear:
        status, body = await target.ask("POST", "/prompt", json={"prompt": graph})
        queue = await target.get("/queue")

    assert status == 400
    assert set(body["error"]) == {"type", "message", "details", "extra_info"}
    assert body["error"]["type"] == "prompt_outputs_failed_validation"
    (error,) = body["node_errors"]["4"]["errors"]
    assert set(error) == {"type", "message", "details", "extra_info"}
    assert error["type"] == "value_not_in_list"
    assert body["node_errors"]["4"]["dependent_outputs"] == ["9"]
    assert queue == {"queue_running": [], "queue_pending": []}
    assert ear.kinds() == ["status"]


async def test_the_cheapest_poll_agrees_with_the_queue(target: Target) -> None:
    owner_id = new_id()
    async with target.listen(owner_id) as owner:
        running = await target.submit(target.picture(steps=LONG, size=512), client_id=owner_id)
        await owner.hear("progress")
        answers = await asyncio.gather(target.get("/prompt"), target.get("/api/prompt"))
        await target.ask("POST", "/interrupt", json={"prompt_id": running})
        await owner.hear("executing", node=None)

    assert answers == [{"exec_info": {"queue_remaining": 1}}] * 2

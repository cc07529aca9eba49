"""The simulator says, frame for frame, what a real server said to the same graphs.

Rule 1: graphs come from the recording; nothing here was written to suit the simulator.
"""

import math
from typing import Any

from tests.sim.recorded import Session, comparable

from headway.sim.comfyui import SimComfyUI
from headway.sim.ear import Ear

FAST = math.inf


def reseeded(graph: dict[str, Any], seed: int) -> dict[str, Any]:
    """The same graph with another seed: what is upstream of the sampler stays the same."""
    sampler = {**graph["3"], "inputs": {**graph["3"]["inputs"], "seed": seed}}
    return {**graph, "3": sampler}


async def test_a_successful_run_is_told_as_recorded_to_owner_and_observer() -> None:
    session = Session("success")
    graph = session.graphs()[session.answers("POST", "/prompt")[0]["prompt_id"]]

    async with SimComfyUI(speed=FAST) as comfy:
        await comfy.finished(comfy.submit(reseeded(graph, 0)))
        async with Ear(comfy.url, "submitter") as owner, Ear(comfy.url, "observer") as other:
            comfy.submit(graph, client_id="submitter")
            await owner.hear("executing", node=None)
            await other.until(lambda: len(other.frames) == 4)

    assert comparable(owner.frames) == comparable(session.heard("submitter"))
    assert comparable(other.frames) == comparable(session.heard("observer"))


async def test_a_fully_cached_run_is_told_as_recorded() -> None:
    session = Session("cached_rerun").after("run 1").before("run with no client_id, fully cached")
    graph = session.graphs()[session.answers("POST", "/prompt")[0]["prompt_id"]]

    async with SimComfyUI(speed=FAST) as comfy, Ear(comfy.url, "submitter") as owner:
        await comfy.finished(comfy.submit(graph))
        await owner.until(lambda: owner.said("status", status=status(0))[1:])
        start = len(owner.frames)
        comfy.submit(graph, client_id="submitter")
        await owner.hear("executing", since=start, node=None)

    assert comparable(owner.frames[start:]) == comparable(session.heard("submitter"))


async def test_a_fully_cached_run_without_client_id_keeps_no_outputs_as_recorded() -> None:
    session = Session("cached_rerun").after("run with no client_id, fully cached")
    prompt_id = session.answers("POST", "/prompt")[0]["prompt_id"]

    async with SimComfyUI(speed=FAST) as comfy:
        await comfy.finished(comfy.submit(session.graphs()[prompt_id], client_id="x"))
        async with Ear(comfy.url, "submitter") as other:
            entry = await comfy.finished(comfy.submit(session.graphs()[prompt_id]))
            await other.until(lambda: len(other.frames) == 5)

    assert comparable(other.frames[1:]) == comparable(session.heard("submitter"))
    assert entry["outputs"] == session.answers("GET", "/history")[0][prompt_id]["outputs"] == {}


async def test_a_run_without_client_id_is_told_to_everybody_as_recorded() -> None:
    session = Session("no_client_id")
    graph = session.graphs()[session.answers("POST", "/prompt")[0]["prompt_id"]]
    expected = session.heard("obsA")

    async with SimComfyUI(speed=FAST) as comfy:
        await comfy.finished(comfy.submit(reseeded(graph, 0)))
        async with Ear(comfy.url, "obsA") as one, Ear(comfy.url, "obsB") as two:
            comfy.submit(graph)
            await one.until(lambda: len(one.frames) == len(expected))
            await two.until(lambda: len(two.frames) == len(expected))

    assert comparable(one.frames) == comparable(expected)
    assert comparable(two.frames) == comparable(session.heard("obsB"))


async def test_a_failing_node_is_told_as_recorded() -> None:
    session = Session("node_error").before("same failure, no client_id")
    prompt_id = session.answers("POST", "/prompt")[0]["prompt_id"]
    graph = session.graphs()[prompt_id]

    async with SimComfyUI(speed=FAST) as comfy:
        await comfy.finished(comfy.submit({**reseeded(graph, 0), "20": graph["8"]}))
        async with Ear(comfy.url, "submitter") as owner:
            entry = await comfy.finished(comfy.submit(graph, client_id="submitter"))
            await owner.hear("executing", node=None)

    real = session.answers("GET", "/history")[0][prompt_id]
    assert comparable(owner.frames) == comparable(session.heard("submitter"))
    assert comparable([entry["outputs"], entry["meta"], entry["status"]]) == comparable(
        [real["outputs"], real["meta"], real["status"]]
    )


async def test_a_failing_node_without_client_id_is_told_as_recorded() -> None:
    session = Session("node_error").after("same failure, no client_id")
    graph = session.graphs()[session.answers("POST", "/prompt")[0]["prompt_id"]]
    expected = session.heard("observer")

    async with SimComfyUI(speed=FAST) as comfy:
        await comfy.finished(comfy.submit(graph, client_id="x"))
        async with Ear(comfy.url, "observer") as other:
            await comfy.finished(comfy.submit(graph))
            await other.until(lambda: len(other.frames) == 1 + len(expected))

    assert comparable(other.frames[1:]) == comparable(expected)


async def test_an_interrupted_run_is_told_as_recorded() -> None:
    session = Session("interrupt").before("no client_id + interrupt")
    graph = session.graphs()[session.answers("POST", "/prompt")[0]["prompt_id"]]
    steps = kind("progress", session.heard("submitter"))

    first = reseeded(graph, 0)
    first["3"]["inputs"]["steps"] = 1

    async with SimComfyUI(speed=50, seconds={"KSampler": 40.0}) as comfy:  # 50 ms for a step
        await comfy.finished(comfy.submit(first))
        async with Ear(comfy.url, "submitter") as owner:
            prompt_id = comfy.submit(graph, client_id="submitter")
            await owner.hear("progress", value=len(steps))
            comfy.interrupt(prompt_id)
            await owner.hear("executing", node=None)

    assert comparable(owner.frames) == comparable(session.heard("submitter"))


async def test_a_silent_node_is_interrupted_at_the_next_one_as_recorded() -> None:
    session = Session("interrupt").after("interrupt during a silent (non-cooperative) node")
    graph = session.graphs()[session.answers("POST", "/prompt")[0]["prompt_id"]]

    async with SimComfyUI(speed=40) as comfy, Ear(comfy.url, "submitter") as owner:
        comfy.submit(graph, client_id="submitter")
        await owner.hear("executing", node="2")
        comfy.interrupt()
        await owner.hear("executing", node=None)

    assert comparable(owner.frames[1:]) == comparable(session.heard("submitter"))


async def test_a_deleted_prompt_leaves_a_status_and_nothing_else_as_recorded() -> None:
    session = Session("delete_pending")
    ids = [answer["prompt_id"] for answer in session.answers("POST", "/prompt")]
    graphs = [session.graphs()[prompt_id] for prompt_id in ids]

    async with SimComfyUI(speed=10) as comfy:
        await comfy.finished(comfy.submit({"1": graphs[0]["1"], "2": PREVIEW}))
        async with Ear(comfy.url, "submitter") as owner:
            submitted = [comfy.submit(graphs[0], client_id="submitter")]
            await owner.hear("executing", node="2")
            submitted += [comfy.submit(graph, client_id="submitter") for graph in graphs[1:]]
            await owner.hear("progress", value=1)
            comfy.delete(submitted[2])
            comfy.delete(submitted[0], "unknown")
            await owner.hear("executing", node=None, prompt_id=submitted[3])
            assert comfy.history(submitted[2]) is None

    assert comparable(owner.frames) == comparable(session.heard("submitter"))


PREVIEW = {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}


async def test_sound_video_and_text_are_told_as_recorded() -> None:
    session = Session("media_outputs")
    ids = [answer["prompt_id"] for answer in session.answers("POST", "/prompt")]

    async with SimComfyUI(speed=FAST) as comfy, Ear(comfy.url, "submitter") as owner:
        for prompt_id in ids:
            graph = session.graphs()[prompt_id]
            start = len(owner.frames)
            await comfy.finished(comfy.submit(graph, client_id="submitter"))
            await owner.hear("executing", since=start, node=None)

    told, real = kind("executed", owner.frames), kind("executed", session.heard("submitter"))
    assert sorted(comparable(told)) == sorted(comparable(real))  # outputs run in any order
    assert len(owner.frames) == len(session.heard("submitter"))


async def test_pending_items_are_shown_in_heap_order_as_recorded() -> None:
    session = Session("five_queued")
    shown = session.answers("GET", "/queue")[1]
    graph = shown["queue_running"][0][2]

    async with SimComfyUI(speed=1) as comfy:
        for _ in range(3):
            comfy.delete(comfy.submit(graph))  # uses up the numbers 0, 1 and 2
        first = comfy.submit(graph)
        await comfy.until(lambda: comfy.running == first)
        for front in (False, False, False, True):
            comfy.submit(graph, front=front)
        numbers = [item[0] for item in comfy.queue_pending]

    assert numbers == [item[0] for item in shown["queue_pending"]] == [-7, 4, 6, 5]


def kind(name: str, frames: list[Any]) -> list[Any]:
    return [frame for frame in frames if isinstance(frame, dict) and frame["type"] == name]


def status(remaining: int) -> dict[str, Any]:
    return {"exec_info": {"queue_remaining": remaining}}

"""Nodes that behave well and nodes that do not."""

import asyncio
import math
from typing import Any

import pytest

from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sim.ear import Ear
from headway.sim.workflows import Graph


async def told(graph: Graph, **options: Any) -> tuple[Ear, dict[str, Any]]:
    """Run a graph for an owner; what it heard, and the history entry."""
    async with SimComfyUI(**{"speed": math.inf, **options}) as comfy, Ear(comfy.url, "me") as ear:
        entry = await comfy.finished(comfy.submit(graph, client_id="me"))
        await ear.hear("executing", node=None)
    return ear, entry


async def test_a_sampler_reports_each_of_its_steps_with_a_picture() -> None:
    ear, _ = await told(workflows.text_to_image(steps=5))

    assert [step["value"] for step in ear.said("progress", node="3", max=5)] == [1, 2, 3, 4, 5]
    assert ear.kinds().count("binary 1") == 5
    first = ear.kinds().index("progress")
    assert ear.kinds()[first - 1 : first + 2] == ["progress_state", "progress", "binary 1"]


async def test_pending_nodes_are_not_mentioned_and_all_are_finished_at_the_end() -> None:
    ear, _ = await told(workflows.text_to_image())

    states = [state["nodes"] for state in ear.said("progress_state")]
    assert list(states[0]) == ["4"]
    assert list(states[-1]) == ["4", "5", "7", "6", "3", "8", "9"]
    assert {node["state"] for node in states[-1].values()} == {"finished"}


async def test_a_batch_is_one_list_of_pictures_and_the_same_number_of_steps() -> None:
    ear, entry = await told(workflows.text_to_image(steps=2, batch=4))

    assert len(entry["outputs"]["9"]["images"]) == 4
    assert len(ear.said("progress", node="3")) == 2


async def test_the_bar_of_dpm_adaptive_is_clamped_and_goes_on() -> None:
    ear, _ = await told(workflows.text_to_image(steps=4, sampler="dpm_adaptive"))

    values = [step["value"] for step in ear.said("progress", node="3")]
    assert values == [1, 2, 3, 4] + [4] * 15


async def test_a_node_may_run_several_bars() -> None:
    ear, _ = await told(workflows.resetting_bars(seconds=0.2))

    counts = [(step["value"], step["max"]) for step in ear.said("progress", node="2")]
    assert counts == [(n, 5) for n in range(1, 6)] + [(n, 3) for n in range(1, 4)]


async def test_tiled_decoding_reports_its_tiles_and_plain_decoding_nothing() -> None:
    plain, _ = await told(workflows.text_to_image())
    tiled, _ = await told(workflows.tiled())

    assert plain.said("progress", node="8") == []
    assert tiled.said("progress", node="8")[-1] == {
        "value": 115,  # 25 square tiles, 45 upright ones and 45 lying ones
        "max": 115,
        "prompt_id": tiled.said("execution_start")[0]["prompt_id"],
        "node": "8",
    }


class Skipping:
    """A clock that a sleep moves at once."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


@pytest.mark.parametrize(("version", "least", "most"), [("0.9.1", 200, 200), ("0.9.2", 15, 25)])
async def test_a_quick_bar_is_throttled_since_0_9_2(version: str, least: int, most: int) -> None:
    time = Skipping()
    options = {"version": version, "speed": 1.0, "clock": time.clock, "sleep": time.sleep}

    ear, _ = await told(workflows.ticking(ticks=200, seconds=0.01), **options)

    values = [step["value"] for step in ear.said("progress")]
    assert (values[0], values[-1]) == (1, 200)
    assert least <= len(values) <= most


async def test_a_blocked_value_says_execution_error_and_then_success() -> None:
    ear, entry = await told(workflows.blocked(tag="why"))

    error = ear.said("execution_error")[0]
    assert error["exception_type"] == "ExecutionBlocked"
    assert error["exception_message"] == "Execution Blocked: bench block: why"
    assert ear.kinds().index("execution_error") < ear.kinds().index("execution_success")
    assert entry["status"]["status_str"] == "success"
    assert "why" not in str(entry["status"])


async def test_a_blocked_value_is_told_to_everybody_without_an_owner() -> None:
    async with SimComfyUI(speed=math.inf) as comfy, Ear(comfy.url) as stranger:
        await comfy.finished(comfy.submit(workflows.blocked()))
        await stranger.hear("execution_error", exception_type="ExecutionBlocked")


async def test_asynchronous_nodes_run_at_the_same_time() -> None:
    ear, entry = await told(workflows.parallel(branches=3, ticks=4, seconds=1.0), speed=50)

    order = [step["node"] for step in ear.said("progress")]
    assert len(order) == 12
    assert order != sorted(order)
    assert any(
        sum(node["state"] == "running" for node in state["nodes"].values()) == 3
        for state in ear.said("progress_state")
    )
    assert set(entry["outputs"]) == {"3", "5", "7"}


async def test_a_failing_asynchronous_node_ends_its_neighbours() -> None:
    graph = workflows.parallel(ticks=50, seconds=10.0)
    graph["9"] = workflows.node("BenchFail", image=["1", 0], tag="x")
    graph["10"] = workflows.node("PreviewImage", images=["9", 0])

    ear, entry = await told(graph, speed=1)

    assert entry["status"]["status_str"] == "error"
    assert ear.said("execution_error")[0]["node_id"] == "9"


async def test_an_expanded_node_runs_until_the_nodes_made_of_it_are_done() -> None:
    ear, entry = await told(workflows.subgraph())

    during = ear.said("progress_state")
    state = next(state["nodes"] for state in during if "2.0.0.2" in state["nodes"])
    assert (state["2"]["state"], state["2"]["value"]) == ("running", 0.0)
    assert state["2.0.0.1"]["display_node_id"] == state["2.0.0.1"]["parent_node_id"] == "2"
    assert state["2.0.0.1"]["real_node_id"] == "2"
    assert {"node": "2.0.0.1", "display_node": "2"}.items() <= ear.said("executing")[2].items()
    assert during[-1]["nodes"]["2"]["state"] == "finished"
    assert list(entry["outputs"]) == ["3"]


async def test_a_failed_run_keeps_the_outputs_made_before() -> None:
    _, entry = await told(workflows.failing())

    assert entry["status"] == {**entry["status"], "status_str": "error", "completed": False}
    assert list(entry["outputs"]) == ["9"]


async def test_a_prefix_that_leads_out_of_the_folder_fails_the_node() -> None:
    ear, entry = await told(workflows.failing_save())

    assert ear.said("execution_error")[0]["node_type"] == "SaveImage"
    assert entry["outputs"] == {}


async def test_nodes_that_wait_for_each_other_are_an_error_and_not_a_hang() -> None:
    graph = workflows.empty_image()
    graph["3"] = workflows.node("BenchSilent", image=["4", 0], seconds=0.0, tag="")
    graph["4"] = workflows.node("BenchSilent", image=["3", 0], seconds=0.0, tag="")
    graph["2"]["inputs"]["images"] = ["4", 0]

    _, entry = await told(graph)

    assert entry["status"]["status_str"] == "error"


async def test_the_cache_knows_the_last_prompt_only() -> None:
    async with SimComfyUI(speed=math.inf) as comfy:
        first, other = workflows.text_to_image(), workflows.empty_image()
        cached = [
            (await comfy.finished(comfy.submit(graph)))["status"]["messages"][1][1]["nodes"]
            for graph in (first, first, other, first)
        ]

    assert cached == [[], list(first), [], []]


async def test_a_lora_changes_all_that_uses_it_and_not_the_checkpoint() -> None:
    async with SimComfyUI(speed=math.inf) as comfy:
        await comfy.finished(comfy.submit(workflows.text_to_image()))
        entry = await comfy.finished(comfy.submit(workflows.image_with_lora()))

    assert entry["status"]["messages"][1][1]["nodes"] == ["4", "5"]


async def test_a_chain_of_nodes_costs_the_square_of_its_length_on_the_wire() -> None:
    short, _ = await told(workflows.huge(10))
    long, _ = await told(workflows.huge(100))

    assert len(str(long.frames)) > 50 * len(str(short.frames))

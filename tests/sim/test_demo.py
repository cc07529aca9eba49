"""The story of the demo."""

import asyncio
import math
import random

from headway.sim import demo, workflows
from headway.sim.comfyui import SimComfyUI
from headway.sim.comfyui.tasks import Tasks

ENOUGH = 30  # prompts; with seed 3 somebody fails among them


async def story(seed: int) -> tuple[list[str | None], set[str], int]:
    """Who submitted, how the prompts ended, and the longest queue that was seen."""
    longest = 0

    async def nap(seconds: float) -> None:
        nonlocal longest
        longest = max(longest, len(comfy.pending))
        await asyncio.sleep(0)

    async with SimComfyUI(speed=math.inf, previews=False, clock=lambda: 0.0) as comfy:
        async with Tasks() as tasks:
            tasks.start(demo.play(comfy, clock=lambda: 0.0, sleep=nap, rng=random.Random(seed)))
            await comfy.until(lambda: len(comfy.prompts) >= ENOUGH)
        await comfy.idle()
        entries = [comfy.history(item[1]) for item in comfy.prompts]
    ends = {entry["status"]["messages"][-1][0] for entry in entries if entry}
    return [item[3].get("client_id") for item in comfy.prompts[:ENOUGH]], ends, longest


async def test_the_story_has_several_submitters_a_failure_and_a_bounded_queue() -> None:
    who, ends, longest = await story(seed=3)

    assert set(who) == {part.client_id for part in demo.CAST}
    assert {"execution_success", "execution_error"} <= ends
    assert 1 < longest <= demo.LONGEST_QUEUE


async def test_the_same_random_numbers_tell_the_same_story() -> None:
    assert (await story(seed=5))[0] == (await story(seed=5))[0]


async def test_every_part_submits_a_graph_that_the_server_accepts() -> None:
    async with SimComfyUI(speed=math.inf, previews=False) as comfy:
        for part in demo.CAST:
            comfy.submit(part.make(random.Random(1)))
        await comfy.idle()

        assert len(comfy.prompts) == len(demo.CAST)


def test_workflows_are_pure_and_their_links_lead_to_nodes() -> None:
    for make in (workflows.text_to_image, workflows.image_with_lora, workflows.video):
        graph = make()
        assert make() == graph
        for node in graph.values():
            links = [value for value in node["inputs"].values() if isinstance(value, list)]
            assert all(link[0] in graph for link in links)

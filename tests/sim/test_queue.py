"""Numbers, the heap, removal, and how the worker dies of twins."""

import math

import aiohttp
import pytest

from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sim.ear import Ear

LONG = workflows.silent_sleep(seconds=3600.0)


async def post(comfy: SimComfyUI, path: str, **body: object) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(comfy.url + path, json=body) as answer,
    ):
        return answer.status


async def busy(comfy: SimComfyUI) -> str:
    """Give the worker something that never ends."""
    prompt_id = comfy.submit(LONG)
    await comfy.until(lambda: comfy.running == prompt_id)
    return prompt_id


async def test_items_run_by_number_then_by_the_text_of_their_id() -> None:
    async with SimComfyUI() as comfy:
        await busy(comfy)
        for prompt_id, number in (("b", 5), ("z", -7.5), ("a", 5), ("m", 4)):
            comfy.submit(LONG, prompt_id=prompt_id, number=number)
        comfy.submit(LONG, prompt_id="front", front=True)

        assert comfy.pending == ["z", "front", "m", "a", "b"]


async def test_a_refused_graph_uses_up_a_number_and_an_explicit_number_does_not() -> None:
    async with SimComfyUI() as comfy:
        await busy(comfy)
        comfy.submit(LONG, number=99)
        with pytest.raises(ValueError, match="prompt_no_outputs"):
            comfy.submit({"1": LONG["1"]})
        comfy.submit(LONG)

        assert [item[0] for item in comfy.prompts] == [0, 99.0, 2]


async def test_the_removal_of_an_only_item_is_told_twice() -> None:
    async with SimComfyUI() as comfy:
        await busy(comfy)
        first, second = comfy.submit(LONG), comfy.submit(LONG)
        async with Ear(comfy.url) as ear:
            comfy.delete(first)
            comfy.delete(second)
            comfy.delete(second)
            await ear.until(lambda: len(ear.frames) == 4)

        remaining = [said["status"]["exec_info"]["queue_remaining"] for said in ear.said("status")]
        assert remaining == [3, 2, 1, 1]


async def test_a_duplicate_of_a_finished_id_takes_the_place_of_its_entry() -> None:
    async with SimComfyUI(speed=math.inf) as comfy:
        await comfy.finished(comfy.submit(workflows.text("one"), prompt_id="same"))
        comfy.submit(workflows.text("two"), prompt_id="same")
        await comfy.idle()

        assert comfy.history("same")["outputs"] == {"1": {"text": ["two"]}}


async def test_the_second_of_two_twins_is_answered_500_and_queued() -> None:
    # Unlike graphs: two equal ones of the same millisecond would compare as equal, and pass.
    twins = [
        {"prompt": workflows.text(words), "prompt_id": "twin", "number": 5} for words in ("a", "b")
    ]

    async with SimComfyUI() as comfy:
        await busy(comfy)
        answers = [await post(comfy, "/prompt", **twin) for twin in twins]

        assert answers == [200, 500]
        assert comfy.pending == ["twin", "twin"]


async def test_twins_behind_another_item_kill_the_worker_and_lose_that_item() -> None:
    async with SimComfyUI(speed=20) as comfy:
        first = comfy.submit(workflows.silent_sleep(seconds=2.0))
        await comfy.until(lambda: comfy.running == first)
        comfy.submit(workflows.text("innocent"), prompt_id="innocent", number=1)
        for words in ("a", "b"):
            comfy.submit(workflows.text(words), prompt_id="twin", number=5)
        await comfy.finished(first)
        await comfy.until(lambda: not comfy.is_working)

        assert comfy.running is None
        assert comfy.pending == ["twin", "twin"]
        assert comfy.history("innocent") is None


async def test_clearing_and_unknown_ids_are_answered_200_and_leave_no_trace() -> None:
    async with SimComfyUI() as comfy:
        running = await busy(comfy)
        comfy.submit(LONG)

        assert await post(comfy, "/queue", delete=[running, "unknown"]) == 200
        assert len(comfy.pending) == 1
        assert await post(comfy, "/queue", clear=True) == 200
        assert (comfy.pending, comfy.running) == ([], running)


async def test_an_interrupt_of_another_id_is_ignored_since_0_3_57() -> None:
    async with SimComfyUI(speed=10) as comfy:
        prompt_id = comfy.submit(workflows.ticking(ticks=8))
        await comfy.until(lambda: comfy.running == prompt_id)
        await post(comfy, "/interrupt", prompt_id="another")
        new = await comfy.finished(prompt_id)

    async with SimComfyUI(speed=10, version="0.3.56") as comfy:
        prompt_id = comfy.submit(workflows.ticking(ticks=8))
        await comfy.until(lambda: comfy.running == prompt_id)
        await post(comfy, "/interrupt", prompt_id="another")
        old = await comfy.finished(prompt_id)

    assert (new["status"]["status_str"], old["status"]["status_str"]) == ("success", "error")


async def test_an_interrupt_of_an_idle_server_does_not_touch_the_next_prompt() -> None:
    async with SimComfyUI(speed=math.inf) as comfy:
        assert await post(comfy, "/interrupt") == 200
        entry = await comfy.finished(comfy.submit(workflows.text_to_image()))

    assert entry["status"]["status_str"] == "success"


async def test_secrets_of_the_submitter_are_hidden_since_0_3_68_and_never_kept() -> None:
    secret = {"api_key_comfy_org": "s", "mine": 1}

    async with SimComfyUI(version="0.3.64", speed=math.inf) as old:
        old_id = old.submit(workflows.text("one"), extra_data=secret)
        old_entry = await old.finished(old_id)
    async with SimComfyUI(version="0.3.68", speed=math.inf) as new:
        new.submit(workflows.text("one"), extra_data=secret)

    assert old.prompts[0][3] == secret
    assert new.prompts[0][3] == old_entry["prompt"][3] == {"mine": 1}

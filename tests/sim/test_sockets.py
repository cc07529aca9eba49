"""Who hears what: owners, strangers, ghosts, twins and clients that do not read."""

import json
import math
from contextlib import AsyncExitStack

import aiohttp

from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sim.ear import Ear

OWN_KINDS = {"execution_start", "execution_cached", "executing", "executed", "execution_success"}


async def test_a_stranger_hears_the_queue_of_an_owned_prompt_and_nothing_else() -> None:
    async with (
        SimComfyUI(speed=math.inf) as comfy,
        Ear(comfy.url, "owner") as owner,
        Ear(comfy.url) as stranger,
    ):
        comfy.submit(workflows.text_to_image(), client_id="owner")
        await owner.hear("executing", node=None)
        await stranger.until(lambda: len(stranger.frames) == 4)

    assert set(stranger.kinds()) == {"status"}
    assert set(owner.kinds()) >= OWN_KINDS


async def test_progress_without_an_owner_is_heard_by_all_and_the_rest_by_nobody() -> None:
    async with SimComfyUI(speed=math.inf) as comfy, Ear(comfy.url) as stranger:
        await comfy.finished(comfy.submit(workflows.text_to_image(steps=3)))
        await stranger.until(lambda: stranger.kinds()[-1] == "status")

    assert set(stranger.kinds()) == {"status", "progress_state", "progress", "binary 1"}


async def test_events_for_an_owner_without_a_socket_are_lost() -> None:
    async with SimComfyUI(speed=math.inf) as comfy:
        await comfy.finished(comfy.submit(workflows.text("one"), client_id="ghost"))
        async with Ear(comfy.url, "ghost") as ghost:
            await comfy.finished(comfy.submit(workflows.text("two"), client_id="ghost"))
            await ghost.hear("executing", node=None)

    assert len(ghost.said("execution_success")) == 1
    assert ghost.kinds()[:2] == ["status", "status"]


async def test_an_owner_that_comes_back_hears_the_current_node_and_no_prompt_id() -> None:
    async with SimComfyUI(speed=10) as comfy:
        async with Ear(comfy.url, "owner") as first:
            comfy.submit(workflows.ticking(ticks=20), client_id="owner")
            await first.hear("executing", node="2")
        async with Ear(comfy.url, "owner") as second:
            await second.hear("progress")

    assert second.frames[1] == {"type": "executing", "data": {"node": "2"}}
    assert second.said("execution_start") == []


async def test_a_second_socket_takes_the_client_id_and_the_first_takes_it_to_its_grave() -> None:
    async with SimComfyUI(speed=math.inf) as comfy, AsyncExitStack() as stack:
        first = await stack.enter_async_context(Ear(comfy.url, "me"))
        async with Ear(comfy.url, "witness") as witness, Ear(comfy.url, "me") as second:
            await run(comfy, witness)
            heard_first, heard_second = len(first.frames), len(second.frames)
            await stack.aclose()
            await comfy.until(lambda: not comfy.is_listening("me"))
            await run(comfy, witness)
            heard_at_the_end = len(second.frames)

    assert heard_first == 1
    assert heard_second == heard_at_the_end > 1


async def run(comfy: SimComfyUI, witness: Ear) -> None:
    """A prompt for everybody, until the witness, who registered before `me`, heard its end."""
    start = len(witness.frames)
    await comfy.finished(comfy.submit(workflows.text(f"at {start}")))
    await witness.until(lambda: len(witness.said("status", since=start)) == 3)


async def test_feature_flags_are_answered_and_previews_then_carry_metadata() -> None:
    flags = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}

    async with (
        SimComfyUI(speed=math.inf) as comfy,
        Ear(comfy.url, "owner", opening=flags) as owner,
    ):
        await owner.hear("feature_flags")
        prompt_id = comfy.submit(workflows.text_to_image(steps=1), client_id="owner")
        await owner.hear("executing", node=None)

    frame = next(frame for frame in owner.frames if isinstance(frame, bytes))
    length = int.from_bytes(frame[4:8], "big")
    metadata = json.loads(frame[8 : 8 + length])
    assert set(owner.said("feature_flags")[0]) == {
        "supports_preview_metadata",
        "max_upload_size",
        "extension",
    }
    assert frame[:4] == b"\0\0\0\4"
    assert frame[8 + length :].startswith(b"\xff\xd8\xff\xe0")
    assert metadata == {
        "node_id": "3",
        "prompt_id": prompt_id,
        "display_node_id": "3",
        "parent_node_id": None,
        "real_node_id": "3",
        "image_type": "image/jpeg",
    }


async def test_previews_without_an_owner_are_plain_even_for_modern_clients() -> None:
    flags = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}

    async with SimComfyUI(speed=math.inf) as comfy, Ear(comfy.url, opening=flags) as ear:
        await ear.hear("feature_flags")
        await comfy.finished(comfy.submit(workflows.text_to_image(steps=1)))
        await ear.until(lambda: "binary 1" in ear.kinds())

    assert "binary 4" not in ear.kinds()


async def test_a_prompt_can_ask_for_no_previews() -> None:
    async with SimComfyUI(speed=math.inf) as comfy, Ear(comfy.url, "owner") as owner:
        quiet = {"preview_method": "none"}
        comfy.submit(workflows.text_to_image(), client_id="owner", extra_data=quiet)
        await owner.hear("executing", node=None)

    assert "binary 1" not in owner.kinds()


async def test_progress_text_is_heard_by_everybody() -> None:
    graph = {
        **workflows.empty_image(),
        "3": workflows.node("GetImageSize", image=["1", 0]),
        "4": workflows.node("PreviewAny", source=["3", 0]),
    }

    async with SimComfyUI(speed=math.inf) as comfy, Ear(comfy.url) as stranger:
        await comfy.finished(comfy.submit(graph, client_id="somebody"))
        await stranger.until(lambda: "binary 3" in stranger.kinds())

    frame = next(frame for frame in stranger.frames if isinstance(frame, bytes))
    assert frame.startswith(b"\0\0\0\3\0\0\0\x013width: 64")


async def test_a_client_that_does_not_read_freezes_all_until_it_leaves() -> None:
    async with (
        SimComfyUI(speed=math.inf, seconds={"between": 0.0}) as comfy,
        aiohttp.ClientSession() as session,
        Ear(comfy.url) as reader,
    ):
        stuck = await session.ws_connect(f"{comfy.url}/ws?clientId=stuck", max_msg_size=0)
        stop_reading(stuck)
        async with Ear(comfy.url) as last:
            await comfy.finished(comfy.submit(workflows.huge(300)))  # some 18 MB for everybody
            async with session.get(f"{comfy.url}/prompt") as answer:
                assert answer.status == 200
            assert last.said("status", status={"exec_info": {"queue_remaining": 0}})[1:] == []
            abort(stuck)
            await reader.until(lambda: reader.kinds()[-1] == "status")
            await last.until(lambda: last.kinds()[-1] == "status")

    assert reader.kinds() == last.kinds()


def stop_reading(socket: aiohttp.ClientWebSocketResponse) -> None:
    transport = socket._conn.transport  # aiohttp has no public way to stop reading
    transport.pause_reading()


def abort(socket: aiohttp.ClientWebSocketResponse) -> None:
    socket._conn.transport.abort()

"""The file that runs inside ComfyUI: what it hears, whom it tells, and what it never does."""

from __future__ import annotations

import ast
import asyncio
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.comfyui_extension.around import (
    TOKEN,
    Loaded,
    about,
    bare,
    connected,
    greet,
    mirrored,
    reading,
)

from headway.comfyui_extension import mirror as extension
from headway.comfyui_extension.mirror import MOST_BARS, MOST_MESSAGES, Buffer, public_id
from headway.dialects.comfyui import mirror_frames
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI

CODE = Path(extension.__file__)


# what it hears


@pytest.mark.parametrize("client", ["somebody", None])
async def test_every_step_of_every_submitter_is_told(client: str | None) -> None:
    async with mirrored(speed=50) as comfy, reading(comfy.url) as reader:
        native = comfy.submit(workflows.subgraph(), client_id=client)
        await reader.done(native)

        kinds = reader.kinds(native)
        began = {word["node"] for word in reader.of(native) if word["kind"] == "step"}
        over = {word["node"] for word in reader.of(native) if word["kind"] == "over"}
        assert kinds[:3] == ["queued", "started", "cached"]
        assert kinds[-2:] == ["ended", "done"]
        assert began == over
        assert any(word.get("parent") == "2" for word in reader.of(native))
        assert reader.of(native)[-1]["outcome"] == "succeeded"


async def test_the_readings_of_a_bar_are_those_that_its_owner_hears() -> None:
    async with mirrored(speed=20) as comfy, reading(comfy.url) as reader:
        native = comfy.submit(workflows.ticking(ticks=5))
        await reader.done(native)

    bars = [(word["done"], word["total"]) for word in reader.of(native) if word["kind"] == "bar"]
    assert bars == [(float(n), 5.0) for n in range(1, 6)]


async def test_removing_and_wiping_is_told_once_for_each_that_waited() -> None:
    async with mirrored(speed=50) as comfy, reading(comfy.url) as reader:
        comfy.submit(workflows.silent_sleep(seconds=1000))
        await comfy.until(lambda: comfy.running)
        waiting = [comfy.submit(workflows.ticking(tag=str(n))) for n in range(4)]
        comfy.delete(waiting[1], waiting[2])
        comfy.clear_queue()
        await reader.until(lambda: [w["kind"] for w in reader.words].count("deleted") == 4)

        gone = [word["id"] for word in reader.words if word["kind"] == "deleted"]
        assert gone == [waiting[1], waiting[2], waiting[0], waiting[3]]


async def test_the_only_one_that_waits_is_told_once_when_removed() -> None:
    async with mirrored(speed=50) as comfy, reading(comfy.url) as reader:
        comfy.submit(workflows.silent_sleep(seconds=1000))
        await comfy.until(lambda: comfy.running)
        first = comfy.submit(workflows.ticking())
        comfy.delete(first)
        last = comfy.submit(workflows.ticking())
        await reader.until(lambda: "queued" in reader.kinds(last))

        assert reader.kinds(first) == ["queued", "deleted"]


async def test_a_failure_and_an_interrupt_are_told_with_their_outcome() -> None:
    async with mirrored(speed=50) as comfy, reading(comfy.url) as reader:
        bad = comfy.submit(workflows.failing(tag="x"))
        await reader.done(bad)
        slow = comfy.submit(workflows.ticking(ticks=5000))
        await reader.until(lambda: "bar" in reader.kinds(slow))
        comfy.interrupt()
        await reader.done(slow)

        assert reader.of(bad)[-1]["outcome"] == "failed"
        assert reader.of(slow)[-1]["outcome"] == "cancelled"


async def test_a_cached_output_is_over_without_having_run() -> None:
    async with mirrored(speed=50) as comfy, reading(comfy.url) as reader:
        graph = workflows.text("one")
        await reader.done(comfy.submit(graph))
        again = comfy.submit(graph)
        await reader.done(again)

        assert "step" not in reader.kinds(again)
        assert [w["ran"] for w in reader.of(again) if w["kind"] == "over"] == [False]


async def test_who_comes_late_is_told_all_that_runs() -> None:
    async with mirrored(speed=20) as comfy, reading(comfy.url) as early:
        native = comfy.submit(workflows.ticking(ticks=1000), client_id="gone")
        await early.until(lambda: early.kinds(native).count("bar") >= 3)
        async with reading(comfy.url) as late:
            (job,) = late.frames[0]["running"]

        nodes = {row[0]: row[1:] for row in job["nodes"]}
        assert (job["id"], job["outcome"]) == (native, "")
        assert any(row[4] is not None and row[4] >= 3 for row in nodes.values())


async def test_no_word_of_a_prompt_or_of_its_client_leaves() -> None:
    async with mirrored(speed=50) as comfy, reading(comfy.url) as reader:
        graph = workflows.text_to_image(steps=3)
        graph["6"]["inputs"]["text"] = "a very private lighthouse"
        bad = workflows.failing(tag="private words")
        for one in (graph, bad):
            await reader.done(comfy.submit(one, client_id="private-client"))

    assert "private" not in json.dumps(reader.frames)


# whom it tells


async def test_only_who_knows_the_token_is_told() -> None:
    async with mirrored() as comfy:
        async with connected(comfy.url) as socket:
            await greet(socket, "another token")
            await socket.receive()
            assert socket.close_code == 4401
        async with connected(comfy.url) as socket:
            await socket.receive()
            await socket.send_str("[]")
            await socket.receive()
            assert socket.close_code == 4401


async def test_a_page_of_a_site_is_refused_and_a_mirror_without_token_serves_nobody() -> None:
    async with mirrored() as comfy:
        assert (await about(comfy.url, Origin="http://evil.example"))[0] == 403
    async with mirrored(Loaded("")) as comfy:
        status, said = await about(comfy.url)
        assert (status, said["missing"]) == (200, ["token"])
        with pytest.raises(Exception, match="503"):
            async with connected(comfy.url):
                pass


async def test_what_everybody_may_know_holds_no_token() -> None:
    async with mirrored() as comfy:
        status, said = await about(comfy.url)

    assert (status, said["id"], said["readers"]) == (200, public_id(TOKEN), 0)
    assert TOKEN not in json.dumps(said)


async def test_readers_are_few_and_who_leaves_makes_room() -> None:
    loaded = Loaded()
    async with mirrored(loaded) as comfy:
        (mirror,) = loaded.mirrors
        mirror._connections = extension.MOST_READERS - 1
        async with reading(comfy.url):
            with pytest.raises(Exception, match="503"):
                async with connected(comfy.url):
                    pass
        async with asyncio.timeout(20):
            while mirror._connections == extension.MOST_READERS:
                await about(comfy.url)
        async with reading(comfy.url) as again:
            assert again.frames


def test_both_sides_make_the_same_proof_and_the_same_id() -> None:
    assert extension.proof("t", "n").decode() == mirror_frames.proof("t", "n")
    assert extension.public_id("t") == mirror_frames.public_id("t")
    assert (extension.PATH, extension.PROTOCOL) == (mirror_frames.PATH, mirror_frames.PROTOCOL)


# what it never does


async def test_a_reader_that_never_reads_holds_up_nobody() -> None:
    async with (
        mirrored(speed=float("inf")) as comfy,
        connected(comfy.url) as stuck,
        reading(comfy.url) as reader,
    ):
        await greet(stuck)
        stuck._response.connection.transport.pause_reading()
        await comfy.finished(comfy.submit(workflows.ticking(ticks=1000)))
        last = comfy.submit(workflows.ticking(tag="last"))
        await reader.until(lambda: any(last in json.dumps(frame) for frame in reader.frames))
        stuck._response.connection.transport.resume_reading()


async def test_what_waits_for_a_reader_that_takes_nothing_is_bounded() -> None:
    mirror, reader = bare(), extension.Reader()
    mirror._readers.append(reader)
    mirror._running[0] = extension._run(0.0, 1.0, "a", None)
    for n in range(4 * MOST_MESSAGES):
        mirror._tell("step", 0.0, "a", n, "", "")
        mirror._tell("bar", 0.0, "a", n, 1.0, 2.0, bar=("a", n))
        if n % 100 == 0:
            mirror._fold()

    assert len(reader.buffer) <= MOST_MESSAGES + MOST_BARS
    assert len(mirror._running[0]["nodes"]) == extension.MOST_NODES
    assert mirror.about()["dropped"] > 0


class Clogged:
    """A socket that takes nothing, and its transport."""

    closed = False

    def __init__(self) -> None:
        self.aborted = False
        self.transport = self

    async def send_str(self, text: str) -> None:
        await asyncio.Event().wait()

    def abort(self) -> None:
        self.aborted = True


async def test_a_reader_that_takes_nothing_for_long_is_cut() -> None:
    mirror, clogged = bare(stuck=0.01), Clogged()

    async with asyncio.timeout(20):
        await mirror._speak(clogged, clogged, extension.Reader())  # type: ignore[arg-type]

    assert clogged.aborted


async def test_a_reader_that_missed_something_gets_a_new_report() -> None:
    loaded = Loaded()
    async with mirrored(loaded, speed=50) as comfy, reading(comfy.url) as reader:
        native = comfy.submit(workflows.ticking(ticks=1000))
        await reader.until(lambda: "bar" in reader.kinds(native))
        (mirror,) = loaded.mirrors
        mirror._inbox.gap = True  # as if it had been full
        await reader.until(lambda: reader.frames[-1]["kind"] == "report")

        (job,) = reader.frames[-1]["running"]
        assert job["id"] == native
        assert job["nodes"]


def test_near_its_bound_a_buffer_keeps_the_newest_bar_and_every_edge() -> None:
    buffer = Buffer()
    for n in range(MOST_BARS * 3):
        buffer.add(("bar", n), bar="a")
    buffer.add(("edge",))

    taken = buffer.take(10 * MOST_BARS)
    assert not buffer.gap
    assert taken[-2:] == [("edge",), ("bar", MOST_BARS * 3 - 1)]
    assert buffer.dropped == MOST_BARS * 3 - len([one for one in taken if one[0] == "bar"])


def test_at_its_bound_a_buffer_drops_counts_and_says_so() -> None:
    buffer = Buffer()
    for n in range(MOST_MESSAGES + 10):
        buffer.add(n)

    assert (len(buffer), buffer.gap, buffer.dropped) == (MOST_MESSAGES, True, 10)


async def test_an_error_of_ours_is_counted_and_never_felt() -> None:
    mirror = bare()
    queue = SimpleNamespace(put=lambda item: f"put {item}")
    mirror._before(queue, "put", mirror._queued)

    assert queue.put("no item at all") == "put no item at all"
    assert mirror.about()["errors"] == 1


async def test_an_error_of_comfyui_stays_its_own() -> None:
    def put(item: Any) -> None:
        raise TypeError("two alike")

    mirror = bare()
    queue = SimpleNamespace(put=put)
    mirror._before(queue, "put", mirror._queued)

    with pytest.raises(TypeError, match="two alike"):
        queue.put((1.0, "a", {}, {}, []))


async def test_where_something_is_missing_nothing_is_wrapped_and_it_is_said() -> None:
    mirror = bare()
    put = object()
    queue = SimpleNamespace(put=put)
    mirror.listen(queue, SimpleNamespace(), SimpleNamespace())

    assert queue.put is put
    assert {"task_done", "mutex", "add_message", "start_progress"} <= set(mirror.missing)


async def test_while_nobody_reads_the_loop_is_rarely_woken() -> None:
    woken: list[object] = []
    mirror = bare()
    mirror._loop = SimpleNamespace(call_soon_threadsafe=woken.append)
    for n in range(extension.LAZY * 4):
        mirror._tell("queued", 0.0, float(n), "a", None)

    assert len(woken) == 1


def test_it_imports_nothing_of_ours_and_nothing_that_comfyui_does_not_bring() -> None:
    tree = ast.parse(CODE.read_text(encoding="utf-8"))
    named = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [one.name for one in node.names]
            if isinstance(node, ast.Import)
            else [str(node.module)]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert named <= set(sys.stdlib_module_names) | {"aiohttp"}


def test_it_can_be_read_by_the_oldest_python_that_comfyui_runs_on() -> None:
    ast.parse(CODE.read_text(encoding="utf-8"), feature_version=(3, 9))


async def test_a_client_hears_the_same_with_and_without_it() -> None:
    from tests.sources.test_zero_interference import heard

    async with SimComfyUI(speed=50, version="0.9.0", seed=1) as comfy:
        alone = await heard(comfy)
    async with (
        mirrored(speed=50, version="0.9.0", seed=1) as comfy,
        reading(comfy.url),
    ):
        beside = await heard(comfy)

    assert beside == alone

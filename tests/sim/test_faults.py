"""What can go wrong with a server, and what clients see of it."""

import asyncio
import math

import aiohttp
import pytest

from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sim.ear import Ear


class Hand:
    """A sleep that returns when it is let: time moves by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        awake = asyncio.Event()
        self._sleepers.append((self.now + seconds, awake))
        self.move(0.0)
        await awake.wait()

    def move(self, seconds: float) -> None:
        self.now += seconds
        for until, awake in self._sleepers:
            if until <= self.now:
                awake.set()


async def test_a_restart_cuts_sockets_without_a_word_and_forgets_everything() -> None:
    async with SimComfyUI(speed=10) as comfy:
        await comfy.finished(comfy.submit(workflows.text("done"), prompt_id="done"))
        comfy.submit(workflows.silent_sleep(), prompt_id="running")
        comfy.submit(workflows.text("pending"), prompt_id="pending")
        port = comfy.port
        async with Ear(comfy.url, "me") as ear:
            await comfy.restart()
            await ear.until(lambda: ear.closed)

        assert (ear.close_code, comfy.port) == (1006, port)
        assert (comfy.pending, comfy.running, comfy.history("done")) == ([], None, None)
        comfy.submit(workflows.text("first"))
        assert [item[0] for item in comfy.prompts] == [0, 1, 2, 0]


async def test_files_outlive_a_restart() -> None:
    async with SimComfyUI(speed=math.inf) as comfy:
        names = []
        for _ in range(2):
            entry = await comfy.finished(comfy.submit(workflows.empty_image()))
            names.append(entry["outputs"]["2"]["images"][0]["filename"])
            await comfy.restart()

    assert names == ["headway_00001_.png", "headway_00002_.png"]


async def test_the_port_is_closed_until_the_restart_is_over() -> None:
    hand = Hand()

    async with SimComfyUI(clock=hand.clock, sleep=hand.sleep) as comfy:
        async with asyncio.TaskGroup() as group, aiohttp.ClientSession() as session:
            back = group.create_task(comfy.restart(after=8.0))
            while True:  # until the port is closed; each try gives the restart a turn
                try:
                    async with session.get(comfy.url + "/prompt"):
                        pass
                except aiohttp.ClientConnectionError:
                    break
            hand.move(7.9)
            assert not back.done()
            hand.move(0.1)
        async with Ear(comfy.url) as ear:
            assert ear.kinds() == ["status"]


async def test_a_dead_worker_leaves_its_prompt_running_and_http_alive() -> None:
    async with SimComfyUI(speed=10) as comfy, Ear(comfy.url, "me") as ear:
        prompt_id = comfy.submit(workflows.ticking(), client_id="me")
        await ear.hear("progress")
        comfy.kill_worker()
        await comfy.until(lambda: not comfy.is_working)
        waiting = comfy.submit(workflows.text("never"))
        await ear.hear("status", status={"exec_info": {"queue_remaining": 2}})

        assert (comfy.running, comfy.pending) == (prompt_id, [waiting])
        assert ear.said("execution_success") == ear.said("execution_error") == []
        await comfy.restart()
        assert comfy.is_working


async def test_the_history_comes_after_the_last_event_and_before_executing_null() -> None:
    hand = Hand()

    async with SimComfyUI(clock=hand.clock, sleep=hand.sleep, speed=math.inf) as comfy:
        comfy.slow_history(30.0)
        async with Ear(comfy.url, "me") as ear:
            prompt_id = comfy.submit(workflows.text("one"), client_id="me")
            await ear.hear("execution_success")
            assert comfy.history(prompt_id) is None
            assert ear.said("executing", node=None) == []
            hand.move(30.0)
            await ear.hear("executing", node=None)
            assert comfy.history(prompt_id) is not None


async def test_between_two_runs_nothing_runs_though_something_waits() -> None:
    hand = Hand()

    async with SimComfyUI(clock=hand.clock, sleep=hand.sleep) as comfy, Ear(comfy.url, "me") as ear:
        first = comfy.submit(workflows.text("one"), client_id="me")
        second = comfy.submit(workflows.text("two"))
        await ear.hear("execution_success")
        hand.move(0.1)  # the teardown ends, the pause between two runs begins
        await comfy.finished(first)

        assert (comfy.running, comfy.pending) == (None, [second])


async def test_a_frozen_server_says_nothing_and_loses_nothing() -> None:
    async with SimComfyUI(speed=20) as comfy, Ear(comfy.url, "me") as ear:
        comfy.submit(workflows.ticking(ticks=4), client_id="me")
        await ear.hear("progress", value=1)
        comfy.freeze()
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            asked = group.create_task(session.get(comfy.url + "/prompt"))
            for _ in range(20):  # a server that is not frozen does all this meanwhile
                await run_elsewhere()
            assert not asked.done()
            assert ear.said("progress", value=3) == []
            comfy.thaw()
            (await asked).release()
        await ear.hear("executing", node=None)

    assert [step["value"] for step in ear.said("progress")] == [1, 2, 3, 4]


async def run_elsewhere() -> None:
    async with SimComfyUI(speed=100) as other:
        await other.finished(other.submit(workflows.ticking(ticks=4)))


async def test_a_freeze_of_some_seconds_ends_by_itself() -> None:
    async with SimComfyUI(speed=math.inf) as comfy:
        comfy.freeze(0.05)
        await comfy.finished(comfy.submit(workflows.text("after")))


async def test_an_unreachable_server_works_on_and_its_events_are_lost() -> None:
    async with SimComfyUI(speed=math.inf) as comfy:
        async with Ear(comfy.url, "me") as ear:
            await comfy.refuse()
            await ear.until(lambda: ear.closed)
        prompt_id = comfy.submit(workflows.text("unheard"), client_id="me")
        await comfy.finished(prompt_id)
        with pytest.raises(aiohttp.ClientConnectionError):
            await Ear(comfy.url).__aenter__()
        await comfy.accept()
        async with Ear(comfy.url, "me") as again:
            assert again.kinds() == ["status"]

    assert ear.close_code == 1006
    assert comfy.history(prompt_id) is not None


async def test_a_server_that_cannot_open_its_port_says_so_and_leaves_nothing_behind() -> None:
    async with SimComfyUI() as comfy:
        with pytest.raises(OSError, match=str(comfy.port)):
            async with SimComfyUI(port=comfy.port):
                pass

"""The simulation's own account of each prompt, which nothing that happens to it forgets."""

from __future__ import annotations

from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sim.ear import Ear


async def test_every_way_to_end_is_accounted_for() -> None:
    async with SimComfyUI(speed=20) as comfy:
        done = comfy.submit(workflows.text("done"))
        failed = comfy.submit(workflows.failing_save())
        stopped = comfy.submit(workflows.ticking(ticks=10_000))
        removed = comfy.submit(workflows.text("removed"))
        cleared = comfy.submit(workflows.text("cleared"))
        await comfy.until(lambda: comfy.running == stopped and comfy.node == "2")
        assert comfy.fate(stopped).end == ""
        comfy.delete(removed)
        comfy.clear_queue()
        comfy.interrupt()
        await comfy.finished(stopped)
        ends = [comfy.fate(one).end for one in (done, failed, stopped, removed, cleared)]

    assert ends == ["succeeded", "failed", "cancelled", "deleted", "deleted"]


async def test_neither_a_cleared_history_nor_a_restart_takes_it_back() -> None:
    async with SimComfyUI(speed=20) as comfy:
        done = comfy.submit(workflows.text("done"))
        await comfy.finished(done)
        lost = comfy.submit(workflows.ticking(ticks=10_000))
        comfy.clear_history()
        await comfy.restart()
        again = comfy.submit(workflows.text("again"))
        fates = [comfy.fate(one) for one in (done, lost, again)]

        assert [fate.end for fate in fates] == ["succeeded", "lost", ""]
        assert [fate.life for fate in fates] == [0, 0, 1]
        assert fates[0].readable_at is not None
        assert fates[1].readable_at is None


async def test_an_end_is_not_readable_before_it_is_in_the_history() -> None:
    async with SimComfyUI(speed=20) as comfy:
        comfy.slow_history(0.05)
        mine = comfy.submit(workflows.text("late"))
        await comfy.until(lambda: comfy.history(mine) or comfy.fate(mine).end)
        await comfy.finished(mine)
        fate = comfy.fate(mine)

    assert fate.ended_at is not None
    assert fate.readable_at is not None
    assert fate.ended_at < fate.readable_at


async def test_of_an_id_that_is_used_twice_the_newest_is_meant() -> None:
    async with SimComfyUI(speed=20) as comfy:
        await comfy.finished(comfy.submit(workflows.text("one"), prompt_id="same"))
        comfy.submit(workflows.ticking(ticks=10_000), prompt_id="same")

        assert comfy.fate("same").end == ""
        assert [fate.end for fate in comfy.fates] == ["succeeded", ""]


async def test_while_one_client_is_stuck_nobody_hears_and_afterwards_everybody_does() -> None:
    async with SimComfyUI(speed=20) as comfy, Ear(comfy.url, "me") as ear:
        comfy.stick()
        heard = len(ear.frames)
        mine = comfy.submit(workflows.ticking(ticks=3), client_id="me")
        await comfy.finished(mine)
        assert len(ear.frames) == heard
        comfy.unstick()
        await ear.hear("executing", node=None)

    assert ear.said("progress", value=3)

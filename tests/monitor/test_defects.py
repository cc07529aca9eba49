"""What was wrong with the StatusMonitor of old, and the test that shows it is not here.

1   a finished job was told and counted again at every poll
        test_an_end_is_told_and_counted_once
2   ComfyUI's record of a failure was taken for a timeout, without a pattern
        test_a_failure_is_a_failure_with_its_pattern
3   an unreachable server made running jobs time out after 10 s
        test_not_seeing_the_server_is_no_end,
        test_the_silence_of_a_server_that_is_not_seen_is_no_timeout
4   "ProgressStatus.COMPLETED", times without a zone, a step called "success"
        test_the_wire_has_plain_words_and_numbers
5   everything that runs was at 50 %, and its end receded for ever
        test_no_percent_and_no_end_comes_from_time
6   a timeout was never over, and was told at every poll
        test_a_lost_job_is_over
7   two requests for each job at each poll, and a gap between them
        test_many_monitored_jobs_cost_no_more_requests
8   the wait counted as generation
        test_the_wait_is_no_generation_time
9   pages that come and go broke the broadcast; a slow reader or callback held up all
        test_pages_may_come_and_go,
        test_callbacks.test_a_slow_callback_delays_no_other_and_misses_no_newest,
        test_monitor.test_a_busy_loop_holds_up_no_page
10  a job that had ended before counted as 0 s; a taken port was only logged
        test_monitor.test_a_job_may_be_monitored_after_it_ended,
        test_monitor.test_a_port_of_another_program_is_a_clear_error
11  unknown was "processing" for ever, any hiccup was a failure
        test_monitor.test_a_prompt_that_nobody_submitted_stays_unknown,
        test_not_seeing_the_server_is_no_end
"""

from __future__ import annotations

import time
from pathlib import Path

from tests.monitor.scene import holds, monitoring, page

from headway.model.views import JobView
from headway.monitor import StatusMonitor
from headway.monitor.update import update_of
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sim.proxy import FaultProxy


async def test_an_end_is_told_and_counted_once(sim: SimComfyUI, tmp_path: Path) -> None:
    async with monitoring(sim, tmp_path) as (monitor, ears):
        monitor.monitor_job(1, sim.submit(workflows.text_to_image(seed=1, steps=2)), "video")
        first = await ears.end(1)
        monitor.monitor_job(2, sim.submit(workflows.ticking(ticks=20)), "video")
        await ears.end(2)  # many polls later
        again = await monitor.get_progress(1)
        times = (await monitor.get_statistics())["completion_times"]["video"]

    assert [one.status for one in ears.heard if one.job_id == 1].count(first.status) == 1
    assert again is not None
    assert again.generation_time == first.generation_time
    assert times["count"] == 2


async def test_a_failure_is_a_failure_with_its_pattern(sim: SimComfyUI, tmp_path: Path) -> None:
    async with monitoring(sim, tmp_path) as (monitor, ears):
        monitor.monitor_job(123, sim.submit(workflows.failing()), "video")
        end = await ears.end()
        patterns = (await monitor.get_statistics())["failure_patterns"]

    assert end.status == "failed"
    assert end.error_message
    assert patterns == {f"video:{end.error_message.partition(':')[0][:50]}": 1}


async def test_not_seeing_the_server_is_no_end(sim: SimComfyUI, tmp_path: Path) -> None:
    async with monitoring(sim, tmp_path) as (monitor, ears):
        monitor.monitor_job(123, sim.submit(workflows.ticking(ticks=5000)))
        await ears.until(lambda one: one.status == "processing")
        await sim.refuse()
        await holds(lambda: _counts(monitor, None))
        away = await monitor.get_progress(123)
        await sim.accept()
        await holds(lambda: _counts(monitor, 1))
        sim.interrupt()

        assert away is not None
        assert away.status == "processing"
        assert (await ears.end()).status == "cancelled"


async def _counts(monitor: StatusMonitor, running: int | None) -> bool:
    return (await monitor.get_queue_statistics())["running_jobs"] == running


def test_the_silence_of_a_server_that_is_not_seen_is_no_timeout() -> None:
    job = JobView(key="c~p~", source="c", native="p", phase="running", stalled_at=1.0)

    assert update_of(1, job, now=2.0, seen=False).status == "initializing"
    assert update_of(1, job, now=2.0, seen=True).status == "timeout"


async def test_the_wire_has_plain_words_and_numbers(sim: SimComfyUI, tmp_path: Path) -> None:
    words, steps = set(), set()
    async with monitoring(sim, tmp_path) as (monitor, _), page(monitor.websocket_url) as hear:
        monitor.monitor_job(123, sim.submit(workflows.text_to_image(steps=8)))
        while "completed" not in words:
            told = await hear("progress_update")
            words.add(told["status"])
            steps.add(type(told["current_step"]))
            assert told["timestamp"].endswith("+00:00")

    assert words <= {"queued", "initializing", "processing", "completing", "completed"}
    assert steps <= {int, float, type(None)}


def test_no_percent_and_no_end_comes_from_time() -> None:
    job = JobView(key="c~p~", source="c", native="p", phase="running", started_at=1.0)
    told = [update_of(1, job, now=now, seen=True) for now in (60.0, 600.0)]

    assert {one.progress_percent for one in told} == {None}
    assert {one.estimated_completion for one in told} == {None}


async def test_a_lost_job_is_over(sim: SimComfyUI, tmp_path: Path) -> None:
    async with monitoring(sim, tmp_path) as (monitor, ears):
        monitor.monitor_job(123, sim.submit(workflows.ticking(ticks=5000)))
        await ears.until(lambda one: one.status == "processing")
        await sim.restart()
        end = await ears.end()
        monitor.monitor_job(124, sim.submit(workflows.text_to_image(steps=2)))
        await ears.end(124)
        statistics = await monitor.get_queue_statistics()

    assert (end.status, bool(end.error_message)) == ("timeout", True)
    assert [one.status for one in ears.heard if one.job_id == 123].count(end.status) == 1
    assert statistics["monitored_jobs"] == 0


async def test_many_monitored_jobs_cost_no_more_requests(sim: SimComfyUI, tmp_path: Path) -> None:
    async with FaultProxy(sim.port) as proxy:
        asked = Counted()
        proxy.http.put(asked)
        async with monitoring(sim, tmp_path, comfyui_url=proxy.url) as (monitor, ears):
            for n in range(200):
                monitor.monitor_job(f"other {n}", f"nobody-knows-{n}")
            monitor.monitor_job(123, sim.submit(workflows.ticking(ticks=40)))
            await ears.end()

    assert any(path.startswith("/queue") for path in asked.paths)
    searched = [path for path in asked.paths if "nobody-knows" in path]
    assert len(searched) == len(set(searched))  # once each, not once a poll


class Counted:
    """No fault: notes what is asked for."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    async def pass_on(self, piece: bytes, line: object, *, down: bool) -> bytes | None:
        words = piece.split(b" ", 2)
        if not down and words[0] in (b"GET", b"POST"):
            self.paths.append(words[1].decode())
        return piece


async def test_the_wait_is_no_generation_time(sim: SimComfyUI, tmp_path: Path) -> None:
    async with monitoring(sim, tmp_path) as (monitor, ears):
        monitor.monitor_job(1, sim.submit(workflows.ticking(ticks=5000)))
        prompt = sim.submit(workflows.text_to_image(steps=2))
        monitor.monitor_job(2, prompt)
        await ears.until(lambda one: (one.job_id, one.status) == (2, "queued"))
        began = time.time()
        sim.interrupt()
        end = await ears.end(2)
        took = time.time() - began

    assert end.generation_time is not None
    assert end.generation_time <= took  # what it waited before is not in it


async def test_pages_may_come_and_go(sim: SimComfyUI, tmp_path: Path) -> None:
    async with monitoring(sim, tmp_path) as (monitor, ears), page(monitor.websocket_url) as hear:
        monitor.monitor_job(123, sim.submit(workflows.text_to_image(steps=20)))
        while (told := await hear("progress_update"))["status"] != "completed":
            async with page(monitor.websocket_url) as other:
                await other("connection_established")

        assert told["job_id"] == 123
        assert (await ears.end()).status == "completed"

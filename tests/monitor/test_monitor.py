"""StatusMonitor watches jobs of a (simulated) ComfyUI through a server of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.monitor.scene import LONGEST, Ears, monitoring, page, server

from headway.errors import ConfigError, UsageError
from headway.monitor import ProgressStatus, StatusMonitor
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI


async def test_a_job_is_followed_to_its_end(sim: SimComfyUI, tmp_path: Path) -> None:
    async with monitoring(sim, tmp_path) as (monitor, ears):
        prompt = sim.submit(workflows.text_to_image(steps=8))
        assert monitor.monitor_job(123, prompt, "video") is True
        end = await ears.end()

        assert (end.status, end.progress_percent) == (ProgressStatus.COMPLETED, 100.0)
        assert await monitor.get_progress(123) == end


async def test_a_job_is_told_step_by_step(sim: SimComfyUI, tmp_path: Path) -> None:
    async with monitoring(sim, tmp_path) as (monitor, ears):
        prompt = sim.submit(workflows.text_to_image(steps=5_000))
        monitor.monitor_job(123, prompt, "video")

        step = await ears.until(lambda one: one.total_steps == 5_000 and bool(one.current_step))
        sim.interrupt(prompt)
        end = await ears.end()

        assert (step.status, end.status) == (ProgressStatus.PROCESSING, ProgressStatus.CANCELLED)


async def test_a_job_may_be_monitored_before_it_is_submitted(
    sim: SimComfyUI, tmp_path: Path
) -> None:
    async with monitoring(sim, tmp_path) as (monitor, ears):
        monitor.monitor_job("mine", "chosen-id")
        before = await monitor.get_progress("mine")
        sim.submit(workflows.text_to_image(steps=2), prompt_id="chosen-id")

        assert before is not None
        assert (before.status, before.progress_percent) == ("unknown", None)
        assert (await ears.end("mine")).status == "completed"


async def test_a_job_may_be_monitored_before_the_start(sim: SimComfyUI, tmp_path: Path) -> None:
    ears = Ears()
    monitor = StatusMonitor(
        websocket_port=0, comfyui_url=sim.url, database=tmp_path / "x.db", poll_interval=0.2
    )
    monitor.add_progress_callback(ears)
    monitor.monitor_job(123, sim.submit(workflows.text_to_image(steps=12)))
    async with monitor:
        assert (await ears.end()).status == "completed"


async def test_a_job_may_be_monitored_after_it_ended(sim: SimComfyUI, tmp_path: Path) -> None:
    async with monitoring(sim, tmp_path) as (monitor, ears):
        first = sim.submit(workflows.text_to_image(steps=2, seed=1))
        monitor.monitor_job(1, first)
        end = await ears.end(1)
        monitor.monitor_job(2, first)

        late = await monitor.get_progress(2)
        assert late is not None
        assert (late.job_id, late.status) == (2, "completed")
        assert late.generation_time == end.generation_time
        times = (await monitor.get_statistics())["completion_times"]["unknown"]
        assert (times["count"], times["min"]) == (1, end.generation_time)


async def test_a_job_that_ended_before_anybody_watched_is_found_in_the_history(
    sim: SimComfyUI, tmp_path: Path
) -> None:
    prompt = sim.submit(workflows.text_to_image(steps=2))
    await sim.finished(prompt)
    async with monitoring(sim, tmp_path) as (monitor, ears):
        monitor.monitor_job(123, prompt, "video")
        end = await ears.end()
        statistics = await monitor.get_statistics()

    assert (end.status, end.progress_percent) == ("completed", 100.0)
    assert statistics["sample_counts"] == {"video": 1}


async def test_a_prompt_that_nobody_submitted_stays_unknown(
    sim: SimComfyUI, tmp_path: Path
) -> None:
    async with monitoring(sim, tmp_path) as (monitor, ears):
        monitor.monitor_job(5, "nobody-knows-it")
        monitor.monitor_job(6, sim.submit(workflows.text_to_image(steps=2)))
        await ears.end(6)

        progress = await monitor.get_progress(5)
        assert progress is not None
        assert (progress.status, progress.error_message) == ("unknown", None)
        assert await monitor.estimate_completion(5) is None
        assert {one.job_id for one in ears.heard} == {6}


async def test_a_number_that_nobody_gave_is_none(sim: SimComfyUI, tmp_path: Path) -> None:
    async with monitoring(sim, tmp_path) as (monitor, _):
        assert await monitor.get_progress(99) is None
        assert await monitor.estimate_completion(99) is None
        assert monitor.stop_monitoring_job(99) is False


async def test_a_number_with_another_prompt_means_that_one(sim: SimComfyUI, tmp_path: Path) -> None:
    async with monitoring(sim, tmp_path) as (monitor, ears):
        first = sim.submit(workflows.ticking(ticks=5000))
        second = sim.submit(workflows.text_to_image(steps=2))
        monitor.monitor_job(123, first)
        await ears.until(lambda one: one.comfyui_prompt_id == first)
        monitor.monitor_job(123, second)
        await ears.until(lambda one: one.comfyui_prompt_id == second)
        sim.interrupt()

        assert (await ears.end()).comfyui_prompt_id == second
        told = await monitor.get_progress(123)
        assert told is not None
        assert told.comfyui_prompt_id == second


async def test_stopping_to_monitor_a_job_ends_its_news_and_not_the_job(
    sim: SimComfyUI, tmp_path: Path
) -> None:
    async with monitoring(sim, tmp_path) as (monitor, ears):
        monitor.monitor_job(1, sim.submit(workflows.text_to_image(steps=2, seed=1)))
        assert monitor.stop_monitoring_job(1) is True
        monitor.monitor_job(2, sim.submit(workflows.text_to_image(steps=2, seed=2)))
        await ears.end(2)

        assert "completed" not in [one.status for one in ears.heard if one.job_id == 1]
        assert [sim.fate(item[1]).end for item in sim.prompts] == ["succeeded", "succeeded"]


async def test_every_page_sees_the_number(sim: SimComfyUI, tmp_path: Path) -> None:
    async with monitoring(sim, tmp_path) as (monitor, _), page(monitor.websocket_url) as hear:
        monitor.monitor_job(123, sim.submit(workflows.text_to_image(steps=10)))
        while (told := await hear("progress_update"))["job_id"] != 123:
            pass
        while told["status"] != "completed":
            told = await hear("progress_update")

        assert told["job_id"] == 123
        assert datetime.fromisoformat(told["timestamp"]).tzinfo is not None


async def test_a_busy_loop_holds_up_no_page(sim: SimComfyUI, tmp_path: Path) -> None:
    """The server has a thread of its own: here its ComfyUI too, so that both go on."""
    done, heard = threading.Event(), []

    def listen(url: str) -> None:
        async def until_it_ends() -> None:
            async with page(url) as hear:
                heard.append(await hear("connection_established"))
            done.set()

        asyncio.run(until_it_ends())

    async with monitoring(sim, tmp_path) as (monitor, _):
        reader = threading.Thread(target=listen, args=(monitor.websocket_url,))
        reader.start()
        assert done.wait(LONGEST)  # the loop is held on purpose
        reader.join(LONGEST)

    assert heard[0]["monitored_jobs"] == 0


async def test_times_have_their_zone(sim: SimComfyUI, tmp_path: Path) -> None:
    async with monitoring(sim, tmp_path) as (monitor, ears):
        monitor.monitor_job(123, sim.submit(workflows.text_to_image(steps=2)))
        end = await ears.end()
        statistics = await monitor.get_queue_statistics()

    assert end.timestamp is not None
    assert end.timestamp.utcoffset() == UTC.utcoffset(None)
    assert datetime.fromisoformat(str(statistics["timestamp"])).tzinfo is not None


async def test_what_was_monitored_survives_a_restart(sim: SimComfyUI, tmp_path: Path) -> None:
    async with (
        monitoring(sim, tmp_path) as (monitor, ears),
        page(monitor.websocket_url) as hear,
    ):
        monitor.monitor_job(123, sim.submit(workflows.text_to_image(steps=2)), "video")
        while (await hear("progress_update"))["job_id"] != 123:
            pass
        await ears.end()
    async with monitoring(sim, tmp_path) as (again, _):
        recalled = await again.get_progress(123)
        statistics = await again.get_statistics()

    assert recalled is not None
    assert (recalled.job_id, recalled.status) == (123, "completed")
    assert statistics["sample_counts"] == {"video": 1}


async def test_started_twice_is_started_once(sim: SimComfyUI, tmp_path: Path) -> None:
    async with monitoring(sim, tmp_path) as (monitor, _):
        url = monitor.websocket_url
        await asyncio.gather(monitor.start_monitoring(), monitor.start_monitoring())

        assert (monitor.websocket_url, monitor.is_monitoring) == (url, True)
    assert not monitor.is_monitoring
    await monitor.stop_monitoring()


async def test_it_can_be_started_again(sim: SimComfyUI, tmp_path: Path) -> None:
    async with monitoring(sim, tmp_path) as (monitor, ears):
        await monitor.stop_monitoring()
        await monitor.start_monitoring()
        monitor.monitor_job(123, sim.submit(workflows.text_to_image(steps=2)))

        assert (await ears.end()).status == "completed"


async def test_a_port_of_another_program_is_a_clear_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        answering = asyncio.to_thread(_answer_once, other)
        monitor = StatusMonitor(websocket_port=port, database=tmp_path / "x.db")
        async with asyncio.TaskGroup() as group:
            group.create_task(answering)
            with pytest.raises(ConfigError, match=f"port {port} is held by a program") as raised:
                await monitor.start_monitoring()

    assert "websocket_port" in raised.value.hint
    assert not monitor.is_monitoring


def _answer_once(listening: socket.socket) -> None:
    there, _ = listening.accept()
    with there:
        there.recv(65_536)
        there.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")


async def test_two_servers_never_share_a_store(sim: SimComfyUI, tmp_path: Path) -> None:
    async with monitoring(sim, tmp_path) as (first, _):
        second = StatusMonitor(websocket_port=0, database=tmp_path / "own.db")
        port = first.websocket_url.rpartition(":")[2]
        with pytest.raises(ConfigError, match="serves already") as raised:
            await second.start_monitoring()

    assert f"websocket_port={port}" in raised.value.hint


async def test_without_a_database_the_users_own_store_is_used(sim: SimComfyUI, state: Path) -> None:
    async with StatusMonitor(websocket_port=0, comfyui_url=sim.url):
        assert (state / "headway.db").exists()
        assert (state / "server.run").exists()
    assert not (state / "server.run").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"poll_interval": 0.0},
        {"websocket_port": 70_000},
        {"database": object()},
        {"comfyui_url": "localhost:8188"},
    ],
)
def test_settings_that_make_no_sense_are_refused_at_once(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        StatusMonitor(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("job_id", "prompt"), [(None, "p"), (1, None), (1, ""), ("x" * 300, "p")])
def test_ids_that_are_none_are_refused(job_id: object, prompt: object) -> None:
    with pytest.raises(UsageError):
        StatusMonitor().monitor_job(job_id, prompt)  # type: ignore[arg-type]


async def test_a_monitor_that_follows_anothers_server_tells_its_pages(
    sim: SimComfyUI, state: Path, tmp_path: Path
) -> None:
    async with server(sim, state / "server.run") as serving:
        port = serving.addresses[0].port
        async with (
            monitoring(sim, tmp_path, websocket_port=port, database=None) as (monitor, ears),
            page(f"ws://127.0.0.1:{port}") as hear,
        ):
            monitor.monitor_job(123, sim.submit(workflows.text_to_image(steps=10)))
            while (await hear("progress_update"))["job_id"] != 123:
                pass
            assert (await ears.end()).status == "completed"

"""Never run, only type-checked: what StatusMonitor promises to a program that uses it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from headway.monitor import ProgressStatus, ProgressUpdate, StatusMonitor


def told(update: ProgressUpdate) -> None:
    job: int | str = update.job_id
    status: ProgressStatus = update.status
    percent: float | None = update.progress_percent
    print(job, status.value, percent)


async def awaited(update: ProgressUpdate) -> None:
    end: datetime | None = update.estimated_completion
    print(end)


async def use(path: Path) -> None:
    monitor = StatusMonitor(poll_interval=2.0, websocket_port=8329, comfyui_url=None, database=path)
    monitor.add_progress_callback(told)
    monitor.add_progress_callback(awaited)
    async with monitor:
        known: bool = monitor.monitor_job(1, "p", "video") and monitor.stop_monitoring_job(1)
        progress: ProgressUpdate | None = await monitor.get_progress(1)
        end: datetime | None = await monitor.estimate_completion("1")
        running: int | None = (await monitor.get_queue_statistics())["running_jobs"]
        samples: dict[str, int] = (await monitor.get_statistics())["sample_counts"]
        print(known, progress, end, running, samples, monitor.websocket_url)
    monitor.remove_progress_callback(told)

"""Watch one job of a ComfyUI to its end.

    python examples/monitor_a_job.py PROMPT_ID [--comfyui URL] [--port 8329] [--database FILE]

PROMPT_ID is what `POST /prompt` answered. Pages see the same job as number 123 at
ws://localhost:8329.
"""

from __future__ import annotations

import argparse
import asyncio

from headway import StatusMonitor
from headway.monitor import ProgressUpdate

OVER = ("completed", "failed", "cancelled", "timeout")


def show(progress: ProgressUpdate) -> None:
    percent = "?" if progress.progress_percent is None else f"{progress.progress_percent}%"
    step = (
        "" if progress.total_steps is None else f" {progress.current_step}/{progress.total_steps}"
    )
    print(f"Progress: {percent} {progress.status.value}{step}", flush=True)


async def main(args: argparse.Namespace) -> None:
    over = asyncio.Event()

    def told(progress: ProgressUpdate) -> None:
        show(progress)
        if progress.status in OVER:
            over.set()

    monitor = StatusMonitor(
        poll_interval=2.0,
        websocket_port=args.port,
        comfyui_url=args.comfyui,
        database=args.database,
    )
    monitor.add_progress_callback(told)
    await monitor.start_monitoring()
    try:
        monitor.monitor_job(job_id=123, comfyui_prompt_id=args.prompt_id, job_type="video")
        await over.wait()
        progress = await monitor.get_progress(123)
        assert progress is not None
        print(f"took: {progress.generation_time}", progress.error_message or "")
    finally:
        await monitor.stop_monitoring()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Watch one job of a ComfyUI to its end.")
    parser.add_argument("prompt_id")
    parser.add_argument("--comfyui", help="its URL; else the one that answers on this machine")
    parser.add_argument("--port", type=int, default=8329)
    parser.add_argument("--database", help="file of the store; else the one of this user")
    asyncio.run(main(parser.parse_args()))

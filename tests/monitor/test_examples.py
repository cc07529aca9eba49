"""The examples run as they stand, against a simulated ComfyUI."""

from __future__ import annotations

import asyncio
import runpy
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvicorn
from tests.monitor.scene import LONGEST, page

from headway import StatusMonitor
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


def example(name: str) -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLES / name))


async def test_basic_monitoring(
    sim: SimComfyUI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prompt = sim.submit(workflows.text_to_image(steps=30))
    database = str(tmp_path / "x.db")
    given = Namespace(prompt_id=prompt, comfyui=sim.url, port=0, database=database)
    async with asyncio.timeout(LONGEST):
        await example("monitor_a_job.py")["main"](given)

    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].startswith("Progress: 100.0% completed")
    assert float(lines[-1].removeprefix("took: ")) > 0


@asynccontextmanager
async def running(app: Any) -> AsyncIterator[str]:
    """The application behind a real port."""
    settings = uvicorn.Config(app, port=0, ws="none", log_level="error", lifespan="on")
    server = uvicorn.Server(settings)
    async with asyncio.timeout(LONGEST), asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve())
        while not server.started and not serving.done():  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        finally:
            server.should_exit = True


async def test_api_integration(sim: SimComfyUI, tmp_path: Path) -> None:
    monitor = StatusMonitor(
        poll_interval=0.2, websocket_port=0, comfyui_url=sim.url, database=tmp_path / "x.db"
    )
    app = example("monitor_fastapi.py")["create_app"](monitor, sim.url)
    graph = workflows.text_to_image(steps=10)
    async with running(app) as url, aiohttp.ClientSession(url) as session:
        answer = await (await session.post("/api/anime/generate", json=graph)).json()
        async with page(answer["websocket_url"]) as hear:
            while (told := await hear("progress_update"))["job_id"] != answer["job_id"]:
                pass
            while told["status"] != "completed":
                told = await hear("progress_update")
        path = "/api/anime/jobs/{}/progress"
        progress: dict[str, Any] = {}
        while progress.get("status") != "completed":
            progress = await (await session.get(path.format(answer["job_id"]))).json()
        unknown = await session.get(path.format(99))

    assert progress == {
        "job_id": 1,
        "status": "completed",
        "progress": 100.0,
        "estimated_completion": None,
        "error": None,
    }
    assert unknown.status == 404

"""A web application that submits workflows to ComfyUI and tells how far they are.

    COMFYUI_URL=http://127.0.0.1:8188 uvicorn examples.monitor_fastapi:app
    curl localhost:8000/api/anime/generate -H 'Content-Type: application/json' -d @graph.json
    curl localhost:8000/api/anime/jobs/1/progress

Needs fastapi and uvicorn. Pages listen at `websocket_url`.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from fastapi import FastAPI, HTTPException

from headway import StatusMonitor


def create_app(monitor: StatusMonitor, comfyui_url: str) -> FastAPI:
    numbers = itertools.count(1)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with monitor:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/api/anime/generate")
    async def generate_video(workflow: dict[str, Any]) -> dict[str, Any]:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{comfyui_url}/prompt", json={"prompt": workflow}) as answer,
        ):
            if answer.status != 200:
                raise HTTPException(422, await answer.text())
            prompt_id = (await answer.json())["prompt_id"]
        job_id = next(numbers)
        monitor.monitor_job(job_id, prompt_id, "video")
        return {"job_id": job_id, "websocket_url": monitor.websocket_url}

    @app.get("/api/anime/jobs/{job_id}/progress")
    async def get_job_progress(job_id: int) -> dict[str, Any]:
        progress = await monitor.get_progress(job_id)
        if progress is None:
            raise HTTPException(404, "Job not found")
        return {
            "job_id": progress.job_id,
            "status": progress.status.value,
            "progress": progress.progress_percent,
            "estimated_completion": progress.estimated_completion,
            "error": progress.error_message,
        }

    return app


COMFYUI_URL = os.environ.get("COMFYUI_URL", "http://127.0.0.1:8188")
app = create_app(StatusMonitor(comfyui_url=COMFYUI_URL), COMFYUI_URL)

"""The page of the StatusMonitor of old, on a port of its own, beside a monitor of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from playwright.async_api import Page, expect

from headway import StatusMonitor
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


@asynccontextmanager
async def another_port() -> AsyncIterator[str]:
    """A web server that has nothing to do with Headway."""
    app = web.Application()
    app.router.add_static("/", EXAMPLES)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://localhost:{runner.addresses[0][1]}/monitor_page.html"
    finally:
        await runner.cleanup()


async def test_the_seeds_page_shows_a_bar_for_each_job(page: Page, tmp_path: Path) -> None:
    async with (
        SimComfyUI(speed=20) as sim,
        StatusMonitor(
            poll_interval=0.2, websocket_port=0, comfyui_url=sim.url, database=tmp_path / "x.db"
        ) as monitor,
        another_port() as url,
    ):
        await page.goto(f"{url}?port={monitor.websocket_url.rpartition(':')[2]}")
        monitor.monitor_job(123, sim.submit(workflows.text_to_image(steps=10)), "video")

        await expect(page.locator("#job-123")).to_have_attribute("value", "100")
        await page.goto("about:blank")

"""What other web pages get from us in a real browser: nothing that needs a token.

A page on another port of this machine is another program; one of another site may not
even connect.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from playwright.async_api import Page, Route, expect
from tests.browser import story
from tests.browser.served import Served

FETCH = """async ([url, credentials]) => {
  try {
    const answer = await fetch(url, { credentials });
    return [answer.status, await answer.text()];
  } catch (error) { return [0, String(error)]; }
}"""
SOCKET = """url => new Promise(done => {
  const socket = new WebSocket(url, ["headway.v1"]);
  const heard = [];
  socket.onopen = () => socket.send('{"type":"hello","data":{}}');
  socket.onmessage = ({ data }) => { heard.push(data); if (heard.length === 2) done(heard); };
  socket.onclose = () => done(heard);
})"""


@asynccontextmanager
async def elsewhere() -> AsyncIterator[str]:
    """A page on another port."""

    async def empty(_: web.Request) -> web.Response:
        return web.Response(
            text="<!doctype html><title>elsewhere</title>", content_type="text/html"
        )

    app = web.Application()
    app.router.add_get("/", empty)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://localhost:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def let_in(served: Served, page: Page) -> str:
    """Our page has its cookie; the address of the server."""
    await served.report([*story.source(), *story.runs(story.key("fish"), title="A red fox")])
    await page.goto(served.page)
    await expect(page.locator("#running-list")).to_contain_text("A red fox")
    return served.public_page


async def test_scripts_cannot_read_the_cookie_and_the_address_is_bare(
    served: Served, page: Page
) -> None:
    await let_in(served, page)

    (cookie,) = await page.context.cookies()
    assert (cookie.get("httpOnly"), cookie.get("sameSite")) == (True, "Strict")
    assert await page.evaluate("document.cookie") == ""
    assert "token" not in page.url
    assert "token" not in await page.evaluate("document.referrer + JSON.stringify(localStorage)")


@pytest.mark.parametrize("credentials", ["omit", "include"])
async def test_a_page_of_another_port_reads_no_titles(
    served: Served, page: Page, credentials: str
) -> None:
    ours = await let_in(served, page)
    async with elsewhere() as other:
        await page.goto(other)
        _, text = await page.evaluate(FETCH, [f"{ours}api/v1/jobs", credentials])
        heard = await page.evaluate(SOCKET, f"{ours.replace('http', 'ws')}ws")

    assert "red fox" not in text
    assert len(heard) == 2
    assert "red fox" not in "".join(heard)


async def test_a_page_of_another_site_gets_nothing(served: Served, page: Page) -> None:
    ours = await let_in(served, page)
    await page.route("http://evil.example/", _page_of_another_site)
    await page.goto("http://evil.example/")

    for credentials in ("omit", "include"):
        status, _ = await page.evaluate(FETCH, [f"{ours}api/v1/jobs", credentials])
        assert status == 0
    assert await page.evaluate(SOCKET, f"{ours.replace('http', 'ws')}ws") == []


async def test_no_other_page_can_frame_ours(served: Served, page: Page) -> None:
    ours = await let_in(served, page)
    async with elsewhere() as other:
        await page.goto(other)
        await page.evaluate(
            """url => new Promise(done => {
              const frame = document.createElement("iframe");
              frame.onload = done;
              frame.src = url;
              document.body.append(frame);
            })""",
            ours,
        )
        framed = page.frames[-1]

        assert await framed.locator("main").count() == 0


async def _page_of_another_site(route: Route) -> None:
    await route.fulfill(body="<!doctype html>", content_type="text/html")

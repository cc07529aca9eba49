"""What comes from outside is shown as text and breaks nothing."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect
from tests.browser import story
from tests.browser.served import Served

TITLES = {
    "markup": "<img src=x onerror=\"document.title='owned'\"><script>owned()</script>",
    "right to left": "\u202eevil\u2067 \u05d0\u05d1\u05d2 <b>",
    "long": "w" * 4_000,
    "many lines": "line\n" * 400,
}
IDS = ["a/b?c#d", "'\"><b>", "100%25", "🐟" * 40, "..", "x" * 4_000, "ünï ~ cödé"]


@pytest.mark.parametrize("kind", TITLES)
async def test_a_hostile_title_is_inert(served: Served, page: Page, kind: str) -> None:
    job = story.key("fish")
    await page.set_viewport_size({"width": 360, "height": 740})
    await served.report([*story.source(), *story.runs(job, title=TITLES[kind])])
    await served.report(
        story.ended(story.key("bird"), "failed", why=TITLES[kind], title=TITLES[kind])
    )

    await page.goto(served.page)

    await expect(page.locator("#running-list .card")).to_have_count(1)
    await expect(page.locator("#ended-list li")).to_have_count(1)
    assert await page.locator("main img, main script, main b").count() == 0
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box = await page.locator("#running-list .card").bounding_box()
    assert box is not None
    assert box["height"] < 400


@pytest.mark.parametrize("native", IDS)
async def test_a_strange_id_still_opens(served: Served, page: Page, native: str) -> None:
    await served.report([*story.source(), *story.ended(story.key(native), title="A fish")])
    await page.goto(served.page)

    await page.locator("#ended-list summary").click()

    await expect(page.locator(".inside .step-name")).to_have_count(2)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_long_line_is_cut_and_said(served: Served, page: Page) -> None:
    await served.report(story.source())
    waiting = [story.waits(story.key(f"{n:03}"), position=n + 1, of=300) for n in range(300)]
    await served.report([event for events in waiting for event in events])

    await page.goto(served.page)

    await expect(page.locator("#waiting-count")).to_have_text("300")
    await expect(page.locator("#waiting-list > li")).to_have_count(60)
    await expect(page.locator("#waiting-more")).to_have_text("and 240 more waiting")

"""The page can be read by everybody: narrow, dark, large, by keyboard, without colour."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect
from tests.browser import story
from tests.browser.served import Served

FISH, BIRD, OLD = story.key("fish"), story.key("bird"), story.key("old")
GROUNDS = ("--surface", "--ground", "--sunken")
INKS = ("--ink", "--muted", "--accent", "--succeeded", "--failed", "--cancelled", "--lost")
CONTRAST = """([ink, ground]) => {
    const part = (c) => (c /= 255, c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const light = (name) => {
        const probe = document.body.appendChild(document.createElement("i"));
        probe.style.color = `var(${name})`;
        const [r, g, b] = getComputedStyle(probe).color.match(/[0-9.]+/g).map(Number);
        probe.remove();
        return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    };
    const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
}"""


async def everything(served: Served) -> None:
    """Something in every section, with long words."""
    await served.report([*story.source(), *story.source("attic", seen=False, version="0.3.45")])
    await served.report([*story.runs(FISH, title="A-fish-" * 30), *story.samples(FISH, 9)])
    await served.report(story.expects(FISH, 118, low=70, high=170))
    await served.report(story.runs(story.key("owl", "attic"), title="An owl"))
    await served.report(story.waits(BIRD, title="A bird with a name that needs two lines"))
    await served.report(story.ended(OLD, "failed", why="CUDA_out_of_memory_" * 20, title="Old"))


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
async def test_nothing_scrolls_sideways(served: Served, page: Page, width: int) -> None:
    await everything(served)
    await page.set_viewport_size({"width": width, "height": 800})
    await page.goto(served.page)
    await expect(page.locator("#ended-list li")).to_have_count(1)

    for summary in await page.locator("summary").all():
        await summary.click()
    await expect(page.locator(".facts")).to_have_count(3)

    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_text_of_twice_the_size_still_fits_a_phone(served: Served, page: Page) -> None:
    await everything(served)
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.goto(served.page)
    await expect(page.locator("#ended-list li")).to_have_count(1)

    await page.evaluate("document.documentElement.style.fontSize = '200%'")

    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_stands_out_from_its_ground(
    served: Served, page: Page, scheme: str
) -> None:
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await page.goto(served.page)
    await expect(page.locator("#connection-words")).to_have_text("live")

    found = {
        (ink, ground): await page.evaluate(CONTRAST, [ink, ground])
        for ink in INKS
        for ground in GROUNDS
    }

    assert {pair: round(ratio, 2) for pair, ratio in found.items() if ratio < 4.5} == {}


async def test_dark_is_dark(served: Served, page: Page) -> None:
    await page.emulate_media(color_scheme="dark")

    await page.goto(served.page)

    await expect(page.locator("body")).to_have_css("background-color", "rgb(15, 21, 23)")


async def test_the_keyboard_reaches_and_opens_what_is_inside(served: Served, page: Page) -> None:
    await served.report([*story.source(), *story.ended(OLD, "failed", why="broke", title="Old")])
    await page.goto(served.page)
    await expect(page.locator("#ended-list li")).to_have_count(1)

    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await page.keyboard.press("Tab")
    summary = page.locator("#ended-list summary")
    await expect(summary).to_be_focused()
    await expect(summary).to_have_css("outline-style", "solid")
    await page.keyboard.press("Enter")

    await expect(page.locator(".waterfall")).to_be_visible()


async def test_focus_and_what_is_open_follow_a_job_to_its_end(served: Served, page: Page) -> None:
    await served.report([*story.source(), *story.runs(FISH, title="A fish")])
    await page.goto(served.page)
    summary = page.locator("#running-list summary")
    await summary.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#running-list .facts")).to_be_visible()

    await served.report(story.ends(FISH))

    await expect(page.locator("#ended-list summary")).to_be_focused()
    await expect(page.locator("#ended-list .facts")).to_be_visible()


async def test_a_change_leaves_other_nodes_alone(served: Served, page: Page) -> None:
    await served.report([*story.source(), *story.runs(FISH, title="A fish")])
    await page.goto(served.page)
    await expect(page.locator("#running-list .card")).to_have_count(1)
    await page.evaluate("document.querySelector('#running-list .card').marked = true")

    await served.report([*story.samples(FISH, 7), *story.runs(BIRD, ago=40, title="A bird")])

    await expect(page.locator("#running-list .title")).to_have_text(["A bird", "A fish"])
    assert await page.evaluate("document.querySelectorAll('#running-list .card')[1].marked")


async def test_who_wants_no_motion_gets_none(served: Served, page: Page) -> None:
    await page.emulate_media(reduced_motion="reduce")
    await served.report([*story.source(), *story.runs(FISH, title="A fish")])

    await page.goto(served.page)

    await expect(page.locator(".fill").first).to_have_css("transition-duration", "0s")


async def test_a_job_that_stalls_says_so(served: Served, page: Page) -> None:
    await served.report([*story.source(), *story.runs(FISH, ago=900, title="A fish")])

    await page.goto(served.page)

    await expect(page.locator(".notes")).to_contain_text(re.compile(r"stalled: nothing .* 15 min"))

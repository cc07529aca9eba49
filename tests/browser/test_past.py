"""What ended: how, why, and what is inside."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect
from tests.browser import story
from tests.browser.served import Served

from headway.model.words import Outcome

WORDS: dict[Outcome, str] = {
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
    "lost": "lost",
    "unknown": "outcome not known",
}
JOB = story.key("fish")


@pytest.mark.parametrize("outcome", WORDS)
async def test_an_outcome_is_a_word_and_a_shape(
    served: Served, page: Page, outcome: Outcome
) -> None:
    await served.report([*story.source(), *story.ended(JOB, outcome, title="A fish")])

    await page.goto(served.page)

    row = page.locator("#ended-list li")
    await expect(row.locator(".phase")).to_have_text(WORDS[outcome])
    await expect(row.locator(".phase use")).to_have_attribute("href", f"#i-{outcome}")


async def test_the_newest_end_comes_first(served: Served, page: Page) -> None:
    await served.report([*story.source(), *story.ended(story.key("a"), ago=50, title="Earlier")])
    await served.report(story.ended(story.key("b"), ago=5, title="Later"))

    await page.goto(served.page)

    await expect(page.locator("#ended-list .title")).to_have_text(["Later", "Earlier"])


async def test_a_failure_opens_to_its_reason_and_its_steps(served: Served, page: Page) -> None:
    why = "CUDA out of memory in KSampler"
    await served.report([*story.source(), *story.ended(JOB, "failed", why=why, title="A fish")])
    await page.goto(served.page)

    await page.locator("#ended-list summary").click()

    inside = page.locator("#ended-list .inside")
    await expect(inside.locator(".why")).to_have_text(why)
    await expect(inside.locator(".step-name")).to_have_text(["CheckpointLoaderSimple", "KSampler"])
    await expect(inside.locator(".facts")).to_contain_text("comfy")


async def test_a_traceback_is_shown_to_who_may_see_it(served: Served, page: Page) -> None:
    await served.report([*story.source(), *story.runs(JOB, title="A fish")])
    await served.report(story.ends(JOB, "failed", why="broke", detail="Traceback: line 510"))
    await page.goto(served.page)

    await page.locator("#ended-list summary").click()

    await expect(page.locator(".traceback")).to_have_text("Traceback: line 510")


async def test_a_picture_is_shown_and_a_film_is_a_link(served: Served, page: Page) -> None:
    outputs = story.pictures("fish.png") + story.pictures("fish.mp4", media="video")
    await served.report([*story.source(), *story.ended(JOB, title="A fish", outputs=outputs)])
    await page.goto(served.page)
    thumbnail = page.locator("#ended-list summary img")
    await expect(thumbnail).to_have_js_property("complete", True)
    await expect(thumbnail).not_to_have_js_property("naturalWidth", 0)

    await page.locator("#ended-list summary").click()

    await expect(page.locator(".gallery img")).to_have_count(1)
    await expect(page.locator(".gallery a")).to_have_text(["fish.png", "fish.mp4"])


async def test_without_the_token_the_page_says_how_to_see_more(served: Served, page: Page) -> None:
    outputs = story.pictures("fish.png")
    await served.report([*story.source(), *story.ended(JOB, title="A fish", outputs=outputs)])

    await page.goto(served.public_page)

    await expect(page.locator("#ended-list li")).to_have_count(1)
    await expect(page.locator("#hidden")).to_contain_text("headway open")
    await expect(page.locator("body")).not_to_contain_text("A fish")


async def test_older_ones_are_fetched_when_asked_for(served: Served, page: Page) -> None:
    await served.report(story.source())
    for n in range(40):
        await served.report(story.ended(story.key(f"{n:02}"), ago=100 + n, title=f"Job {n:02}"))
    await page.goto(served.page)
    await expect(page.locator("#ended-list > li")).to_have_count(30)

    await page.get_by_role("button", name="Show older").click()

    await expect(page.locator("#ended-list > li")).to_have_count(40)
    await expect(page.get_by_role("button", name="Show older")).to_be_hidden()


async def test_a_simulated_job_is_marked_and_the_page_says_so(served: Served, page: Page) -> None:
    await served.report(story.source(simulated=True))
    await served.report(story.ended(JOB, title="A fish", simulated=True))

    await page.goto(served.page)

    await expect(page.locator("#simulation")).to_be_visible()
    await expect(page.locator("#ended-list .tag.simulated")).to_be_visible()
    await expect(page.locator(".chip .tag.simulated")).to_be_visible()

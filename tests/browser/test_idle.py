"""Where nothing runs, the page says why, and what to do."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect
from tests.browser import story
from tests.browser.served import Served


async def test_an_empty_page_teaches(served: Served, page: Page) -> None:
    await page.goto(served.page)

    taught = page.locator("#running-empty")
    for words in ("8188 and 8000", "7801", "9999 and 8080", "config.toml", "[sources.comfy]"):
        await expect(taught).to_contain_text(words)
    for command in ("headway doctor", "headway demo"):
        await expect(taught.get_by_text(command)).to_be_visible()


async def test_a_source_appears_by_itself(served: Served, page: Page) -> None:
    await page.goto(served.page)
    await expect(page.locator("#running-empty")).to_contain_text("No back end was found yet")

    await served.report(story.source(version="0.3.60"))

    await expect(page.locator(".chip")).to_contain_text("comfy reachable")
    await expect(page.locator("#running-empty")).to_contain_text("Nothing is running.")


async def test_idle_says_when_the_last_one_ended(served: Served, page: Page) -> None:
    await served.report([*story.source(), *story.ended(story.key("fish"), title="A fish")])

    await page.goto(served.page)

    await expect(page.locator("#running-empty")).to_contain_text("“A fish”: succeeded, at ")


STATES = {
    "not reachable since": {"seen": False},
    "wedged: nothing starts": {"trouble": "nothing starts"},
    "seen, not watched yet": {"seen": None, "watched": False, "source_kind": "swarmui"},
}


@pytest.mark.parametrize("words", STATES)
async def test_a_source_says_what_it_is_like(served: Served, page: Page, words: str) -> None:
    await served.report(story.source(**STATES[words]))

    await page.goto(served.page)

    await expect(page.locator(".chip")).to_contain_text(words)


@pytest.mark.parametrize("state", [{"seen": False}, {"running": 2}, {"trouble": "wedged"}])
async def test_what_cannot_be_seen_is_never_called_idle(
    served: Served, page: Page, state: dict[str, object]
) -> None:
    await served.report(story.source(**state))

    await page.goto(served.page)

    await expect(page.locator("#running-empty .lead")).to_have_text("Nothing is seen running.")


async def test_a_job_of_an_unreachable_source_is_last_seen_and_in_no_count(
    served: Served, page: Page
) -> None:
    await served.report([*story.source(seen=False), *story.runs(story.key("fish"), title="A fish")])

    await page.goto(served.page)

    await expect(page.locator(".card")).to_contain_text("last seen running")
    await expect(page.locator(".card .notes")).to_contain_text("comfy is not reachable since")
    await expect(page.locator("#summary")).to_have_text("1 last seen")
    await expect(page).to_have_title("Headway")

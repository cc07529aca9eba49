"""The page follows what happens, by itself."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect
from tests.browser import story
from tests.browser.served import Served

FISH = story.key("fish")
SOON = re.compile(r"^\d{1,3}(\.|$)")  # milliseconds, less than a second
COUNT_TIMERS = """
    const timers = new Map(), set = setTimeout, clear = clearTimeout;
    const tell = () => (document.documentElement.dataset.soonest = Math.min(...timers.values()));
    window.setTimeout = (then, delay) => {
        const id = set(() => (timers.delete(id), then(), tell()), delay);
        timers.set(id, delay);
        tell();
        return id;
    };
    window.clearTimeout = (id) => (timers.delete(id), clear(id));
"""


async def test_a_job_appears_progresses_and_ends_without_a_reload(
    served: Served, page: Page
) -> None:
    await served.report(story.source())
    await page.goto(served.page)
    await expect(page.locator("#running-empty")).to_contain_text("Nothing is running")

    await served.report(story.waits(FISH, position=2, of=3, title="A fish"))
    await expect(page.locator("#waiting-list")).to_contain_text("A fish")
    await expect(page.locator("#waiting-list .place")).to_contain_text("2 of 3")

    await served.report(story.runs(FISH))
    await served.report(story.samples(FISH, 5))
    card = page.locator("#running-list .card")
    await expect(card).to_contain_text("5 of 20 steps")
    await expect(card).to_contain_text("KSampler")
    await expect(page.locator("#waiting-section")).to_be_hidden()

    await served.report(story.samples(FISH, 10))
    await expect(card).to_contain_text("10 of 20 steps")

    await served.report(story.ends(FISH))
    await expect(page.locator("#ended-list")).to_contain_text("A fish")
    await expect(page.locator("#ended-list")).to_contain_text("succeeded")
    await expect(card).to_have_count(0)


async def test_a_bar_says_its_measured_value(served: Served, page: Page) -> None:
    await served.report(
        [*story.source(), *story.runs(FISH, title="A fish"), *story.samples(FISH, 10)]
    )

    await page.goto(served.page)

    bar = page.get_by_role("progressbar", name="Progress of A fish")
    await expect(bar).to_have_attribute("aria-valuenow", "37")  # (1 + 10/20) of 4 steps
    await expect(bar).to_have_attribute("aria-valuetext", re.compile("1 of 4 steps.*10 of 20"))


async def test_a_step_without_a_bar_is_named_too(served: Served, page: Page) -> None:
    await served.report([*story.source(), *story.runs(FISH, title="A fish")])

    await page.goto(served.page)

    await expect(page.locator(".card .doing").first).to_have_text("KSampler")


async def test_without_a_measured_value_no_bar_is_filled(served: Served, page: Page) -> None:
    job = story.key("other")
    await served.report([*story.source(), *story.waits(job, title="Theirs"), story.runs(job)[3]])

    await page.goto(served.page)

    bar = page.get_by_role("progressbar", name="Progress of Theirs")
    await expect(bar).to_have_attribute("aria-valuetext", "not measured")
    await expect(bar).not_to_have_attribute("aria-valuenow", re.compile(".*"))


async def test_a_reload_shows_the_same(served: Served, page: Page) -> None:
    await served.report([*story.source(), *story.runs(FISH, title="A fish")])
    await served.report(story.ended(story.key("old"), title="An old one"))
    await page.goto(served.page)
    await expect(page.locator("#running-list")).to_contain_text("A fish")

    await page.reload()

    await expect(page.locator("#running-list")).to_contain_text("A fish")
    await expect(page.locator("#ended-list")).to_contain_text("An old one")


async def test_without_a_connection_all_stays_and_its_time_is_said(
    served: Served, page: Page
) -> None:
    await served.report([*story.source(), *story.runs(FISH, title="A fish")])
    await page.goto(served.page)
    await expect(page.locator("#running-list")).to_contain_text("A fish")

    await served.shut()

    said = re.compile(r"^not connected — shown as of \d\d:\d\d:\d\d$")
    await expect(page.locator("#connection-words")).to_have_text(said)
    await expect(page.locator("#running-list")).to_contain_text("A fish")
    await expect(page.locator("main")).to_have_css("filter", "grayscale(1)")
    await expect(page).to_have_title(re.compile("not connected"))


async def test_it_comes_back_by_itself_and_misses_nothing(served: Served, page: Page) -> None:
    await served.report([*story.source(), *story.runs(FISH, title="A fish")])
    await page.goto(served.page)
    await expect(page.locator("#running-list")).to_contain_text("A fish")
    await served.shut()
    await expect(page.locator("#retry")).to_be_visible()

    await served.report(story.ends(FISH, "failed", why="out of memory"))
    await served.open()

    await expect(page.locator("#connection-words")).to_have_text("live")
    await expect(page.locator("#ended-list")).to_contain_text("out of memory")
    await expect(page.locator("#running-list .card")).to_have_count(0)


async def test_after_another_store_took_over_the_old_is_forgotten(
    served: Served, page: Page
) -> None:
    await served.report([*story.source(), *story.runs(FISH, title="A fish")])
    await page.goto(served.page)
    await expect(page.locator("#running-list")).to_contain_text("A fish")

    await served.start_anew()
    await served.report([*story.source("other"), *story.runs(story.key("bird"), title="A bird")])

    await expect(page.locator("#running-list")).to_contain_text("A bird")
    await expect(page.locator("#running-list")).not_to_contain_text("A fish")


async def test_the_title_counts_and_counts_down(served: Served, page: Page) -> None:
    await served.report([*story.source(), *story.runs(FISH, title="A fish")])
    await served.report(story.expects(FISH, 118, low=70, high=170))

    await page.goto(served.page)

    await expect(page).to_have_title("1 running · ≈2 min")
    await expect(page.locator(".eta")).to_contain_text("≈ 2 min (1–3 min), at ")
    await expect(page.locator(".eta")).to_contain_text("from 12 runs")


async def test_it_counts_alone_while_nothing_is_sent(served: Served, page: Page) -> None:
    await served.report([*story.source(), *story.runs(FISH, ago=20, title="A fish")])

    await page.goto(served.page)

    await expect(page.locator(".elapsed")).to_have_text(re.compile(r"^0:2[2-9] so far"))


async def test_an_end_is_told_aloud_and_a_step_is_not(served: Served, page: Page) -> None:
    await served.report([*story.source(), *story.runs(FISH, title="A fish")])
    await page.goto(served.page)
    await served.report(story.samples(FISH, 3))
    await expect(page.locator("#running-list")).to_contain_text("3 of 20")
    await expect(page.locator("#news")).to_have_text("")

    await served.report(story.ends(FISH))

    await expect(page.locator("#news")).to_have_text("A fish: succeeded")


async def test_an_idle_page_has_no_timer_but_its_watch_over_the_socket(
    served: Served, page: Page
) -> None:
    await page.add_init_script(COUNT_TIMERS)
    await served.report([*story.source(), *story.runs(FISH, title="A fish")])
    await page.goto(served.page)
    await expect(page.locator("html")).to_have_attribute("data-soonest", SOON)

    await served.report(story.ends(FISH))

    await expect(page.locator("#ended-list")).to_contain_text("A fish")
    await expect(page.locator("html")).to_have_attribute("data-soonest", "25000")

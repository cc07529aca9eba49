"""Facts to words: the tables of the page."""

from __future__ import annotations

import pytest_asyncio
from playwright.async_api import Page
from tests.browser.served import Served

TABLE = [
    ("took(0.02)", "< 0.1 s"),
    ("took(0.8)", "0.8 s"),
    ("took(42.4)", "42 s"),
    ("took(125)", "2 min 5 s"),
    ("took(3840)", "1 h 4 min"),
    ("took(200000)", "2 d 7 h"),
    ("ticking(42)", "0:42"),
    ("ticking(3723)", "1:02:03"),
    ("ticking(-5)", "0:00"),
    ("about(7.6)", "8 s"),
    ("about(43)", "45 s"),
    ("about(118)", "2 min"),
    ("about(5500)", "1.5 h"),
    ("spread(62, 185)", "1–3 min"),
    ("spread(0, 30)", "0–30 s"),
    ("spread(100, 110)", ""),
    ("estimateWords({}, 0).lead", "no estimate yet"),
    ("estimateWords({estimate: e}, 10).lead", "≈ 75 s"),
    ("estimateWords({estimate: e}, 110).lead", "any moment now"),
    ("estimateWords({estimate: e}, 200).lead", "overdue"),
    ("startWords({}, 0)", "start not known yet"),
    ("startWords({readings: {start_at: 0}}, 9)", "should start any moment"),
    ("positionWords({position: 2, position_of: 7})", "2 of 7"),
    ("barWords({done: 9, total: 20, unit: 'steps'})", "9 of 20 steps"),
    ("barWords({done: 0, total: 1})", ""),
    ("barWords({done: 7, unit: 'files'})", "7 files, of how many is not known"),
    ("titleOf({native: '5f7c9a1b2c'})", "job 5f7c9a1b"),
    ("titleOf({native: 'x', job_kind: 'image', meta: {model: 'sdxl'}})", "image · sdxl"),
    ("sourceState({}, 0).word", "not heard of yet"),
    ("sourceState({seen: true}, 0).word", "reachable"),
    ("sourceState({seen: true, readings: {trouble: 'x'}}, 0).word", "wedged: x"),
]
CALL = """async ([call]) => {
    const words = await import("/page/words.js");
    const e = {end_at: 85, low_at: 80, high_at: 120, samples: 3};
    return new Function("e", ...Object.keys(words), `return ${call}`)(e, ...Object.values(words));
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def quiet(served: Served, page: Page) -> Page:
    """A page of the server that is not ours, whose policy allows to try words out."""
    await page.route("**/blank", lambda route: route.fulfill(body="<p>", content_type="text/html"))
    await page.goto(f"{served.public_page}blank")
    return page


async def test_each_fact_has_its_words(quiet: Page) -> None:
    found = [(call, await quiet.evaluate(CALL, [call])) for call, _ in TABLE]

    assert found == TABLE

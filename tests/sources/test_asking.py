"""What the server is asked, how often, and how it is asked."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.sources.watching import watching

from headway.dialects.comfyui.desk import Want
from headway.sim.comfyui import SimComfyUI
from headway.sources.inbox import MOST_FRAMES, Inbox
from headway.sources.pacing import AT_ONCE, PROMPT, Pacing

LISTING = Want("listing")


class Tap:
    """Hears every request that reaches the simulated server."""

    def __init__(self, comfy: SimComfyUI) -> None:
        self.paths: list[str] = []
        self.headers: list[Any] = []
        hold = comfy._hold

        async def tapped(request: Any, handler: Any) -> Any:
            self.paths.append(request.path_qs)
            self.headers.append(request.headers)
            return await hold(request, handler)

        tapped.__middleware_version__ = 1  # type: ignore[attr-defined]
        comfy._hold = tapped  # type: ignore[method-assign]


async def asked_while(graph: Any) -> list[str]:
    """The paths that were asked while a job of that graph ran."""
    comfy = SimComfyUI(speed=20)
    tap = Tap(comfy)
    async with comfy, watching(comfy.url) as watch:
        mine = comfy.submit(graph, client_id="other")
        await watch.until(lambda: watch.phase(mine) == "succeeded")
    return tap.paths


async def test_no_origin_and_no_cookie_is_sent() -> None:
    comfy = SimComfyUI(speed=20)
    tap = Tap(comfy)
    async with comfy, watching(comfy.url):
        pass

    assert tap.headers
    assert not any("Origin" in one or "Cookie" in one for one in tap.headers)


async def test_an_idle_server_is_left_alone() -> None:
    comfy = SimComfyUI(speed=20)
    tap = Tap(comfy)
    async with comfy, watching(comfy.url) as watch:
        before = len(tap.paths)
        for _ in range(50):
            await asyncio.sleep(0)
        assert not watch.source._ears.busy

    assert len(tap.paths) == before


def test_looks_that_the_server_asks_for_are_a_few_a_second_at_most() -> None:
    pacing, looks, now = Pacing(every=1.0), 0, 1000.0
    for _ in range(2_000):
        pacing.wish(LISTING)
        want, _ = pacing.next(now)
        looks += want is not None
        now += 0.01

    assert looks <= 20 * PROMPT + AT_ONCE


def test_a_quiet_time_saves_up_a_few_looks() -> None:
    pacing = Pacing(every=1.0)
    found = []
    for _ in range(6):
        pacing.wish(LISTING)
        found.append(pacing.next(1000.0)[0])

    assert found == [LISTING, LISTING, LISTING, LISTING, None, None]


def test_what_takes_long_to_answer_is_asked_for_less_often() -> None:
    pacing = Pacing(every=1.0)
    pacing.wish(Want("graphs"))
    pacing.next(1000.0)
    pacing.took(Want("graphs"), 0.3, 1000.0)
    pacing.wish(Want("graphs"))

    assert pacing.next(1005.0)[0] is None
    assert pacing.next(1011.0)[0] == Want("graphs")


def test_a_clock_set_back_does_not_stop_the_asking() -> None:
    pacing = Pacing(every=1.0)
    pacing.took(LISTING, 0.1, 10_000.0)
    pacing.wish(LISTING)

    assert pacing.next(1_000.0)[0] == LISTING


async def test_the_inbox_is_bounded_and_keeps_answers_and_the_newest() -> None:
    inbox = Inbox()
    inbox.answer("asked", 0.0)
    for n in range(3 * MOST_FRAMES):
        inbox.frame(b'{"type": "logs", "data": %d}' % n, float(n))

    items = await inbox.take(within=1.0)

    assert len(items) <= MOST_FRAMES + 1
    assert items[0].what == "asked"
    assert items[-1].what.endswith(b"%d}" % (3 * MOST_FRAMES - 1))
    assert inbox.dropped > 0


async def test_superseded_levels_go_first() -> None:
    inbox = Inbox()
    inbox.frame(b'{"type": "execution_interrupted"}', 0.0)
    for n in range(MOST_FRAMES + 1):
        inbox.frame(b'{"type": "progress_state", "data": {}}', float(n))

    items = await inbox.take(within=1.0)

    assert items[0].what == b'{"type": "execution_interrupted"}'

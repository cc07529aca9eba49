"""How a server was lost: gone, or only not heard; and what slowness does to the asking."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from headway.dialects.comfyui.desk import Want
from headway.errors import SourceLost
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sim.leap import LeapingLoop
from headway.sim.proxy import Answer, FaultProxy, HalfOpen, Stall
from headway.sources.comfyui import ComfyUI, Settings
from headway.sources.pacing import Pacing

LISTING = Want("listing")
UNAVAILABLE = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"

Deed = Callable[[SimComfyUI, FaultProxy], Awaitable[None]]


def loss(*, busy: bool, deed: Deed) -> SourceLost:
    """How a connected source is lost by that deed."""

    async def story() -> SourceLost:
        clock = asyncio.get_running_loop().wall  # type: ignore[attr-defined]
        async with SimComfyUI(clock=clock) as sim, FaultProxy(sim.port) as proxy:
            source = ComfyUI(Settings(name="comfy", url=proxy.url), clock=clock)
            if busy:
                sim.submit(workflows.ticking(ticks=150, seconds=0.5))
            async with asyncio.TaskGroup() as group:
                told = group.create_task(_until_lost(source))
                await asyncio.sleep(3.0)
                await deed(sim, proxy)
            return told.result()

    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        return runner.run(story())


async def _until_lost(source: ComfyUI) -> SourceLost:
    try:
        async with source.connect() as batches:
            async for _ in batches:
                pass
    except SourceLost as lost:
        return lost
    raise AssertionError("it was not lost")


def refusal(deed: Deed) -> SourceLost:
    """How a source that is not connected yet is turned away."""

    async def story() -> SourceLost:
        async with SimComfyUI() as sim, FaultProxy(sim.port) as proxy:
            await deed(sim, proxy)
            try:
                async with ComfyUI(Settings(url=proxy.url)).connect():
                    raise AssertionError("it was let in")
            except SourceLost as lost:
                return lost

    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        return runner.run(story())


async def cut(sim: SimComfyUI, proxy: FaultProxy) -> None:
    proxy.cut()


async def close(sim: SimComfyUI, proxy: FaultProxy) -> None:
    await proxy.refuse()


async def die(sim: SimComfyUI, proxy: FaultProxy) -> None:
    await sim.refuse()


async def fall_silent(sim: SimComfyUI, proxy: FaultProxy) -> None:
    proxy.put(HalfOpen())


async def fall_silent_and_break(sim: SimComfyUI, proxy: FaultProxy) -> None:
    proxy.put(HalfOpen())
    await asyncio.sleep(8.0)
    proxy.heal()


def test_a_connection_that_was_closed_while_it_was_heard_is_gone() -> None:
    assert loss(busy=True, deed=cut).gone


def test_one_that_answers_no_ping_may_be_working_on() -> None:
    assert not loss(busy=True, deed=fall_silent).gone


def test_one_that_breaks_after_a_silence_may_have_worked_on_in_it() -> None:
    assert not loss(busy=True, deed=fall_silent_and_break).gone


def test_a_port_that_refuses_says_that_nobody_is_there() -> None:
    assert refusal(close).gone


def test_a_gateway_that_finds_nobody_says_so_too() -> None:
    async def gateway(sim: SimComfyUI, proxy: FaultProxy) -> None:
        proxy.put(Answer())

    assert refusal(gateway).gone
    assert refusal(die).gone


def test_a_server_that_is_busy_or_silent_may_be_working_on() -> None:
    async def busy(sim: SimComfyUI, proxy: FaultProxy) -> None:
        proxy.put(Answer(UNAVAILABLE))

    async def stalled(sim: SimComfyUI, proxy: FaultProxy) -> None:
        proxy.put(Stall())

    assert not refusal(busy).gone
    assert not refusal(stalled).gone


def test_one_answer_that_came_late_does_not_slow_the_looks() -> None:
    pacing = Pacing(every=1.0)
    pacing.took(LISTING, 14.0, 1000.0)
    pacing.wish(LISTING)

    assert pacing.next(1000.1)[0] == LISTING


def test_a_server_that_is_slow_again_and_again_is_asked_less_often() -> None:
    pacing = Pacing(every=1.0)
    for _ in range(2):
        pacing.took(LISTING, 2.0, 1000.0)
    pacing.wish(LISTING)

    assert pacing.next(1005.0)[0] is None
    assert pacing.next(1009.0)[0] == LISTING

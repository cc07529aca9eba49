"""A loop that does not wait: time moves only while nobody can do anything else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from headway.sim.leap import LeapingLoop


def lives(story: Callable[[LeapingLoop], Awaitable[None]]) -> None:
    async def whole() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, LeapingLoop)
        await story(loop)

    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        runner.run(whole())


def test_who_sleeps_a_minute_wakes_a_minute_later() -> None:
    async def story(loop: LeapingLoop) -> None:
        began, dated = loop.time(), loop.wall()
        await asyncio.sleep(60.0)
        assert loop.time() - began == pytest.approx(60.0)
        assert loop.wall() - dated == pytest.approx(60.0)

    lives(story)


def test_sleepers_wake_in_the_order_of_their_times() -> None:
    async def story(loop: LeapingLoop) -> None:
        woke = []

        async def sleep(seconds: float) -> None:
            await asyncio.sleep(seconds)
            woke.append(seconds)

        await asyncio.gather(*(sleep(seconds) for seconds in (3.0, 0.001, 1.5, 0.2)))
        assert woke == [0.001, 0.2, 1.5, 3.0]

    lives(story)


def test_work_in_a_thread_takes_no_time() -> None:
    async def story(loop: LeapingLoop) -> None:
        async with asyncio.timeout(0.05):
            await asyncio.to_thread(time.sleep, 0.2)

    lives(story)


def test_a_computation_takes_no_time() -> None:
    async def story(loop: LeapingLoop) -> None:
        before = loop.time()
        assert sum(range(200_000)) > 0
        assert loop.time() == before

    lives(story)


def test_bytes_between_our_own_sockets_arrive_before_time_passes() -> None:
    async def story(loop: LeapingLoop) -> None:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while piece := await reader.read(100):
                writer.write(piece)
            writer.close()

        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            for _ in range(200):
                async with asyncio.timeout(10.0):
                    writer.write(b"ping")
                    assert await reader.readexactly(4) == b"ping"
            writer.close()
            await writer.wait_closed()

    lives(story)

"""What each fault of the proxy does to the two sides, in the time of a leaping loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sim.ear import Ear
from headway.sim.leap import LeapingLoop
from headway.sim.proxy import (
    Answer,
    Corrupt,
    FaultProxy,
    HalfOpen,
    Slow,
    Stall,
    Step,
    Truncate,
)


class Scene:
    """A simulated server behind the proxy, and a client that asks."""

    def __init__(self, sim: SimComfyUI, proxy: FaultProxy, client: aiohttp.ClientSession) -> None:
        self.sim, self.proxy, self.client = sim, proxy, client

    async def ask(self, path: str = "/prompt") -> tuple[int, bytes]:
        async with self.client.get(self.proxy.url + path) as answer:
            return answer.status, await answer.read()


@asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    async with (
        SimComfyUI() as sim,
        FaultProxy(sim.port) as proxy,
        aiohttp.ClientSession() as client,
    ):
        yield Scene(sim, proxy, client)


def lives(story: Callable[[Scene], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with scene() as here:
            await story(here)

    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        runner.run(whole())


def now() -> float:
    return asyncio.get_running_loop().time()


def test_without_a_fault_both_ways_go_through_and_are_told_apart() -> None:
    async def story(here: Scene) -> None:
        async with Ear(here.proxy.url, "me") as ear:
            here.sim.submit(workflows.ticking(ticks=2), client_id="me")
            await ear.hear("execution_success")
            assert (await here.ask())[0] == 200
            assert (here.proxy.http.open, here.proxy.socket.open) == (1, 1)

    lives(story)


def test_a_connection_that_upgrades_later_changes_its_way() -> None:
    async def story(here: Scene) -> None:
        await here.ask()
        async with here.client.ws_connect(here.proxy.url + "/ws") as socket:
            assert (await socket.receive_json())["type"] == "status"
            assert (here.proxy.http.open, here.proxy.socket.open) == (0, 1)
            here.proxy.http.cut()
            here.sim.submit(workflows.text("heard"))
            assert (await socket.receive_json())["type"] == "status"

    lives(story)


def test_a_cut_breaks_without_a_word_and_lets_the_next_one_in() -> None:
    async def story(here: Scene) -> None:
        async with Ear(here.proxy.url) as ear:
            here.proxy.cut()
            await ear.until(lambda: ear.closed)
            assert ear.close_code == 1006
        assert (await here.ask())[0] == 200

    lives(story)


def test_what_is_stalled_comes_later_in_order_and_whole() -> None:
    async def story(here: Scene) -> None:
        async with Ear(here.proxy.url, "me") as ear, Ear(here.sim.url) as other:
            here.proxy.socket.put(Stall())
            heard = len(ear.frames)
            mine = here.sim.submit(workflows.ticking(ticks=3), client_id="me")
            await here.sim.finished(mine)
            await other.hear("status", status={"exec_info": {"queue_remaining": 0}}, since=1)
            assert len(ear.frames) == heard
            assert (await here.ask())[0] == 200  # the other way is free
            here.proxy.heal()
            await ear.hear("executing", node=None)
            values = [one["value"] for one in ear.said("progress")]
            assert values == sorted(values)
            assert (values[0], values[-1]) == (1, 3)

    lives(story)


def test_half_open_both_believe_and_nothing_arrives_until_it_breaks() -> None:
    async def story(here: Scene) -> None:
        here.proxy.put(HalfOpen())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60.0):
                await here.ask()
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(_broken(here))
            await asyncio.sleep(5.0)
            assert not asked.done()
            here.proxy.heal()
        assert (await here.ask())[0] == 200

    lives(story)


async def _broken(here: Scene) -> None:
    with pytest.raises(aiohttp.ClientError):
        async with here.client.post(here.proxy.url + "/queue", json={"clear": True}):
            pass


def test_a_slow_line_takes_its_time_and_changes_nothing() -> None:
    async def story(here: Scene) -> None:
        plain = await here.ask("/system_stats")
        here.proxy.put(Slow(rate=100.0, delay=1.0))
        began = now()
        body = (await here.ask("/system_stats"))[1]
        assert body == plain[1]
        assert now() - began >= 2.0 + len(body) / 100.0

    lives(story)


def test_corruption_changes_bytes_of_answers_and_never_their_number() -> None:
    async def story(here: Scene) -> None:
        await here.sim.finished(here.sim.submit(workflows.empty_image()))
        path = "/view?filename=headway_00001_.png"
        whole = (await here.ask(path))[1]
        here.proxy.http.put(Corrupt(chance=1.0))
        bodies = []
        for _ in range(8):
            try:
                bodies.append((await here.ask(path))[1])
            except aiohttp.ClientError:
                bodies.append(b"")  # a byte of its head
        assert any(body != whole for body in bodies)

    lives(story)


def test_what_is_truncated_ends_as_if_all_had_been_said() -> None:
    async def story(here: Scene) -> None:
        here.proxy.http.put(Truncate(after=400))
        with pytest.raises(aiohttp.ClientError):
            await here.ask("/system_stats")
        here.proxy.heal()
        assert (await here.ask("/system_stats"))[0] == 200

    lives(story)


def test_a_gateway_answers_by_itself_even_where_nobody_is_behind_it() -> None:
    async def story(here: Scene) -> None:
        here.proxy.put(Answer())
        await here.sim.refuse()
        assert (await here.ask())[0] == 502
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await here.client.ws_connect(here.proxy.url + "/ws")

    lives(story)


def test_a_refusing_port_is_the_same_one_afterwards() -> None:
    async def story(here: Scene) -> None:
        port = here.proxy.port
        await here.proxy.refuse()
        with pytest.raises(aiohttp.ClientConnectorError):
            await here.ask()
        await here.proxy.accept()
        assert here.proxy.port == port
        assert (await here.ask())[0] == 200

    lives(story)


def test_a_server_that_is_gone_breaks_the_connection() -> None:
    async def story(here: Scene) -> None:
        await here.sim.refuse()
        with pytest.raises(aiohttp.ClientError):
            await here.ask()

    lives(story)


def test_a_script_is_played_in_its_time() -> None:
    async def story(here: Scene) -> None:
        began = now()
        await here.proxy.play(
            [Step(2.0, "http", Answer()), Step(3.0, "both", None), Step(1.0, "socket", Stall())]
        )
        assert now() - began == pytest.approx(6.0)
        assert (here.proxy.http.fault, here.proxy.socket.fault) == (Answer(), Stall())

    lives(story)

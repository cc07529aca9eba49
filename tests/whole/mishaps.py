"""What can go wrong between Headway and a ComfyUI, and when: the two tables of the matrix.

Rule 1: a mishap returns when all is in order again, as far as it ever will be.
Rule 2: times are simulated ones; what is drawn comes from the scene's own numbers.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from headway.sim import proxy as faults
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sim.proxy import FaultProxy

SLOW_HISTORY = 1.5  # seconds between the last event and the entry: a time to be hit
NOTHING = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@dataclass(frozen=True)
class Scene:
    """Where it happens. `mine`: the prompt that it is about."""

    sim: SimComfyUI
    proxy: FaultProxy
    rng: random.Random
    mine: str

    async def some(self, least: float, most: float) -> None:
        """Let some time pass."""
        await asyncio.sleep(self.rng.uniform(least, most))


Moment = Callable[[SimComfyUI, str], bool]

#: a moment in the life of a prompt → whether it is there
MOMENTS: dict[str, Moment] = {
    "pending": lambda sim, mine: mine in sim.pending,
    "loading": lambda sim, mine: sim.running == mine and sim.node == "4",
    "sampling": lambda sim, mine: sim.running == mine and sim.node == "3",
    "between": lambda sim, mine: sim.running == mine and sim.node == "8",
    "saving": lambda sim, mine: sim.fate(mine).end != "" and sim.history(mine) is None,
    "after": lambda sim, mine: sim.history(mine) is not None,
}

Mishap = Callable[[Scene], Awaitable[None]]


def lasting(way: str, fault: faults.Fault, least: float = 1.0, most: float = 12.0) -> Mishap:
    """A fault on that way for some time."""

    async def happen(scene: Scene) -> None:
        ways = {"http": scene.proxy.http, "socket": scene.proxy.socket, "both": scene.proxy}
        ways[way].put(fault)
        await scene.some(least, most)
        ways[way].heal()

    return happen


def meanwhile(*deeds: Mishap, least: float = 3.0, most: float = 12.0) -> Mishap:
    """Things that happen while the network is down: nothing arrives, nothing is refused."""

    async def happen(scene: Scene) -> None:
        scene.proxy.put(faults.HalfOpen())
        for deed in deeds:
            await scene.some(0.0, most - least)
            await deed(scene)
        await scene.some(least, most)
        scene.proxy.heal()

    return happen


def behind_a_closed_port(*deeds: Mishap, least: float = 3.0, most: float = 12.0) -> Mishap:
    """Things that happen while the port refuses, though the server lives: a tunnel that died."""

    async def happen(scene: Scene) -> None:
        await scene.proxy.refuse()
        for deed in deeds:
            await scene.some(0.0, most - least)
            await deed(scene)
        await scene.some(least, most)
        await scene.proxy.accept()

    return happen


def after(*deeds: Mishap) -> Mishap:
    """One after the other."""

    async def happen(scene: Scene) -> None:
        for deed in deeds:
            await deed(scene)

    return happen


async def cut(scene: Scene) -> None:
    scene.proxy.cut()


async def cut_socket(scene: Scene) -> None:
    scene.proxy.socket.cut()


async def cut_http(scene: Scene) -> None:
    scene.proxy.http.cut()


async def restart(scene: Scene) -> None:
    await scene.sim.restart()


async def slow_restart(scene: Scene) -> None:
    await scene.sim.restart(after=scene.rng.uniform(3.0, 9.0))


async def more_work(scene: Scene) -> None:
    """Somebody submits at once: numbers begin again, and are the same as before."""
    for n in range(3):
        scene.sim.submit(workflows.text_to_image(seed=n + 50), client_id="another")


async def restart_behind_a_gateway(scene: Scene) -> None:
    scene.proxy.put(faults.Answer())
    scene.proxy.socket.cut()
    await scene.sim.restart(after=scene.rng.uniform(3.0, 9.0))
    scene.proxy.heal()


async def restart_unheard(scene: Scene) -> None:
    scene.proxy.put(faults.HalfOpen())
    await scene.sim.restart(after=scene.rng.uniform(0.0, 4.0))
    await scene.some(1.0, 30.0)
    scene.proxy.heal()


async def freeze(scene: Scene) -> None:
    scene.sim.freeze()
    await scene.some(1.0, 8.0)
    scene.sim.thaw()


async def long_freeze(scene: Scene) -> None:
    scene.sim.freeze()
    await scene.some(20.0, 50.0)
    scene.sim.thaw()


async def worker_dies(scene: Scene) -> None:
    scene.sim.kill_worker()


async def worker_dies_and_is_healed(scene: Scene) -> None:
    scene.sim.kill_worker()
    await scene.some(10.0, 50.0)
    await scene.sim.restart(after=2.0)


async def clear_history(scene: Scene) -> None:
    scene.sim.clear_history()


async def clear_history_later(scene: Scene) -> None:
    await scene.sim.until(lambda: scene.sim.fate(scene.mine).readable_at)
    scene.sim.clear_history()


async def delete(scene: Scene) -> None:
    scene.sim.delete(scene.mine)


async def delete_and_restart(scene: Scene) -> None:
    scene.sim.delete(scene.mine)
    await scene.some(0.0, 40.0)
    await scene.sim.restart(after=3.0)


async def clear_queue(scene: Scene) -> None:
    scene.sim.clear_queue()


async def interrupt(scene: Scene) -> None:
    scene.sim.interrupt()


async def stuck(scene: Scene) -> None:
    scene.sim.stick()
    await scene.some(5.0, 40.0)
    scene.sim.unstick()


async def stuck_from_idle(scene: Scene) -> None:
    """Frames stop while nothing is going on, and then something comes."""
    await scene.sim.idle()
    await scene.some(4.0, 8.0)
    scene.sim.stick()
    scene.sim.submit(workflows.ticking(ticks=400, tag="unheard"), client_id="another")
    await scene.some(40.0, 60.0)
    scene.sim.unstick()


MISHAPS: dict[str, Mishap] = {
    "nothing": lambda scene: asyncio.sleep(0),
    "cut": cut,
    "cut socket": cut_socket,
    "cut http": cut_http,
    "refuse": behind_a_closed_port(),
    "refuse long": behind_a_closed_port(least=20.0, most=60.0),
    "stall socket": lasting("socket", faults.Stall(), 2.0, 40.0),
    "stall http": lasting("http", faults.Stall(), 2.0, 40.0),
    "stall": lasting("both", faults.Stall(), 2.0, 40.0),
    "half-open socket": lasting("socket", faults.HalfOpen(), 2.0, 40.0),
    "half-open http": lasting("http", faults.HalfOpen(), 2.0, 40.0),
    "half-open": lasting("both", faults.HalfOpen(), 2.0, 60.0),
    "slow": lasting("both", faults.Slow(), 5.0, 20.0),
    "corrupt socket": lasting("socket", faults.Corrupt()),
    "corrupt http": lasting("http", faults.Corrupt()),
    "corrupt": lasting("both", faults.Corrupt(0.2)),
    "truncate": lasting("http", faults.Truncate()),
    "gateway": lasting("http", faults.Answer()),
    "gateway cut": after(cut, lasting("both", faults.Answer())),
    "empty answers": lasting("http", faults.Answer(NOTHING)),
    "restart": restart,
    "slow restart": slow_restart,
    "restart, more work": after(restart, more_work),
    "restart away": meanwhile(restart),
    "restart away, more work": meanwhile(restart, more_work),
    "restart behind a gateway": restart_behind_a_gateway,
    "restart unheard": restart_unheard,
    "restart twice": after(slow_restart, more_work, restart),
    "freeze": freeze,
    "long freeze": long_freeze,
    "worker dies": worker_dies,
    "worker dies, healed": worker_dies_and_is_healed,
    "history cleared": clear_history,
    "history cleared at the end": clear_history_later,
    "history cleared away": meanwhile(clear_history_later),
    "history cleared, port closed": behind_a_closed_port(clear_history_later),
    "deleted": delete,
    "deleted away": meanwhile(delete),
    "deleted, port closed": behind_a_closed_port(delete),
    "deleted, then a restart": delete_and_restart,
    "deleted from a dead worker, then a restart": after(worker_dies, delete_and_restart),
    "queue cleared": clear_queue,
    "interrupted": interrupt,
    "interrupted away": meanwhile(interrupt),
    "interrupted, port closed": behind_a_closed_port(interrupt),
    "stuck elsewhere": stuck,
    "stuck while idle": stuck_from_idle,
}

#: a dead tunnel to a server that works on and restarts behind it looks like a dead server:
#: what ended in between is told as lost. Nothing that can be asked for tells them apart.
DECEIVING: dict[str, Mishap] = {
    "restart behind a dead tunnel": behind_a_closed_port(restart),
}

#: mishaps with a silence before the restart, in which anything may have ended
AFTER_SILENCE = {
    "restart away",
    "restart away, more work",
    "restart unheard",
}

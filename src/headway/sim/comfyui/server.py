"""The simulated server as its user holds it: start, submit, watch, break.

Rule 1: what is submitted here goes the way of POST /prompt; nothing is run that a client could not
    have asked for.
Rule 2: a restart begins a new life: queue, history, numbers, caches and console are new; files and
    port are not.
Rule 3: a closed port is not a restart: the worker goes on, and what it says meanwhile is heard by
    nobody.
Rule 4: leaving the context ends all tasks and closes the port; the folder goes too, unless it was
    given.
"""

import asyncio
import contextlib
import email.utils
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from headway.sim.comfyui import bench, generation, intake, saving
from headway.sim.comfyui.change import Change
from headway.sim.comfyui.custom_nodes import CustomNode
from headway.sim.comfyui.door import Door
from headway.sim.comfyui.fates import Fate, Fates
from headway.sim.comfyui.files import Files
from headway.sim.comfyui.life import Life
from headway.sim.comfyui.node import NodeClass
from headway.sim.comfyui.pace import Pace
from headway.sim.comfyui.prompts import Item
from headway.sim.comfyui.routes import application
from headway.sim.comfyui.tasks import Tasks
from headway.sim.comfyui.version import Version


class SimComfyUI:
    """A ComfyUI that is not one. `async with SimComfyUI() as comfy:` then talk to `comfy.url`.

    `speed` 1.0 is life-like, 20.0 twenty times as fast, `math.inf` without waiting; `seconds`
    overrides entries of the table in `pace`. `port` 0 takes any free one and keeps it. The same
    `seed` gives the same ids and durations. `nodes`: further node classes.
    `custom_nodes`: called at each start, with what an extension finds in the real server.
    """

    def __init__(
        self,
        *,
        version: str = "0.12.1",
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        speed: float = 1.0,
        seed: int = 0,
        seconds: Mapping[str, float] | None = None,
        checkpoints: Sequence[str] = ("tiny.safetensors", "other.safetensors"),
        loras: Sequence[str] = ("ink.safetensors",),
        previews: bool = True,
        folder: Path | None = None,
        nodes: Mapping[str, NodeClass] | None = None,
        custom_nodes: Sequence[CustomNode] = (),
    ) -> None:
        self.version = Version(version)
        self._rng = random.Random(seed)
        self._pace = Pace(
            clock=clock, sleep=sleep, speed=speed, seconds=seconds or {}, rng=self._rng
        )
        self._door = Door(host, port)
        self._folder = folder
        self._previews = previews
        self._classes = {
            **generation.classes(list(checkpoints), list(loras)),
            **saving.CLASSES,
            **bench.CLASSES,
            **(nodes or {}),
        }
        self._custom_nodes = custom_nodes
        self._change = Change()
        self._fates = Fates(clock)

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            self._files = Files(
                self._folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
            )
            self._tasks = await stack.enter_async_context(Tasks())
            await self._begin()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._end()
        await self._stack.aclose()

    # what it is

    @property
    def port(self) -> int:
        return self._door.port

    @property
    def url(self) -> str:
        return self._door.url

    @property
    def speed(self) -> float:
        return self._pace.speed

    @property
    def prompts(self) -> list[Item]:
        """All items accepted since the first start, in the order of their coming."""
        return self._fates.items

    @property
    def pending(self) -> list[str]:
        """The ids that wait, in the order in which they will run."""
        return [item[1] for item in sorted(self._life.queue.pending, key=lambda item: item[:2])]

    @property
    def queue_pending(self) -> list[Item]:
        """The items that wait, in heap order, as GET /queue shows them."""
        return [*self._life.queue.pending]

    @property
    def running(self) -> str | None:
        """The id that runs, or that a dead worker left running."""
        running = self._life.queue.running
        return running[0][1] if running else None

    def history(self, prompt_id: str) -> dict[str, Any] | None:
        """The entry of a finished prompt, else None."""
        return self._life.queue.history.get(prompt_id)

    @property
    def node(self) -> str | None:
        """The id of the node that began last in the prompt that runs, if one runs."""
        account = self._life.account
        return account.last_node if account is not None else None

    @property
    def fates(self) -> list[Fate]:
        """What really became of all prompts, in the order of their coming."""
        return self._fates.all

    def fate(self, prompt_id: str) -> Fate:
        """What really became of the newest prompt of this id. Raises KeyError for an unknown one.

        The simulation's own account, which no restart and no cleared history forgets.
        """
        found = self._fates.of(prompt_id)
        if not found:
            raise KeyError(prompt_id)
        return found[-1]

    def is_listening(self, client_id: str) -> bool:
        """Whether a socket is registered for this client."""
        return self._life.sockets.knows(client_id)

    @property
    def is_working(self) -> bool:
        """Whether the worker is alive, busy or not."""
        return not self._worker.done()

    # waiting for it

    async def finished(self, prompt_id: str) -> dict[str, Any]:
        """Wait until the prompt is in the history, and return its entry.

        Waits for ever for one that was removed.
        """
        await self.until(lambda: self.history(prompt_id))
        return self._life.queue.history[prompt_id]

    async def idle(self) -> None:
        """Wait until nothing runs and nothing is pending."""
        await self.until(lambda: not self._life.queue.remaining)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds; it is looked at after every change of queue and nodes."""
        await self._change.until(condition)

    # acting on it, as a client could

    def submit(
        self,
        graph: Mapping[str, Any],
        *,
        client_id: str | None = None,
        prompt_id: str | None = None,
        number: float | None = None,
        front: bool = False,
        extra_data: Mapping[str, Any] | None = None,
    ) -> str:
        """Queue a graph and return its prompt id.

        Raises ValueError with the server's answer if it refuses.
        """
        given = {
            "client_id": client_id,
            "prompt_id": prompt_id,
            "number": number,
            "extra_data": extra_data,
        }
        request = {
            "prompt": graph,
            "front": front,
            **{key: value for key, value in given.items() if value is not None},
        }
        answer = intake.accept(self._life, request, rng=self._rng)
        if answer.item is None:
            raise ValueError(answer.body)
        return answer.item[1]

    def interrupt(self, prompt_id: str | None = None) -> None:
        """Ask the running prompt, or only the one of this id, to stop."""
        self._life.interrupt(prompt_id)

    def delete(self, *prompt_ids: str) -> None:
        """Remove pending prompts without a trace."""
        for prompt_id in prompt_ids:
            self._life.queue.delete(prompt_id)

    def clear_queue(self) -> None:
        self._life.queue.clear()

    def clear_history(self) -> None:
        self._life.queue.history.clear()

    # faults

    async def restart(self, *, after: float = 0.0) -> None:
        """Die without a word, and be back after so many real seconds, knowing nothing."""
        await self._end()
        await self._pace.wait(after)
        await self._begin()

    async def refuse(self) -> None:
        """Close the port and cut every connection, as a lost network does; the worker goes on."""
        await self._door.close()

    async def accept(self) -> None:
        """Open the port again."""
        await self._open()

    def freeze(self, seconds: float | None = None) -> None:
        """Stop everything, for so many real seconds or until thaw(). Nothing is lost."""
        self._pace.freeze(True)
        self._door.pause()
        if seconds is not None:
            self._start(self._thaw_after(seconds))

    def thaw(self) -> None:
        self._door.resume()
        self._pace.freeze(False)

    def kill_worker(self) -> None:
        """Let the worker die: what runs, runs for ever; what is pending stays; HTTP lives on.

        A restart heals it.
        """
        self._worker.cancel()

    def stick(self) -> None:
        """Let the loop that speaks to all clients wait for one that does not read.

        Nobody hears a frame until unstick(); then all hear what they missed. HTTP goes on.
        """
        self._life.sockets.stuck = True

    def unstick(self) -> None:
        self._life.sockets.stuck = False
        self._change.happened()

    def slow_history(self, seconds: float) -> None:
        """Let so many real seconds pass between the last event of a run and its history entry."""
        self._life.history_lag = seconds

    # lives

    async def _begin(self) -> None:
        self._life = Life(
            version=self.version,
            pace=self._pace,
            files=self._files,
            rng=self._rng,
            classes=self._classes,
            previews=self._previews,
            change=self._change,
            fates=self._fates,
        )
        for custom_node in self._custom_nodes:
            self._life.comfy.load(custom_node)
        await self._open()
        self._life.say_hello(self.url)
        self._change.happened()
        self._worker = self._start(self._life.work())
        self._start(self._life.sockets.publish())

    async def _end(self) -> None:
        self._pace.freeze(False)
        self._tasks.cancel()
        self._fates.died()
        await self._door.close()

    async def _open(self) -> None:
        app = application(self._life, url=lambda: self.url, rng=self._rng, hold=self._hold)
        app.on_response_prepare.append(self._date)
        await self._door.open(app)

    async def _date(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = email.utils.formatdate(self._pace.now(), usegmt=True)

    @web.middleware
    async def _hold(self, request: web.Request, handler: Any) -> web.StreamResponse:
        await self._pace.thawed()
        response: web.StreamResponse = await handler(request)
        return response

    def _start(self, coroutine: Any) -> asyncio.Task[None]:
        task = self._tasks.start(coroutine)
        task.add_done_callback(lambda done: self._change.happened())
        return task

    async def _thaw_after(self, seconds: float) -> None:
        await self._pace.wait(seconds)
        self.thaw()

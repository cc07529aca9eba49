"""The simulated server as its user holds it: start, ask, watch, break.

Rule 1: what is asked for here goes the way of a call; nothing happens that a client could not
    have asked for.
Rule 2: a restart keeps sessions and files; counters, slots, log and numbers are new, and so
    is the server's id.
Rule 3: leaving the context ends all tasks and closes the port.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Self

from headway.sim.comfyui.change import Change
from headway.sim.comfyui.door import Door
from headway.sim.comfyui.tasks import Tasks
from headway.sim.swarmui import behind
from headway.sim.swarmui.account import Accounts, Session
from headway.sim.swarmui.backends import Backend, Backends
from headway.sim.swarmui.door import application
from headway.sim.swarmui.generation import Generation
from headway.sim.swarmui.life import Life
from headway.sim.swarmui.log import Log
from headway.sim.swarmui.params import Params

MODELS = ("OfficialStableDiffusion/sd_xl_base_1.0.safetensors", "flux1-dev-fp8.safetensors")


class SimSwarmUI:
    """A SwarmUI that is not one. `async with SimSwarmUI() as swarm:` then talk to `swarm.url`.

    `tokens`: account mode: cookie → (user, role); None: everybody is `local`, whose role is
    `local_role`. `comfy`: the URL of a ComfyUI that does the work of the only back end (it
    needs `SWARM_NODES`). `global_status` False: a version without GetGlobalStatus. `speed` as
    in the simulated ComfyUI.
    """

    def __init__(
        self,
        *,
        version: str = "0.9.8.2.GIT-062407c7",
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        speed: float = 1.0,
        tokens: Mapping[str, tuple[str, str]] | None = None,
        local_role: str = "owner",
        backends: Sequence[Backend] | None = None,
        comfy: str = "",
        models: Sequence[str] = MODELS,
        global_status: bool = True,
    ) -> None:
        kind = "comfyui_api" if comfy else "comfyui_selfstart"
        given = [Backend(type=kind, comfy=comfy)] if backends is None else list(backends)
        accounts = Accounts(dict(tokens) if tokens is not None else None, local_role=local_role)
        self._given: dict[str, Any] = {
            "version": version,
            "clock": clock,
            "sleep": sleep,
            "speed": speed,
            "change": Change(),
            "accounts": accounts,
            "backends": Backends(given, clock=clock),
            "models": list(models),
            "files": {},
            "global_status": global_status,
            "start": lambda work: self._tasks.start(work),
        }
        self._door = Door(host, port)
        self._life = Life(**self._given)

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            self._tasks = await stack.enter_async_context(Tasks())
            await self._open()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._tasks.cancel()
        await self._door.close()
        await self._stack.aclose()

    @property
    def url(self) -> str:
        return self._door.url

    @property
    def server_id(self) -> str:
        """Of this life."""
        return self._life.server_id

    @property
    def calls(self) -> list[str]:
        """The routes of all calls that were answered in this life, in order."""
        return [route for route, _ in self._life.calls]

    @property
    def log(self) -> Log:
        return self._life.log

    @property
    def counts(self) -> dict[str, int]:
        """The counters of all sessions together."""
        return self._life.accounts.total()

    @property
    def sessions(self) -> list[Session]:
        return list(self._life.accounts.sessions.values())

    @property
    def images(self) -> list[str]:
        """The places of all images that were kept, in order."""
        return [*self._given["files"]]

    @property
    def backends(self) -> list[Backend]:
        return list(self._life.backends.all.values())

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds; looked at after every change of slots and work."""
        await self._life.change.until(condition)

    # acting on it, as somebody else could

    def begin(self, *, user: str = "ann", images: int = 1, **params: Any) -> Session:
        """Somebody else's session asks for images; the work goes on by itself."""
        session = self._life.accounts.begin(user)
        self.ask(session, images=images, **params)
        return session

    def ask(self, session: Session, *, images: int = 1, **params: Any) -> None:
        """A session asks for images, without a socket that would listen."""
        read = Params({"images": images, "prompt": "theirs", **params}, self._life.models)
        session.add(waiting_gens=read.images)
        made = Generation(self._life, session, read, lambda message: None)
        self._tasks.start(made.run())
        self._life.change.happened()

    def interrupt(self, session: Session) -> None:
        """That session interrupts all that it asked for."""
        session.interrupts += 1
        self._life.change.happened()

    def forget(self, session: Session) -> None:
        """Drop a session, as a start of the server does after 31 days."""
        del self._life.accounts.sessions[session.id]

    def straight(self, backend: int = 0) -> None:
        """Somebody sends a prompt straight to a back end's ComfyUI, past SwarmUI."""
        params = Params({"images": 1}, self._life.models)
        row = behind.row(self._life.next_number(), "straight", params)
        for node in row[2].values():
            node["class_type"] = str(node["class_type"]).removeprefix("Swarm")
        self._life.backends.all[backend].queue.append(row)

    # faults

    def hold(self, step: int = 1) -> None:
        """Let nothing pass that step until `release`."""
        self._life.hold_at = step

    def release(self) -> None:
        self._life.hold_at = None
        self._life.change.happened()

    async def restart(self) -> None:
        """Die without a word, and be back at once: sessions are kept, work is not."""
        await self.refuse()
        self._tasks.cancel()
        for session in self.sessions:
            session.reset()
            session.told.clear()
        for backend in self.backends:
            backend.held, backend.model, backend.used_at = 0, None, None
            backend.queue.clear()
            backend.computing = asyncio.Lock()
        self._life = Life(**self._given)
        await self._open()

    async def refuse(self) -> None:
        """Close the port and cut every connection."""
        await self._door.close()

    async def accept(self) -> None:
        """Open the port again."""
        await self._open()

    async def _open(self) -> None:
        await self._door.open(application(lambda: self._life))

"""What one start of the server has: counters, slots, log, and numbers that begin anew."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from itertools import count
from typing import Any

from headway.sim.comfyui.change import Change
from headway.sim.swarmui.account import Accounts
from headway.sim.swarmui.backends import Backends
from headway.sim.swarmui.log import Log
from headway.sim.swarmui.params import Params

CLOSE_AFTER = 2.0  # seconds from the intention to close a socket to its end


class Life:
    """One life of the server. Files and accounts are of all lives."""

    def __init__(
        self,
        *,
        version: str,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        speed: float,
        change: Change,
        accounts: Accounts,
        backends: Backends,
        models: list[str],
        files: dict[str, bytes],
        global_status: bool,
        start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        self.version = version
        self.server_id = str(uuid.uuid4())
        self.clock = clock
        self.speed = speed
        self.change = change
        self.accounts = accounts
        self.backends = backends
        self.models = models
        self.files = files
        self.global_status = global_status
        self.start = start
        self.log = Log([n for n, one in backends.all.items() if one.type == "comfyui_selfstart"],
                       clock=clock)  # fmt: skip
        #: (route, user) of every call that was answered, in order
        self.calls: list[tuple[str, str]] = []
        self.hold_at: int | None = None
        self._sleep = sleep
        self._requests = count(1001)
        self._numbers = count(41)

    def next_request(self) -> int:
        return next(self._requests)

    def next_number(self) -> int:
        return next(self._numbers)

    async def spend(self, seconds: float) -> None:
        """Let so many seconds of simulated work pass."""
        await self._sleep(seconds / self.speed)

    async def reached(self, step: int) -> None:
        """A step is due; it waits while the server is held at it."""
        held = self.hold_at is not None and step >= self.hold_at
        if held:
            self.change.happened()
            await self.change.until(lambda: self.hold_at is None or step < self.hold_at)

    def save(self, user: str, params: Params, picture: bytes) -> str:
        """Keep a picture and tell its place, as the answer carries it: blanks and all."""
        if params.unsaved:
            return "data:image/png;base64,iVBORw0KGgo="
        day = datetime.fromtimestamp(self.clock()).strftime("%Y-%m-%d")
        name = f"{len(self.files):07d}-{params.prompt[:40]}.png"
        place = f"View/{user}/raw/{day}/{name}"
        self.files[place] = picture
        return place

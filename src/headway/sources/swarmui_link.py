"""One connection to a SwarmUI, from the first question to the loss: rounds of questions.

    identify → settle (the full report) → rounds

Rule 1: one question at a time; a round asks for counts, and for the rest when it is due.
Rule 2: an idle server is asked every `IDLE` seconds, a busy one every `poll`; where two
    readings disagree about the others, once more after `AGAIN`.
Rule 3: nothing is asked that the permissions do not hold; models are looked at rarely, for
    listing them is work.
Rule 4: what was heard before a loss is handed out first.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncGenerator, Awaitable, Callable

from headway.dialects.comfyui.wire import Skip
from headway.dialects.swarmui.answers import Refusal
from headway.dialects.swarmui.direct import LARGEST_QUEUE, Queue, read_queue
from headway.dialects.swarmui.ears import DIRECT, GLOBAL, Ears
from headway.dialects.swarmui.logs import read_log, read_types
from headway.errors import SourceLost
from headway.model.events import AnyEvent
from headway.sources.http import Answer
from headway.sources.swarmui_call import Caller

IDLE = 2.0  # seconds between rounds while nothing is under way
AGAIN = 0.25  # seconds until a reading that nobody confirmed is taken again
SETTLE_ROUNDS = 3  # before the first report
IN_A_THREAD = 256 * 1024  # bytes from which an answer is read in a thread
#: seconds between two looks: while busy, while idle
EVERY = {
    "ListBackends": (5.0, 10.0),
    "ListLoadedModels": (10.0, 60.0),
    "ListModels": (600.0, 600.0),
    "GetServerResourceInfo": (5.0, 60.0),
    "ListRecentLogMessages": (0.0, 1e9),
    DIRECT: (0.0, 4.0),
}

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


class Link:
    """The state of one connection."""

    def __init__(
        self,
        ears: Ears,
        caller: Caller,
        *,
        clock: Clock,
        sleep: Sleep,
        poll: float,
        logs: bool,
        nested: Callable[[], list[AnyEvent]] = list,
    ) -> None:
        """`nested`: asked after each round what is to be told of ComfyUIs behind it."""
        self._ears, self._caller, self._clock, self._sleep = ears, caller, clock, sleep
        self._poll, self._logs, self._nested = poll, logs, nested
        self._asked_at: dict[str, float] = {}
        self._after: dict[str, int] = {}
        self._consoles: list[str] | None = None
        self._old = False

    async def identify(self, *, look_again: bool) -> None:
        """Take up the session. Raises: SourceLost."""
        session = await self._caller.begin(look_again=look_again)
        self._ears.met(session, self._clock())

    async def rounds(self) -> AsyncGenerator[list[AnyEvent], None]:
        """The full report, then what changes. Raises: SourceLost."""
        for _ in range(SETTLE_ROUNDS):
            await self._round()
            if self._ears.settled:
                break
        yield self._tell()
        while True:
            await self._sleep(self._pause())
            lost: SourceLost | None = None
            try:
                await self._round()
            except SourceLost as error:
                lost = error
            events = self._tell()
            if events:
                yield events
            if lost is not None:
                raise lost

    def _tell(self) -> list[AnyEvent]:
        nested = self._nested()
        return [*self._ears.tell(self._clock()), *nested]

    def _pause(self) -> float:
        if not self._ears.settled and self._ears.countable:
            return AGAIN
        return self._poll if self._ears.busy else max(IDLE, self._poll)

    async def _round(self) -> None:
        await self._counts()
        for route, look in self._looks().items():
            if self._due(route):
                await look()
        if self._old or not self._caller.session.may(GLOBAL):
            self._ears.guessed(self._clock())

    def _looks(self) -> dict[str, Callable[[], Awaitable[None]]]:
        return {
            "ListBackends": self._backends,
            "ListLoadedModels": functools.partial(self._models, "ListLoadedModels"),
            "ListModels": functools.partial(self._models, "ListModels"),
            "GetServerResourceInfo": self._machine,
            "ListRecentLogMessages": self._log,
            DIRECT: self._queues,
        }

    def _due(self, route: str) -> bool:
        if not self._caller.session.may(route):
            return False
        every, now = EVERY[route][not self._ears.busy], self._clock()
        if route in self._asked_at and 0.0 <= now - self._asked_at[route] < every:
            return False
        self._asked_at[route] = now
        return True

    async def _counts(self) -> None:
        began = self._clock()
        if self._caller.session.may("GetCurrentStatus"):
            found = await self._caller.call("GetCurrentStatus")
            now = self._clock()
            self._ears.own(found, now)
            if not isinstance(found, Skip):
                self._ears.took(now - began, now)
        if self._caller.session.may(GLOBAL) and not self._old:
            everybody = await self._caller.call(GLOBAL)
            self._old = isinstance(everybody, Refusal) and everybody.why == "route"
            self._ears.everybody(everybody, self._clock())

    async def _backends(self) -> None:
        # full_data: which model each of them holds.
        found = await self._caller.call("ListBackends", nonreal=False, full_data=True)
        self._ears.backends(found, self._clock())

    async def _models(self, route: str) -> None:
        if route == "ListLoadedModels":
            self._ears.loaded(await self._caller.call(route), self._clock())
        else:
            found = await self._caller.call(route, path="", depth=20, subtype="Stable-Diffusion")
            self._ears.models(found, self._clock())

    async def _machine(self) -> None:
        self._ears.machine(await self._caller.call("GetServerResourceInfo"), self._clock())

    async def _log(self) -> None:
        if not self._logs:
            return
        if self._consoles is None:
            types = await self._caller.call("ListLogTypes")
            self._consoles = read_types(types) if isinstance(types, dict) else []
        if not self._consoles:
            return
        after = {kind: self._after.get(kind, -1) for kind in self._consoles}
        found = await self._caller.call(
            "ListRecentLogMessages", types=self._consoles, last_sequence_ids=after
        )
        if isinstance(found, dict):
            said = read_log(found, after)
            self._after = self._after if isinstance(said, Skip) else said.after
            self._ears.log(said, self._clock())

    async def _queues(self) -> None:
        for backend in self._ears.backends_known:
            readable = backend.is_comfy and backend.state == "ready"
            if readable and backend.id not in self._ears.watched:
                path = f"/{DIRECT}/queue"
                answer = await self._caller.get(path, limit=LARGEST_QUEUE, backend=backend.id)
                self._ears.queue(backend.id, await _queue(answer), self._clock())


async def _queue(answer: Answer | None) -> Queue | Skip:
    if answer is None or answer.status != 200 or answer.body is None:
        return Skip("queue: no answer" if answer is None else f"queue: status {answer.status}")
    if len(answer.body) > IN_A_THREAD:
        return await asyncio.to_thread(read_queue, answer.body)
    return read_queue(answer.body)

"""Acting on a ComfyUI: submit a graph, cancel exactly what is meant, list what it has.

Rule 1: who submits listens with the client id of the submission, so that its frames come
here exactly, and with the ears of everybody else: an outcome is told when it is sure.
Rule 2: a prompt that waits is deleted; one that runs is interrupted by its id. A server
before 0.3.57 interrupts whatever runs, so that it takes somebody's consent.
Rule 3: the queue is read again just before anything is stopped, and until it is gone.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import msgspec

from headway.actions.contract import Cancelled, Model, Stop, Work
from headway.dialects.comfyui.history import LARGEST_HISTORY, read_history
from headway.dialects.comfyui.queue import LARGEST_QUEUE, Listing, read_queue
from headway.dialects.comfyui.refusal import choices, read_refusal
from headway.dialects.comfyui.server import LARGEST_STATS, Server, read_stats
from headway.dialects.comfyui.wire import Skip, decode, mapping
from headway.errors import SourceLost, UsageError
from headway.model.events import AnyEvent, Ended, Registered
from headway.model.keys import job_key, kind_of, source_of
from headway.sources.comfyui import ComfyUI as Watched
from headway.sources.comfyui import Settings as Watching
from headway.sources.comfyui_artefact import artefact_of
from headway.sources.contract import Artefact
from headway.sources.http import Answer, Asker, clean_url, session, stopped

TARGETED = (0, 3, 57)  # the first version whose interrupt can name a prompt
SEEN_WITHIN = 60.0  # seconds from an accepted submission to its place in the queue
LOOK = 0.2  # seconds between looks while something is being stopped
LARGEST_INFO = 64 * 1024 * 1024  # bytes of a description of nodes
FOLDERS = {  # subtype of model: the node that lists it, and its input
    "": ("CheckpointLoaderSimple", "ckpt_name"),
    "lora": ("LoraLoader", "lora_name"),
    "vae": ("VAELoader", "vae_name"),
    "diffusion": ("UNETLoader", "unet_name"),
    "controlnet": ("ControlNetLoader", "control_net_name"),
}


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ComfyUI to act on."""

    name: str = "comfyui"
    url: str = "http://127.0.0.1:8188"


class ComfyUI:
    """An `Actor`; see `headway.actions.contract`."""

    kind = "comfyui"

    def __init__(
        self, settings: Settings | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings or Settings()
        self.name = self._settings.name
        self.url = clean_url(self._settings.url)
        self._clock = clock

    @asynccontextmanager
    async def submit(self, work: Work) -> AsyncIterator[Submission]:
        """Submit the graph `work.body`. Raises: SourceLost; UsageError if it is not taken."""
        mine = uuid.uuid4().hex
        watched = Watched(Watching(name=self.name, url=self.url), clock=self._clock, client_id=mine)
        body = {"prompt": work.body, "client_id": mine, "prompt_id": work.id}
        async with watched.connect() as batches:
            asked_at = self._clock()
            answer = await self._ask("/prompt", method="POST", json=body)
            if answer.status != 200:
                raise UsageError(*read_refusal(answer.body or b""))
            said = mapping(decode(answer.body or b""))
            native = str(said.get("prompt_id") or work.id)
            found = Submission(self, work, native, batches, asked_at=asked_at)
            try:
                async with asyncio.timeout(SEEN_WITHIN):
                    await found.seen()
            except TimeoutError as error:
                raise stopped(self.url) from error
            yield found

    async def models(self, subtype: str = "") -> list[Model]:
        """The names of that kind of model. Raises: SourceLost, UsageError for a kind unknown."""
        if subtype not in FOLDERS:
            known = ", ".join(name for name in FOLDERS if name)
            raise UsageError(f"no kind of model: {subtype!r}", f"known: {known}")
        kind, name = FOLDERS[subtype]
        return [Model(name=one) for one in await self.choices(kind, name) or ()]

    async def choices(self, kind: str, name: str) -> list[str] | None:
        """What an input of a node class may be; None: there is no such list."""
        answer = await self._ask(f"/object_info/{quote(kind, safe='')}", limit=LARGEST_INFO)
        return choices(answer.body or b"", kind, name) if answer.status == 200 else None

    async def artefact(self, place: dict[str, Any]) -> Artefact:
        """A file that a job names. Raises: UsageError for a place that is none, SourceLost."""
        return await artefact_of(self.url, place)

    async def stops(self, jobs: Sequence[str]) -> Stop:
        """What cancelling these jobs would stop, by the queue as it is now."""
        queue = await self._queue()
        natives = {job_key(job).native: job for job in jobs}
        running = [natives[row.native] for row in queue.running if row.native in natives]
        waiting = [natives[row.native] for row in queue.waiting if row.native in natives]
        if running and not await self._targeted():
            how = "this ComfyUI can only interrupt whatever runs when it hears of it"
            return Stop(jobs=(*running, *waiting), also=None, how=how, consent=True)
        words = [f"interrupt {len(running)} that run"] * bool(running)
        words += [f"take {len(waiting)} out of its queue"] * bool(waiting)
        return Stop(jobs=(*running, *waiting), also=0, how=" and ".join(words))

    async def cancel(self, stop: Stop, *, within: float = 10.0) -> Cancelled:
        """Stop these jobs, and wait so many seconds until they are gone."""
        natives = {job_key(job).native for job in stop.jobs}
        if not natives:
            return Cancelled(result="over", left=0)
        asked: set[str] = set()
        left = natives
        try:
            async with asyncio.timeout(within):
                while left := await self.stop(natives, asked):  # noqa: ASYNC110
                    await asyncio.sleep(LOOK)  # only asking tells
        except TimeoutError:
            return Cancelled(result="stopping", left=len(left), why="it is still there")
        return await self._what_came(natives, asked)

    async def stop(self, natives: set[str], asked: set[str]) -> set[str]:
        """Look once, and ask that what is there be stopped; what was there.

        Each look acts on what it sees: a prompt may begin between two of them. `asked`
        grows by what was asked for; a running prompt is interrupted once.
        """
        queue = await self._queue()
        waiting = {row.native for row in queue.waiting} & natives
        running = {row.native for row in queue.running} & natives
        if waiting:
            await self._ask("/queue", method="POST", json={"delete": sorted(waiting)})
        for native in sorted(running - asked):
            await self._ask("/interrupt", method="POST", json={"prompt_id": native})
        asked |= waiting | running
        return waiting | running

    async def _what_came(self, natives: set[str], asked: set[str]) -> Cancelled:
        if not asked:
            return Cancelled(result="over", left=0, why="it was over before")
        ended = [await self._outcome(native) for native in sorted(natives)]
        if "succeeded" in ended:
            n = ended.count("succeeded")
            return Cancelled(result="over", left=0, why=f"{n} finished before it could be stopped")
        return Cancelled(result="cancelled", left=0)

    async def _outcome(self, native: str) -> str:
        answer = await self._ask(f"/history/{quote(native, safe='')}", limit=LARGEST_HISTORY)
        entry = read_history(answer.body or b"", native)
        return "" if entry is None or isinstance(entry, Skip) else str(entry.outcome)

    async def _targeted(self) -> bool:
        answer = await self._ask("/system_stats", limit=LARGEST_STATS)
        server = read_stats(answer.body or b"")
        numbers = server.numbers if isinstance(server, Server) else None
        return numbers is not None and numbers >= TARGETED

    async def _queue(self) -> Listing:
        answer = await self._ask("/queue", limit=LARGEST_QUEUE)
        found = read_queue(answer.body or b"")
        if answer.status != 200 or isinstance(found, Skip):
            raise SourceLost(f"the queue of {self.url} cannot be read", "is it a ComfyUI?")
        return found

    async def _ask(
        self, path: str, *, method: str = "GET", json: Any = None, limit: int = LARGEST_STATS
    ) -> Answer:
        async with session() as client:
            asker = Asker(client, self.url, clock=self._clock)
            answer = await asker.ask(path, limit=limit, method=method, json=json)
        if answer is None:
            raise stopped(self.url)
        return answer


class Submission:
    """A `Handle`: one prompt of ours. `native` is its id at the server."""

    def __init__(
        self,
        actor: ComfyUI,
        work: Work,
        native: str,
        batches: AsyncIterator[list[AnyEvent]],
        *,
        asked_at: float,
    ) -> None:
        self.jobs: tuple[str, ...] = ()
        self.native = native
        self._actor = actor
        self._work = work
        self._batches = batches
        self._asked_at = asked_at
        self._first: list[AnyEvent] = []

    async def seen(self) -> None:
        """Wait until the server names the prompt. Raises: SourceLost."""
        async for batch in self._batches:
            self._first = self._ours(batch)
            if self._first:
                return
        raise stopped(self._actor.url)

    async def events(self) -> AsyncIterator[list[AnyEvent]]:
        """What happens to it, to its outcome. Raises: SourceLost."""
        yield self._first
        if _is_over(self._first):
            return
        async for batch in self._batches:
            mine = self._ours(batch)
            if mine:
                yield mine
            if _is_over(mine):
                return

    async def cancel(self) -> None:
        """Ask the server to stop it. Raises: SourceLost."""
        await self._actor.stop({self.native}, set())

    def _ours(self, batch: list[AnyEvent]) -> list[AnyEvent]:
        mine = [event for event in batch if _native(event) == self.native]
        if mine and not self.jobs:
            key = job_key(mine[0].key).text
            self.jobs = (key,)
            observer = f"{source_of(key)}/own"
            # Said as of the moment it was asked for: others may have seen it before us, and
            # of two who name a thing the earlier one is believed.
            said = Registered(
                key=key,
                at=min(self._asked_at, mine[0].at),
                observer=observer,
                basis="reported",
                meta=self._work.meta,
            )
            return [said, *map(_reported, mine)] if self._work.meta else list(map(_reported, mine))
        return list(map(_reported, mine))


def _native(event: AnyEvent) -> str:
    return job_key(event.key).native if kind_of(event.key) in ("job", "step") else ""


def _reported(event: AnyEvent) -> AnyEvent:
    # Two processes may watch the same prompt: each level keeps its observer.
    basis = "reported" if event.basis == "observed" else event.basis
    return msgspec.structs.replace(event, observer=f"{event.observer}/own"[:256], basis=basis)


def _is_over(batch: list[AnyEvent]) -> bool:
    return any(isinstance(event, Ended) for event in batch)

"""Acting on SwarmUI: submit, interrupt, models.

Rule 1: all of it goes out under the one kept session of this user at that server, so that
    every process of his sees what the others asked for.
Rule 2: SwarmUI stops nothing less than all of a session; `stops` says how many that is, and
    "other sessions" are never touched.
Rule 3: a session that the server forgot is renewed once; then the request is sent again, for
    nothing of it was taken.
Rule 4: an image is done when something of it could be read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec

from headway.actions.contract import Cancelled, Model, Stop, Work
from headway.dialects.swarmui import params
from headway.dialects.swarmui.answers import Refusal
from headway.dialects.swarmui.counts import Status, read_status
from headway.dialects.swarmui.models import read_models
from headway.dialects.swarmui.stream import LARGEST_MESSAGE, Made, Stream
from headway.errors import SourceLost, UsageError
from headway.model.events import AnyEvent
from headway.sources.contract import Artefact
from headway.sources.http import clean_url
from headway.sources.swarmui_artefact import artefact_of
from headway.sources.swarmui_call import Caller, Sessions, client_of, refused

WS = "GenerateText2ImageWS"
HEARTBEAT = 20.0  # seconds between our pings
READ_TRIES, READ_AGAIN = 5, 0.5  # looks for an announced image; seconds between them
LOOK_AGAIN = 0.2  # seconds between two looks after an interrupt
SUBTYPES = {"": "Stable-Diffusion", "lora": "LoRA", "vae": "VAE", "controlnet": "ControlNet"}
HOW = "InterruptAll: SwarmUI can only stop everything of a session"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One SwarmUI to act on. `token`: the swarm_token of an account, where it has accounts."""

    name: str = "swarmui"
    url: str = "http://127.0.0.1:7801"
    token: str = ""


class SwarmUI:
    """A SwarmUI that can be asked for images (an `Actor`)."""

    kind = "swarmui"

    def __init__(
        self,
        settings: Settings,
        *,
        sessions: Sessions,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name = settings.name
        self.url = clean_url(settings.url)
        self._token = settings.token
        self._sessions, self._clock, self._sleep = sessions, clock, sleep

    @asynccontextmanager
    async def submit(self, work: Work) -> AsyncIterator[Submission]:
        """Connect; the request goes out once the first events were taken.

        Raises: SourceLost; Refused without the permission; UsageError for a body that asks
        for no number of images.
        """
        stream = Stream(self.name, work.id, work.body, meta=work.meta)
        async with self._calling("GenerateText2ImageWS") as caller:
            yield Submission(stream, work.body, caller, self)

    async def models(self, subtype: str = "") -> list[Model]:
        """Its models, remote ones included; `subtype`: Stable-Diffusion, LoRA, VAE, …

        Raises: SourceLost, Refused.
        """
        async with self._calling("ListModels") as caller:
            kind = SUBTYPES.get(subtype, subtype)
            asked = {"path": "", "depth": 20, "subtype": kind}
            found = await caller.call("ListModels", **asked, allowRemote=True)
        rows = read_models(found) if isinstance(found, dict) else found
        if not isinstance(rows, list):
            raise refused(rows, "its models cannot be listed")
        return [Model(folder=one.name.rpartition("/")[0], **msgspec.structs.asdict(one))
                for one in rows]  # fmt: skip

    async def artefact(self, place: dict[str, Any]) -> Artefact:
        """A file that a job names. Raises: UsageError for a place that is none, SourceLost."""
        return await artefact_of(self.url, place, token=self._token)

    async def stops(self, jobs: Sequence[str]) -> Stop:
        """What an interrupt would stop; `jobs` are to be unfinished ones. Raises: SourceLost."""
        async with self._calling("InterruptAll") as caller:
            left = await self._left(caller)
        if left is None:
            return Stop(jobs=tuple(jobs), also=None, how=HOW, consent=True)
        also = max(left - len(jobs), 0)
        return Stop(jobs=tuple(jobs) if left else (), also=also, how=HOW, consent=also > 0)

    async def cancel(self, stop: Stop, *, within: float = 10.0) -> Cancelled:
        """Interrupt our session and wait for it to be empty. Raises: SourceLost, Refused."""
        async with self._calling("InterruptAll") as caller:
            if await self._left(caller) == 0:
                return Cancelled(result="over", left=0)
            await interrupt(caller)
            until = self._clock() + within
            while (left := await self._left(caller)) and self._clock() < until:
                await self._sleep(LOOK_AGAIN)
        if left is None:
            return Cancelled(result="unknown", why="its counts cannot be read")
        return Cancelled(result="stopping" if left else "cancelled", left=left)

    async def read(self, made: Made) -> str:
        """Read a little of an image; "" if that works, else why not."""
        trouble = ""
        for n in range(READ_TRIES):
            try:
                artefact = await artefact_of(
                    self.url, {"path": made[1]}, token=self._token, wanted="bytes=0-0"
                )
                await artefact.close()
                if artefact.status in (200, 206):
                    return ""
                trouble = f"its image cannot be read: status {artefact.status}"
            except (SourceLost, UsageError) as error:
                trouble = f"its image cannot be read: {error}"
            if n < READ_TRIES - 1:
                await self._sleep(READ_AGAIN)
        return trouble

    def now(self) -> float:
        """The time, in seconds since the epoch."""
        return self._clock()

    @asynccontextmanager
    async def _calling(self, call: str) -> AsyncIterator[Caller]:
        async with client_of(self._token) as client:
            caller = Caller(
                client, self.url, sessions=self._sessions, token=self._token, clock=self._clock
            )
            session = await caller.begin()
            if not session.may(call):
                raise refused(Refusal("permission", "no permission"), f"{call} at {self.url}")
            yield caller

    async def _left(self, caller: Caller) -> int | None:
        """How many images of our session are not done; None if that cannot be read."""
        if not caller.session.may("GetCurrentStatus"):
            return None
        found = await caller.call("GetCurrentStatus")
        status = read_status(found) if isinstance(found, dict) else None
        return status.counts.unfinished if isinstance(status, Status) else None


class Submission:
    """A request under way (a `Handle`)."""

    def __init__(
        self, stream: Stream, body: dict[str, Any], caller: Caller, actor: SwarmUI
    ) -> None:
        self._stream, self._body, self._caller, self._actor = stream, body, caller, actor
        self.jobs = stream.keys

    async def events(self) -> AsyncIterator[list[AnyEvent]]:
        """What happens, to the last outcome; the request goes out after the first events.

        Raises: SourceLost if the connection broke before.
        """
        yield self._stream.registered(self._actor.now())
        async for events in self._heard():
            if events:
                yield events
        if self._stream.refused is not None:
            said = self._stream.refused.said
            yield self._stream.refuse(said, self._actor.now())

    async def cancel(self) -> None:
        """Interrupt our session; what comes of it is heard. Raises: SourceLost, Refused."""
        self._stream.cancelling = True
        await interrupt(self._caller)

    async def _heard(self) -> AsyncIterator[list[AnyEvent]]:
        async for events in self._talk():
            yield events
        refusal = self._stream.refused
        if refusal is not None and refusal.why == "session":
            self._stream.refused = None
            await self._caller.renew()
            async for events in self._talk():
                yield events

    async def _talk(self) -> AsyncIterator[list[AnyEvent]]:
        socket = await self._caller.open(f"/API/{WS}", largest=LARGEST_MESSAGE, beat=HEARTBEAT)
        async with socket:
            await self._caller.send(socket, {**self._body, params.RAW: True})
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    continue
                yield self._stream.frame(message.data, self._actor.now())
                async for events in self._checked():
                    yield events
                if self._stream.ending:
                    yield self._stream.close(self._actor.now())
                if self._stream.over or self._stream.refused is not None:
                    return
        raise SourceLost(f"{self._caller.url} closed the connection", "the job may go on there")

    async def _checked(self) -> AsyncIterator[list[AnyEvent]]:
        for made in self._stream.made():
            trouble = await self._actor.read(made)
            now = self._actor.now()
            if trouble:
                yield self._stream.unreadable(made, trouble, now)
            else:
                yield self._stream.readable(made, now)


async def interrupt(caller: Caller) -> None:
    """Interrupt this session, and no other. Raises: SourceLost, Refused."""
    found = await caller.call("InterruptAll", other_sessions=False)
    if not isinstance(found, dict):
        raise refused(found, "the interrupt")

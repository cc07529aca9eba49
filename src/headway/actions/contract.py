"""What acting on a back end looks like, whichever it is.

    async with actor.submit(work) as handle:      # accepted, or refused with a reason
        async for events in handle.events():      # to the outcome of every job of it
            ...                                   # to the plane, the sender, the terminal

    stop = await actor.stops(jobs)                # what would stop, others' work included
    result = await actor.cancel(stop)             # does it, and waits for what came of it

Rule 1: a job's key is known before it is submitted (`Handle.jobs`).
Rule 2: leaving `submit` early stops listening and nothing else: the job goes on.
Rule 3: `events` ends when every job has an outcome, and raises when the back end went away
    first; then nothing was said about the outcome, and the source that watches finds out.
Rule 4: a refusal is an answer: the jobs end as failed, with the back end's words.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol

import msgspec

from headway.model.events import AnyEvent
from headway.sources.contract import Artefact

CancelResult = Literal["cancelled", "stopping", "over", "unknown"]
"""What came of asking to cancel:

cancelled  nothing of it is at the back end any more
stopping   asked, and still there when the patience was over
over       it was over before anything was asked
unknown    the back end does not say
"""


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for.

    `id`: our own, new for every submission; native ids are made of it. `body`: the back
    end's own words: SwarmUI's parameters, or a ComfyUI graph in API format. `meta`: said
    of every job of it (group, title, prompt).
    """

    id: str
    body: dict[str, Any]
    meta: dict[str, Any] = {}


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model that can be asked for by `name`. `loaded` None: the back end does not say."""

    name: str
    title: str = ""
    folder: str = ""
    architecture: str = ""
    resolution: str = ""
    loaded: bool | None = None
    here: bool | None = None


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """What cancelling would stop.

    `jobs`: those that were asked for and are still there. `also`: how many others stop
    with them, None if that cannot be known. `how`: the call, in words for people.
    `consent`: whether somebody must be asked before.
    """

    jobs: tuple[str, ...]
    also: int | None = 0
    how: str = ""
    consent: bool = False


class Cancelled(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. `left`: how many are still there; None if that cannot be known."""

    result: CancelResult
    left: int | None = None
    why: str = ""


class Handle(Protocol):
    """A submission under way."""

    jobs: tuple[str, ...]

    def events(self) -> AsyncIterator[list[AnyEvent]]:
        """What happens to its jobs, from being queued to the last outcome. Once only.

        Raises: SourceLost if the connection broke before. Cancelling it loses what is not
        yet heard, never a job.
        """
        ...

    async def cancel(self) -> None:
        """Ask the back end to stop it; what comes of it is heard in `events`.

        Raises: SourceLost, Refused.
        """
        ...


class Actor(Protocol):
    """A back end that can be acted on."""

    name: str
    kind: str

    def submit(self, work: Work) -> AbstractAsyncContextManager[Handle]:
        """Submit it; listening ends with the block. Raises: SourceLost, Refused, UsageError."""
        ...

    async def models(self, subtype: str = "") -> list[Model]:
        """What can be asked for; `subtype` "": image models. Raises: SourceLost, Refused."""
        ...

    async def artefact(self, place: dict[str, Any]) -> Artefact:
        """A file that a job of it names. Raises: UsageError for no place, SourceLost."""
        ...

    async def stops(self, jobs: Sequence[str]) -> Stop:
        """What cancelling these would stop, read now. Changes nothing. Raises: SourceLost."""
        ...

    async def cancel(self, stop: Stop, *, within: float = 10.0) -> Cancelled:
        """Stop it and wait so many seconds for what comes of it. Raises: SourceLost, Refused."""
        ...

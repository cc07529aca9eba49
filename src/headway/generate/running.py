"""One submission, from here to its outcome.

Rule 1: `views` are what everybody else sees: made by the same fold from the same events.
Rule 2: leaving early leaves the job running; only `cancel` stops it, and says so.
Rule 3: an outcome is one that the back end told; where the connection broke first, there is
none, and `Lost` says what is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from headway.actions.contract import Actor, Handle, Work
from headway.errors import SourceLost
from headway.fold.admit import admit
from headway.fold.folding import fold
from headway.fold.views import meta_of, view
from headway.model.entities import AnyEntity
from headway.model.events import AnyEvent
from headway.model.keys import kind_of
from headway.model.views import JobView, StepView

Tell = Callable[[Sequence[AnyEvent]], object]
Show = Callable[["Running"], object]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a submission. `lost`: why nothing more was heard; "" if all is known.

    `outputs` are the jobs' files with their places, for `actor`'s source to fetch.
    """

    jobs: list[JobView]
    outputs: list[dict[str, Any]] = []
    lost: str = ""

    @property
    def succeeded(self) -> bool:
        """True if every job of it did."""
        return bool(self.jobs) and all(job.phase == "succeeded" for job in self.jobs)


class Running:
    """A submission under way. `show` is called after each batch of news."""

    def __init__(self, actor: Actor, work: Work, *, tell: Tell, show: Show) -> None:
        self.actor = actor
        self.work = work
        self._tell = tell
        self._show = show
        self._entities: dict[str, AnyEntity] = {}
        self._handle: Handle | None = None
        self._cancelled = False

    async def run(self, *, clock: Callable[[], float]) -> Result:
        """Submit it and listen to the end.

        Raises: SourceLost or UsageError if it was never taken.
        """
        async with self.actor.submit(self.work) as handle:
            self._handle = handle
            if self._cancelled:
                await handle.cancel()
            try:
                async for events in handle.events():
                    self._take(events, clock())
            except SourceLost as error:
                return self._result(lost=str(error))
        return self._result()

    async def cancel(self) -> None:
        """Ask the back end to stop it; also before it was taken. Raises: SourceLost."""
        self._cancelled = True
        if self._handle is not None:
            await self._handle.cancel()

    @property
    def jobs(self) -> list[JobView]:
        """Its jobs as they are now, in their order."""
        found = [view(one) for key, one in self._entities.items() if kind_of(key) == "job"]
        return [one for one in found if isinstance(one, JobView)]

    def steps(self, job: str) -> list[StepView]:
        """The steps of a job, in the order in which they were first heard of."""
        found = [view(one) for key, one in self._entities.items() if key.startswith(f"{job}~")]
        return [one for one in found if isinstance(one, StepView)]

    def _take(self, events: Sequence[AnyEvent], now: float) -> None:
        for event in events:
            fold(self._entities, admit(event, now))
        self._tell(events)
        self._show(self)

    def _result(self, *, lost: str = "") -> Result:
        return Result(jobs=self.jobs, outputs=self._outputs(), lost=lost)

    def _outputs(self) -> list[dict[str, Any]]:
        # The public view has no places; what was registered has.
        return [
            {"job": key, **output}
            for key, one in self._entities.items()
            if kind_of(key) == "job"
            for output in _registered_outputs(one)
        ]


def _registered_outputs(entity: AnyEntity) -> list[dict[str, Any]]:
    found = meta_of(entity).get("outputs")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

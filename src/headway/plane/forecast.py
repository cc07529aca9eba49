"""Keep the estimates of a source's jobs current.

Rule 1: an estimate is a reading like any other (basis "estimated", observer
"headway"): stored, conflated and told with its job, counting down by itself.
Rule 2: it changes only when the evidence does: a new reading of a bar, a change in the
line, or its own end passing by. Between two bars the last word stands.
Rule 3: bounded: estimates for the first `LINE` that wait, history for `REMEMBERED`
kinds of job.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec

from headway.estimate.history import alike
from headway.estimate.line import estimate_of, line
from headway.estimate.pace import NOTHING, Pace
from headway.estimate.remaining import Spread, remaining, whole
from headway.estimate.silence import stall_limit
from headway.model.events import AnyEvent, Reading
from headway.model.records import Record
from headway.model.views import AnyView, Estimate, JobView
from headway.model.words import RESOLVED

LINE = 100  # waiting jobs that get an estimate
REMEMBERED = 256  # kinds of job whose history is held
MATERIAL = 0.05  # of the remaining time: smaller changes are not worth a message
SMALLEST = 0.5  # seconds: likewise

START = "start_at"
"""The reading: when one that waits should start, where its end cannot be estimated."""

Recall = Callable[[JobView], Awaitable[Sequence[Record]]]


class Forecaster:
    """Estimates for the jobs of all sources. `recall` fetches a job's history."""

    def __init__(self, recall: Recall) -> None:
        self._recall = recall
        self._history: OrderedDict[tuple[str, str, str], Sequence[Record]] = OrderedDict()
        self._paces: dict[str, Pace] = {}
        self._warm: dict[str, str] = {}
        self._limits: dict[str, float] = {}
        self._ends: dict[str, float] = {}

    async def after(
        self, changed: Iterable[AnyView], live: Iterable[AnyView], now: float
    ) -> list[AnyEvent]:
        """The readings to report after these views changed; empty if nothing is material.

        `live`: at least the unfinished jobs of the sources whose jobs changed.
        """
        jobs = [view for view in changed if isinstance(view, JobView)]
        for job in jobs:
            self.hear(job)
        sources = dict.fromkeys(job.source for job in jobs)
        active: dict[str, list[JobView]] = {source: [] for source in sources}
        for one in live:
            if isinstance(one, JobView) and one.source in active:
                active[one.source].append(one)
        events: list[AnyEvent] = []
        for of_source in active.values():
            events += await self._source(of_source, now)
            await asyncio.sleep(0)  # thousands of jobs are not one long moment
        return events

    def overdue(self, now: float) -> list[str]:
        """Keys of running jobs whose estimated end has passed: they need a new word."""
        return [key for key, end_at in self._ends.items() if end_at < now]

    def hear(self, job: JobView) -> None:
        """Take in how the job stands."""
        if job.phase in RESOLVED:
            self._paces.pop(job.key, None)
            self._limits.pop(job.key, None)
            self._history.pop(_kind(job), None)
            self._ends.pop(job.key, None)
            self._warm[job.source] = _family(job)
            return
        if job.estimate is not None and job.phase == "running":
            self._ends[job.key] = job.estimate.end_at
        for bar in job.bars[:1]:
            self._paces.setdefault(job.key, Pace()).hear(bar, job.stepped_at)

    async def _source(self, jobs: list[JobView], now: float) -> list[AnyEvent]:
        events: list[AnyEvent] = []
        rests: list[Spread] = []
        for job in (one for one in jobs if one.phase in ("running", "finishing")):
            similar = await self._similar(job, self._warm.get(job.source))
            events += self._limit(job, similar, now)
            rest = self._rest(job, similar, now)
            if rest is not None:
                rests.append(rest)
                said = estimate_of(rest, samples=len(similar), now=now, how=_how(job, similar))
                events += _material(job, said, now)
        waiting = sorted(
            (one for one in jobs if one.phase == "queued"),
            key=lambda one: one.position or len(jobs) + 1,
        )
        if waiting and (rests or not any(one.phase == "running" for one in jobs)):
            events += await self._line(rests, waiting[:LINE], now)
        else:
            events += _starts(waiting[:LINE], None, now)
        return events

    async def _line(
        self, rests: list[Spread], waiting: list[JobView], now: float
    ) -> list[AnyEvent]:
        lengths: list[tuple[str, Spread | None, int]] = []
        warm = self._warm.get(waiting[0].source)
        for job in waiting:
            similar = await self._similar(job, warm)
            lengths.append((job.key, whole(similar), len(similar)))
            warm = _family(job)
        estimates, stops = line(rests, lengths, now=now)
        told = [
            event
            for job in waiting
            if job.key in estimates
            for event in _material(job, estimates[job.key], now)
        ]
        return told + _starts(waiting, stops, now)

    def _rest(self, job: JobView, similar: Sequence[Record], now: float) -> Spread | None:
        standing = job.estimate
        if not job.bars and job.key in self._paces and standing and standing.end_at > now:
            # Between two bars: the last word stands (Rule 2).
            return standing.end_at - now, standing.low_at - now, standing.high_at - now
        pace = self._paces.get(job.key)
        return remaining(job, similar, pace=pace.measured() if pace else NOTHING, now=now)

    def _limit(self, job: JobView, similar: Sequence[Record], now: float) -> list[AnyEvent]:
        limit = round(stall_limit(similar), 1)
        if self._limits.get(job.key) == limit:
            return []
        self._limits[job.key] = limit
        return [_reading(job, "stall_limit", limit, now)]

    async def _similar(self, job: JobView, warm: str | None) -> list[Record]:
        kind = _kind(job)
        if kind not in self._history:
            self._history[kind] = await self._recall(job)
            while len(self._history) > REMEMBERED:
                self._history.popitem(last=False)
        self._history.move_to_end(kind)
        cold = job.readings.get("cold")
        if cold is None and warm is not None and job.phase != "finishing":
            cold = warm != _family(job)
        return alike(job, self._history[kind], cold=cold)


def _material(job: JobView, said: Estimate, now: float) -> list[AnyEvent]:
    known = job.estimate
    if known is not None and (known.start_at is None) == (said.start_at is None):
        slack = max(SMALLEST, MATERIAL * (said.end_at - now))
        moved = max(
            abs(known.end_at - said.end_at),
            abs((known.start_at or 0.0) - (said.start_at or 0.0)),
        )
        if moved < slack and known.samples == said.samples:
            return []
    return [_reading(job, "estimate", msgspec.structs.asdict(said), now)]


def _starts(
    waiting: Sequence[JobView], stops: tuple[str, float] | None, now: float
) -> list[AnyEvent]:
    """The start of the one whose length is unknown; nobody else keeps one that was told."""
    told: list[AnyEvent] = []
    for job in waiting:
        known = job.readings.get(START)
        at = stops[1] if stops and stops[0] == job.key else None
        if at is None and known is None:
            continue
        slack = max(SMALLEST, MATERIAL * (at - now)) if at is not None else 0.0
        if at is None or not isinstance(known, float | int) or abs(known - at) > slack:
            told.append(_reading(job, START, at, now))
    return told


def _reading(job: JobView, field: str, value: object, now: float) -> Reading:
    return Reading(
        key=job.key, at=now, observer="headway", basis="estimated", field=field, value=value
    )


def _how(job: JobView, similar: Sequence[Record]) -> str:
    if not similar:
        return "this run's measured speed"
    return "history and this run's speed" if job.bars else "history"


def _family(job: JobView) -> str:
    return str(job.meta.get("model") or job.meta.get("family") or "")


def _kind(job: JobView) -> tuple[str, str, str]:
    return job.source, str(job.meta.get("signature", "")), str(job.meta.get("family", ""))

"""The seeds' frames, for a client that offers no subprotocol: their pages work unchanged.

Rule 1: everybody gets every job and daemon, from the first moment: those that run now
come at once, then each change, conflated to `RATE` rounds a second.
Rule 2: what such a client says and we do not know is answered with an error, as the
seed's server did; nothing it says can end the stream.
Rule 3: of several jobs that were given one number (`job_id`), the one that was monitored
last has it; the others go by their prompt id.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NoReturn

import msgspec

from headway.model.keys import join, kind_of
from headway.model.views import DaemonView, JobView, SourceView
from headway.model.words import RESOLVED
from headway.server.door import Door
from headway.server.flow import Flow
from headway.server.privacy import public
from headway.store.contract import Change, Query
from headway.talk import frames

RATE = 10.0  # rounds a second
SLICE = 500  # changes in one round
RECORDS = 1_000  # finished jobs that the statistics look at
NUMBERS = 10_000  # numbers of which one stream remembers who has them

Write = Callable[[bytes], Awaitable[None]]


class Plain:
    """Our side of a stream of the seeds' frames."""

    def __init__(self, door: Door, flow: Flow, write: Write, *, everything: bool) -> None:
        self._door = door
        self._flow = flow
        self._write = write
        self._everything = everything
        self._holders: dict[str, tuple[float, str]] = {}  # number → since when, whose key

    async def send(self) -> NoReturn:
        """Tell what is and what comes, until cancelled."""
        plane = self._door.plane
        await self._say("connection_established", await self._statistics())
        while True:
            _, _, changes, mailbox = await plane.open(None, _wanted)
            try:
                await self._tell(changes)
                while not mailbox.overflowed:
                    await mailbox.wait()
                    await self._flow.room()
                    await self._tell(mailbox.take(SLICE)[0])
                    await self._door.sleep(1.0 / RATE)
            finally:
                plane.hub.unsubscribe(mailbox)

    async def hear(self, data: str | bytes) -> None:
        """Answer one message of the client."""
        try:
            ask = frames.read_ask(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            await self._write(frames.trouble("Invalid JSON message"))
            return
        if ask.type == "get_statistics":
            await self._say("statistics", await self._statistics())
        elif ask.type == "get_job_progress":
            await self._tell_job(ask.job)
        else:
            await self._write(frames.trouble(f"Unknown message type: {ask.type[:80]}"))

    async def _tell_job(self, asked: str) -> None:
        job = await self._job(asked)
        if job is None:
            await self._write(frames.trouble(f"Job {asked[:80]} not found"))
            return
        await self._say("job_progress", self._progress(job))

    async def _tell(self, changes: list[Change]) -> None:
        for change in changes:  # first all of them: who has a number must be known before
            if isinstance(change.view, JobView):
                self._learn(change.view)
        for change in changes:
            await self._flow.room()
            if isinstance(change.view, JobView):
                await self._say("progress_update", self._progress(change.view))
            elif isinstance(change.view, DaemonView):
                view = change.view if self._everything else public(change.view)
                assert isinstance(view, DaemonView)
                await self._say("daemon_status", frames.daemon(view))

    def _progress(self, job: JobView) -> frames.ProgressData:
        holder = self._holders.get(str(frames.job_id(job)))
        source = self._door.plane.live().get(join(job.source))
        seen = not (source and isinstance(source.view, SourceView) and source.view.seen is False)
        shown = job if self._everything else public(job)
        assert isinstance(shown, JobView)
        told = frames.progress(shown, now=self._now(), seen=seen)
        if holder is not None and holder[1] != job.key:
            told["job_id"] = job.native
        return told

    def _learn(self, job: JobView) -> None:
        number, own = str(frames.job_id(job)), (_monitored_at(job), job.key)
        if number == job.native or own <= self._holders.get(number, (-1.0, "")):
            return
        self._holders.pop(number, None)
        self._holders[number] = own
        if len(self._holders) > NUMBERS:
            del self._holders[next(iter(self._holders))]

    async def _statistics(self) -> frames.StatisticsData:
        plane = self._door.plane
        ends = [(one.source, one.outcome, one.n) for one in await plane.read("totals")]
        records = await plane.read("records", limit=RECORDS)
        return frames.statistics(self._live_jobs(), records, ends, now=self._now())

    async def _job(self, asked: str) -> JobView | None:
        known = [one for one in self._live_jobs() if asked in _names(one)]
        if known:
            return max(known, key=_monitored_at)
        keys = await self._door.plane.read("resolve", asked) if asked else []
        views = [await self._door.plane.read("get", key) for key in keys]
        exact = [one for one in views if isinstance(one, JobView) and one.native == asked]
        return exact[-1] if exact else await self._numbered(asked)

    async def _numbered(self, asked: str) -> JobView | None:
        # An id given to `monitor_job` is no key: it is looked for among the newest jobs.
        page = await self._door.plane.read("find", Query(kind="job", limit=500))
        jobs = [one for one in page.views if isinstance(one, JobView)]
        mine = [one for one in jobs if asked and asked in _names(one)]
        return max(mine, key=_monitored_at, default=None)

    def _live_jobs(self) -> list[JobView]:
        views = [change.view for change in self._door.plane.live().values()]
        return [one for one in views if isinstance(one, JobView) and one.phase not in RESOLVED]

    async def _say(self, kind: str, data: Mapping[str, Any]) -> None:
        await self._write(frames.frame(kind, data, now=self._now()))

    def _now(self) -> float:
        return self._door.plane.clock()


def _names(job: JobView) -> tuple[str, str]:
    return str(frames.job_id(job)), job.native


def _monitored_at(job: JobView) -> float:
    at = job.meta.get("monitored_at")
    return float(at) if isinstance(at, int | float) else 0.0


def _wanted(change: Change) -> bool:
    return kind_of(change.key) in ("job", "daemon")

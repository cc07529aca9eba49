"""`GET /metrics`: the plane in the words of Prometheus.

Rule 1: base units, and no label that grows with jobs: sources, outcomes, classes of
errors (at most `CLASSES`, the rest is "other").
Rule 2: of a source that is not seen nothing is told but that: its series are absent,
because 0 would say that nothing waits.
Rule 3: ends come from the store's own tally, and so outlive this process; times are
counted from the start of this process, each job once.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter as Tally
from collections.abc import AsyncIterator, Iterable, Iterator

from aiohttp import web
from prometheus_client import PROCESS_COLLECTOR, CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from headway.hub import Hub
from headway.model.keys import kind_of, source_of
from headway.model.views import AnyView, JobView, SourceView
from headway.model.words import ACTIVE, RESOLVED, WAITING
from headway.server.answers import parameters
from headway.server.door import DOOR, Door, door_of
from headway.server.views import NoQuery
from headway.store.contract import Change, Count

log = logging.getLogger(__name__)

CLASSES = 50  # of errors that get a name of their own
REMEMBERED = 10_000  # jobs whose end was counted
SECONDS = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 14_400)
NAMED = re.compile(r"([A-Za-z_][\w.]{0,63})(?::| of |$)").match


async def metrics(request: web.Request) -> web.Response:
    """The plane in numbers, in the text format of Prometheus or OpenMetrics."""
    parameters(request, NoQuery)
    door = door_of(request)
    ends: list[Count] = await door.plane.read("totals")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Snapshot(_families(door, ends)))
    registry.register(request.app[TIMES])
    registry.register(PROCESS_COLLECTOR)
    encode, media = choose_encoder(request.headers.get("Accept", ""))
    return web.Response(body=encode(registry), headers={"Content-Type": media})


class Times(Collector):
    """How long jobs waited and ran, and of what they failed."""

    def __init__(self) -> None:
        self._counted: dict[str, None] = {}
        self._classes: set[str] = set()
        self._waited = _histogram("headway_job_wait_seconds", "From in line to its start")
        self._ran = _histogram("headway_job_run_seconds", "From its start to its end")
        self._failed = Counter(
            "headway_job_failures", "Failed jobs", ("source", "error"), registry=None
        )

    def collect(self) -> Iterable[Metric]:
        """The three, as Prometheus wants them."""
        for one in (self._waited, self._ran, self._failed):
            yield from one.collect()

    async def follow(self, hub: Hub) -> None:
        """Count the ends that are told, until cancelled."""
        mailbox = hub.subscribe(_edge_of_a_job)
        try:
            while True:
                await mailbox.wait()
                if mailbox.overflowed:  # more ends at once than anybody can look at
                    hub.unsubscribe(mailbox)
                    mailbox = hub.subscribe(_edge_of_a_job)
                    continue
                for change in mailbox.take()[0]:
                    self._count(change)
        finally:
            hub.unsubscribe(mailbox)

    def _count(self, change: Change) -> None:
        try:
            self.count(change.view)
        except Exception:  # a task root: a number that is missing harms nobody
            log.exception("metrics.failed key=%s", change.key)

    def count(self, job: AnyView) -> None:
        """Count a job that is over, once."""
        if not isinstance(job, JobView) or job.phase not in RESOLVED or job.key in self._counted:
            return
        self._counted[job.key] = None
        if len(self._counted) > REMEMBERED:
            del self._counted[next(iter(self._counted))]
        _observe(self._waited, job.source, job.queued_at, job.started_at)
        _observe(self._ran, job.source, job.started_at, job.ended_at)
        if job.phase == "failed":
            self._failed.labels(job.source, self._class_of(job.why)).inc()

    def _class_of(self, why: str) -> str:
        named = NAMED(why)
        if named is None:
            return "other"
        if len(self._classes) < CLASSES:
            self._classes.add(named[1])
        return named[1] if named[1] in self._classes else "other"


TIMES: web.AppKey[Times] = web.AppKey("times", Times)


async def counting(app: web.Application) -> AsyncIterator[None]:
    """Count while the door is open (an aiohttp clean-up context)."""
    app[TIMES] = Times()
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(app[TIMES].follow(app[DOOR].plane.hub))
        yield
        following.cancel()


class _Snapshot(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


def _families(door: Door, ends: list[Count]) -> Iterator[Metric]:
    views = [change.view for change in door.plane.live().values()]
    sources = {source_of(one.key): one for one in views if isinstance(one, SourceView)}
    seen = {name: bool(one.seen) for name, one in sources.items() if one.seen is not None}
    yield _gauge("headway_source_up", "1: it is seen, 0: it is not", seen)
    known = [one for one in views if isinstance(one, JobView) and "runs_as" not in one.meta]
    told = {name for name in (*sources, *(one.source for one in known)) if seen.get(name, True)}
    for word, phases in (("waiting", WAITING), ("running", ACTIVE)):
        counted = Tally(one.source for one in known if one.phase in phases)
        now = {name: counted[name] for name in sorted(told)}
        yield _gauge(f"headway_jobs_{word}", f"Unfinished jobs that are {word}", now)
    yield _ended(ends)
    yield from _own(door)


def _ended(ends: list[Count]) -> Metric:
    found: Tally[tuple[str, str]] = Tally()
    for one in ends:
        found[one.source, one.outcome] += one.n
    family = CounterMetricFamily(
        "headway_jobs_ended", "Jobs that ended so", labels=("source", "outcome")
    )
    for labels, n in sorted(found.items()):
        family.add_metric(labels, n)
    return family


def _own(door: Door) -> Iterator[Metric]:
    own = {
        "headway_store_up": ("1: the last write was stored", not door.plane.failing),
        "headway_store_offset": ("Changes of entities so far", door.plane.hub.head),
        "headway_streams": ("Live streams that are open", len(door.streams)),
        "headway_events_waiting": ("Posted events not stored yet", door.waiting_events),
    }
    for name, (about, value) in own.items():
        yield GaugeMetricFamily(name, about, value=float(value))
    built = GaugeMetricFamily("headway_build_info", "The version that runs", labels=("version",))
    built.add_metric((door.version,), 1)
    yield built


def _gauge(name: str, about: str, values: dict[str, bool] | dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=("source",))
    for source, value in values.items():
        family.add_metric((source,), float(value))
    return family


def _histogram(name: str, about: str) -> Histogram:
    return Histogram(name, about, ("source",), buckets=SECONDS, registry=None)


def _observe(into: Histogram, source: str, start: float | None, end: float | None) -> None:
    if start is not None and end is not None:
        into.labels(source).observe(max(end - start, 0.0))


def _edge_of_a_job(change: Change) -> bool:
    return change.edge and kind_of(change.key) == "job"

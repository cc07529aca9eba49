"""The jobs that are known, and which use of an id is meant.

Rule 1: a job is (source, prompt id, incarnation): `create_time` where it is given, else
    the server instance and the number. Clients choose prompt ids and may use one twice.
Rule 2: an id seen waiting or running after its end was told is a new incarnation, never
    a revival; a listing read before that end was told is an echo and changes nothing.
Rule 3: what names only the id means its use that runs, else the newest that has not ended.
Rule 4: ended jobs are remembered in bounded number, the newest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Literal

from headway.dialects.comfyui.plan import Plan
from headway.dialects.comfyui.queue import Row
from headway.model.keys import JobKey, job_key
from headway.model.views import JobView

MOST_ENDED = 5_000  # jobs
LONGEST_KEY = 900  # characters of a job's key: an event's holds 1,024

Place = Literal["waiting", "running", "gone", "over"]


class Bar:
    """One bar: where it stands, and which run of it this is."""

    __slots__ = ("done", "run", "total")

    def __init__(self) -> None:
        self.done: float | None = None
        self.total: float | None = None
        self.run = 0

    def moves(self, done: float, total: float | None) -> bool:
        """Take the reading; True if it is news. A fall or a new total is a new run."""
        if done == self.done and total == self.total:
            return False
        if self.done is not None and (done < self.done or total != self.total):
            self.run += 1
        self.done, self.total = done, total
        return True


class Known:
    """What is remembered of one job. `created` in the server's clock, in milliseconds."""

    def __init__(self, key: str, native: str, number: float, created: int | None) -> None:
        self.key, self.native, self.number, self.created = key, native, number, created
        self.place: Place = "waiting"
        self.plan: Plan | None = None
        self.registered = self.asked_plan = self.queued = False
        self.ran = self.exact = self.to_its_end = self.told = self.replaced = False
        self.presumed = False  # its end was told, and nobody saw it
        self.unbroken = True
        self.unwatched = False  # it may have ended since it was seen, and nobody would know
        self.started = False  # a listing showed it running
        self.watched_from_start = False  # the console was heard during its whole run
        self.look = 0  # the number of the listing that showed it last
        self.gone_at = self.ask_at = self.ended_at = 0.0
        self.reads = 0
        self.asked = 0.0  # answers of the history; an unreadable one counts less than one
        self.doomed = ""  # the proof of a restart since
        self.position: tuple[int, int] | None = None
        self.bars: dict[str, Bar] = {}  # of the status socket, by step
        self.drawn: dict[str, Bar] = {}  # of the console, by step
        self.running_steps: set[str] = set()
        self.ended_steps: dict[str, float] = {}
        self.sampler = ""  # the step that draws the console's bar
        self.cold: bool | None = None

    def name_of(self, step: str) -> str:
        """What a step does; "" where the graph is not known."""
        return self.plan.names.get(step, "") if self.plan else ""

    def bar(self, step: str) -> Bar:
        """The status socket's bar of a step."""
        return self.bars.setdefault(step, Bar())

    def drawing(self, step: str) -> Bar:
        """The console's bar of a step; "" where the step is not known."""
        return self.drawn.setdefault(step, Bar())


class Roll:
    """All jobs of one source. `instance` counts proven restarts."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.instance = 0
        self._by_key: dict[str, Known] = {}
        self._by_native: dict[str, list[Known]] = {}
        self._live: dict[str, Known] = {}
        self._over: dict[str, Known] = {}

    def __iter__(self) -> Iterator[Known]:
        return iter(list(self._live.values()))

    def get(self, key: str) -> Known | None:
        """The job of that key, ended or not."""
        return self._by_key.get(key)

    def of_row(self, row: Row) -> tuple[Known | None, bool]:
        """The job that a listing's row is about, and whether it is new; None: an echo."""
        incarnation = self._incarnation(row)
        found = self._seen_here(row) or self._by_key.get(
            key_text(self.source, row.native, incarnation)
        )
        if found is None:
            return self._add(row.native, incarnation, row.number, row.created), True
        if found.place != "over":
            return found, False
        if found.presumed:
            return self._reopen(found), False
        return (None, False) if found.created is not None else self._again(row, incarnation)

    def of_entry(self, row: Row) -> Known:
        """The job that a history entry is about."""
        uses = [job for job in self._by_native.get(row.native, []) if _same(job, row)]
        if uses:
            return uses[-1]
        return self._add(row.native, self._incarnation(row), row.number, row.created)

    def named(self, native: str) -> Known | None:
        """The use of an id that a message naming only the id is about."""
        uses = [job for job in self._by_native.get(native, []) if job.place != "over"]
        running = [job for job in uses if job.place == "running"]
        found = running or uses
        return found[-1] if found else None

    def ended_use(self, native: str) -> Known | None:
        """The newest use of an id, ended or not."""
        uses = self._by_native.get(native)
        return uses[-1] if uses else None

    def close(self, job: Known) -> None:
        """The job is over."""
        job.place = "over"
        self._live.pop(job.key, None)
        self._over[job.key] = job
        while len(self._over) > MOST_ENDED:
            self._forget(self._over.pop(next(iter(self._over))))

    def seed(self, views: Iterable[JobView]) -> list[Known]:
        """Remember unfinished jobs that were known before this program started."""
        seeded = []
        for view in views:
            if view.key in self._by_key:
                continue
            incarnation = job_key(view.key).incarnation
            created = int(incarnation) if incarnation.isdigit() else None
            number = view.meta.get("number")
            job = Known(view.key, view.native, _number(number), created)
            job.ran = view.phase in ("running", "finishing")
            job.place = "running" if job.ran else "waiting"
            job.unbroken, job.queued, job.unwatched = False, True, True
            seeded.append(self._keep(job))
        return seeded

    def _reopen(self, job: Known) -> Known:
        # Presumed over, and there it is: what was told stands until its end is seen.
        self._over.pop(job.key, None)
        self._live[job.key] = job
        job.place, job.told, job.presumed = "waiting", False, False
        return job

    def _seen_here(self, row: Row) -> Known | None:
        # Without create_time the incarnation holds the instance, and a restart may be
        # proven only after jobs of the new life were listed: they stay what they are.
        if row.created is not None:
            return None
        uses = self._by_native.get(row.native, [])
        return next((job for job in uses if _is_listed(job) and job.number == row.number), None)

    def _incarnation(self, row: Row) -> str:
        if row.created is not None:
            return str(row.created)
        number = int(row.number) if row.number == int(row.number) else row.number
        return f"{self.instance}.{number}"

    def _again(self, row: Row, incarnation: str) -> tuple[Known | None, bool]:
        for use in range(2, 1_000):
            named = f"{incarnation}.{use}"
            found = self._by_key.get(key_text(self.source, row.native, named))
            if found is None:
                return self._add(row.native, named, row.number, row.created), True
            if found.place != "over":
                return found, False
        return None, False

    def _add(self, native: str, incarnation: str, number: float, created: int | None) -> Known:
        key = key_text(self.source, native, incarnation)
        return self._by_key.get(key) or self._keep(Known(key, native, number, created))

    def _keep(self, job: Known) -> Known:
        self._by_key[job.key] = self._live[job.key] = job
        self._by_native.setdefault(job.native, []).append(job)
        return job

    def _forget(self, job: Known) -> None:
        self._by_key.pop(job.key, None)
        uses = self._by_native.get(job.native, [])
        if job in uses:
            uses.remove(job)
        if not uses:
            self._by_native.pop(job.native, None)


def key_text(source: str, native: str, incarnation: str) -> str:
    """A job's key, short enough for an event whatever the id is made of."""
    key = JobKey(source, native, incarnation).text
    if len(key) <= LONGEST_KEY:
        return key
    digest = hashlib.blake2b(native.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return JobKey(source, f"{native[:16]}…{digest}", incarnation).text


def _is_listed(job: Known) -> bool:
    return job.place != "over" and job.created is None and job.unbroken


def _same(job: Known, row: Row) -> bool:
    if job.created is not None or row.created is not None:
        return job.created == row.created
    return job.number == row.number


def _number(value: object) -> float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 0.0

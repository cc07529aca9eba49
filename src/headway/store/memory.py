"""The store without a file: for tests, demos, and programs that keep nothing.

Rule 1: it answers exactly as the store in a file does; one contract test runs on both.
Rule 2: nothing is indexed and everything is gone at the end.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from headway.errors import CursorExpired
from headway.fold.record import record_of
from headway.fold.views import meta_of, view
from headway.model.cursor import Cursor
from headway.model.entities import AnyEntity, Job
from headway.model.events import AnyEvent, Ended, discriminator
from headway.model.keys import JobKey, step_key
from headway.model.records import Record
from headway.model.views import AnyView, StepView
from headway.store.bodies import KINDS, entity_from, without_detail
from headway.store.contract import FARTHEST, Change, Count, Page, Past, Query, Sample
from headway.store.finding import page_of
from headway.store.present import Heard, Held, Present
from headway.store.reading import check_cursor, in_order, tag_of
from headway.store.row import Row, Tallied, tallied_in

DAY = 86_400.0  # seconds

Once = tuple[str, int, int, str]
"""key, attempt, kind, discriminator: what makes an edge one."""


class _Nothing:
    """A shelf with nothing on it: what is not in memory does not exist."""

    def load(self, keys: Iterable[str]) -> list[Held]:
        return []

    def members(self, group: str) -> list[tuple[str, str, AnyEntity | None]]:
        return []


class MemoryStore:
    """A `Store` in memory."""

    def __init__(self, epoch: str | None = None) -> None:
        self._epoch = epoch or secrets.token_hex(5)
        self._head = 0
        self._ids = 0
        self._floor = 0
        self._dirty = False
        self._present = Present(_Nothing())
        self._past: dict[Once, Past] = {}
        self._details: dict[tuple[str, int], str] = {}
        self._tally: Counter[Tallied] = Counter()
        self._records: dict[str, Record] = {}
        self._samples: list[Sample] = []

    def append(self, events: Sequence[AnyEvent]) -> list[Change]:
        """Fold admitted events."""
        heard = self._present.fold(events)
        self._keep_edges(heard)
        changes = self._present.settle(heard, self._take)
        told = [self._present.rows[change.key] for change in changes]
        for row in told:
            row.id = row.id or self._new_id()
        for job in {_job_of(row) for row in told}:
            self._follow(job)
        self._dirty = not heard.edged and (self._dirty or bool(told))
        return changes

    def flush(self) -> None:
        """Levels count as written."""
        self._dirty = False

    def dirty(self) -> bool:
        """True if levels came since the last edge or flush."""
        return self._dirty

    def outside(self) -> list[Change]:
        """There are no other processes."""
        return []

    def sample(self, samples: Sequence[Sample]) -> None:
        """Keep readings of machines."""
        self._samples += samples

    def prune(
        self, now: float, *, days: float = 90, size: int = 2_000_000_000, jobs: int = 200
    ) -> int:
        """Forget one slice of the jobs that ended before `days`; `size` is not looked at."""
        oldest = now - days * DAY
        ended = [row for row in self._rows("job") if not row.facts.active and row.facts.at < oldest]
        gone = sorted(ended, key=lambda row: (row.facts.at, row.id))[:jobs]
        for row in gone:
            steps = self._present.steps[row.key]
            offsets = [self._present.rows[key].offset for key in (row.key, *steps)]
            self._floor = max(self._floor, *offsets)
            self._present.drop(row.key)
            self._past = {once: one for once, one in self._past.items() if once[0] != row.key}
        self._records = {k: one for k, one in self._records.items() if one.ended_at >= oldest}
        return len(gone)

    def close(self) -> None:
        """Nothing to let go of."""

    def cursor(self) -> Cursor:
        """The epoch, and the last offset given out."""
        return Cursor(self._epoch, self._head)

    def changes(self, since: Cursor, limit: int = FARTHEST) -> list[Change]:
        """Entities changed after `since`, newest value, in order of offset."""
        counters = {"epoch": self._epoch, "floor": self._floor, "reserved": self._head}
        check_cursor(since, counters)
        rows = [row for row in self._present.rows.values() if row.offset > since.offset]
        if len(rows) > limit:
            raise CursorExpired(f"the cursor {since.text} is more than {limit} changes behind")
        edged = set(self._edged(since.offset))
        rows.sort(key=lambda row: row.offset)
        return [Change(row.offset, row.key, None, row.key in edged, row.body) for row in rows]

    def live(self) -> list[Change]:
        """Every active entity but steps, in order of offset."""
        return self._present.live()

    def get(self, key: str) -> AnyView | None:
        """The entity, or None if nothing is known of it."""
        row = self._present.rows.get(key)
        return view(entity_from(row.body)) if row else None

    def meta(self, key: str) -> dict[str, Any]:
        """All that was registered of the entity; {} if nothing."""
        entity = self._present.entities.get(key)
        return meta_of(entity) if entity else {}

    def steps(self, job: str) -> list[StepView]:
        """The steps of a job in order of their start."""
        return in_order([view(step) for step in self._present.steps_of(job)])

    def past(self, key: str, *, limit: int = 1000) -> list[Past]:
        """The edges of an entity, oldest first; of more than `limit` the newest."""
        return [one for once, one in self._past.items() if once[0] == key][-limit:]

    def payload(self, key: str, name: str) -> str | None:
        """A big text kept apart, of the last attempt that has one."""
        found = {attempt: text for (job, attempt), text in self._details.items() if job == key}
        return found[max(found)] if found and name == "detail" else None

    def find(self, query: Query) -> Page:
        """One page of a list."""
        rows = [(row, self._present.entities[row.key]) for row in self._rows(query.kind)]
        return page_of(rows, query)

    def resolve(self, prefix: str, limit: int = 10) -> list[str]:
        """Keys of jobs whose key or native id starts with `prefix`, sorted."""
        keys = [row.key for row in self._rows("job")]
        native = JobKey("", prefix).text.split("~")[1]
        found = [one for one in keys if one.startswith(prefix) or _native(one).startswith(native)]
        return sorted(found)[:limit] if prefix else sorted(keys)[:limit]

    def counts(self, *, since_hour: int = 0) -> list[Count]:
        """How many jobs ended how, by source and hour."""
        counted = sorted(self._tally.items())
        return [Count(*what, n) for what, n in counted if n > 0 and what[2] >= since_hour]

    def totals(self) -> list[Count]:
        """How many jobs ever ended how, by source."""
        found: Counter[tuple[str, str]] = Counter()
        for (source, outcome, _), n in self._tally.items():
            found[source, outcome] += n
        return [Count(*what, 0, n) for what, n in sorted(found.items()) if n > 0]

    def records(
        self, *, signature: str = "", family: str = "", source: str = "", limit: int = 50
    ) -> list[Record]:
        """What is remembered of finished jobs, newest end first."""
        found = [
            one
            for one in self._records.values()
            if signature in ("", one.signature)
            and family in ("", one.family)
            and source in ("", one.source)
        ]
        found.sort(key=lambda one: (one.ended_at, one.key), reverse=True)
        return found[:limit]

    def samples(self, key: str, field: str, *, since: float = 0.0) -> list[Sample]:
        """Readings of a machine, oldest first."""
        found = [one for one in self._samples if (one.key, one.field) == (key, field)]
        return sorted((one for one in found if one.at >= since), key=lambda one: one.at)

    def _take(self, n: int) -> int:
        self._head += n
        return self._head - n + 1

    def _new_id(self) -> int:
        self._ids += 1
        return self._ids

    def _rows(self, kind: str) -> list[Row]:
        return [row for row in self._present.rows.values() if row.kind == kind]

    def _keep_edges(self, heard: Heard) -> None:
        for event, changed in heard.edges:
            once = (event.key, event.attempt, KINDS[type(event)], discriminator(event))
            if once not in self._past:
                self._keep_edge(once, event)
            elif not changed:
                continue
            heard.changed[event.key] = None
            heard.edged.add(event.key)

    def _keep_edge(self, once: Once, event: AnyEvent) -> None:
        body = without_detail(event)
        kept = Past(self._take(1), tag_of(once[2]), event.at, event.attempt, body)
        self._past[once] = kept
        if isinstance(event, Ended) and event.detail:
            known = self._details.get((event.key, event.attempt), "")
            longest = max(known, event.detail, key=len)
            self._details[event.key, event.attempt] = longest

    def _follow(self, job: str) -> None:
        """Move the tally and keep the record of a job that may have ended."""
        row, entity = self._present.rows.get(job), self._present.entities.get(job)
        if row is None or not isinstance(entity, Job) or not row.facts.outcome:
            return
        counted = tallied_in(entity, row.facts)
        if counted != row.tallied:
            self._tally.subtract([row.tallied] if row.tallied else [])
            self._tally.update([counted] if counted else [])
            row.tallied = counted
        record = record_of(entity, self._present.steps_of(job))
        if record is not None:
            self._records[job] = record

    def _edged(self, since: int) -> Iterator[str]:
        for (key, *_), one in self._past.items():
            if one.offset > since:
                yield key
                step = getattr(one.body, "step", "")
                if step:
                    yield step_key(key, step)


def _job_of(row: Row) -> str:
    return row.key.rpartition("~")[0] if row.kind == "step" else row.key


def _native(key: str) -> str:
    return key.split("~")[1]

"""What is forgotten, and what is made small.

Rule 1: only finished jobs are forgotten, the longest finished first: beyond an age, or
while the file is too big. The tally keeps their number.
Rule 2: in slices, each its own transaction, so that writing never waits long.
Rule 3: a cursor that has not seen what is forgotten here cannot be resumed: `floor`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import apsw

from headway.store.bodies import encode, entities_from, entity_from
from headway.store.queries import named
from headway.store.writer import Writer

DAY = 86_400.0  # seconds
STEPS_LOOSE = DAY  # seconds after a job's end for which its steps have a row each
SAMPLES_KEPT = 7 * DAY  # seconds

_SQL = named("retention")


class Cut(NamedTuple):
    """What went: keys of jobs and groups, and the greatest offset among the rows."""

    keys: list[str]
    floor: int


class Retention:
    """Forgets, through the writer's transactions."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute: Callable[..., Any] = connection.execute
        self._many = connection.executemany

    def prune(self, writer: Writer, now: float, *, days: float, size: int, jobs: int) -> int:
        """One slice of each; how many jobs were forgotten or made compact."""
        oldest = now - days * DAY
        n = self._cut(writer, lambda: self._forget(now, oldest, size, jobs))
        return n + self._cut(writer, lambda: self._compact(now - STEPS_LOOSE, jobs))

    def _cut(self, writer: Writer, work: Any) -> int:
        def within() -> Cut:
            cut: Cut = work()
            if cut.floor > writer.floor:
                writer.floor = cut.floor
                writer.set_counter("floor", cut.floor)
            return cut

        cut = writer.transact("normal", within)
        for key in cut.keys:
            writer.present.drop(key)
        return len(cut.keys)

    def _forget(self, now: float, oldest: float, size: int, most: int) -> Cut:
        jobs = self._rows("too_old", (oldest, most))
        if not jobs and self._rows("used", ())[0][0] > size:
            jobs = self._rows("oldest", (most,))
        family = [row for job in jobs for row in self._rows("family", job)]
        groups = self._rows("groups_too_old", (oldest, most))
        gone = family + [(place, offset) for place, _, offset in groups]
        self._delete([place for place, _ in gone])
        self._execute(_SQL["forget_records"], (oldest,))
        self._execute(_SQL["forget_samples"], (now - SAMPLES_KEPT,))
        keys = [job[1] for job in jobs] + [group[1] for group in groups]
        return Cut(keys, max((offset for _, offset in gone), default=0))

    def _delete(self, places: list[int]) -> None:
        rows = [(place,) for place in places]
        for table in ("entity", "events", "payloads", "compact", "title"):
            if rows:
                self._many(_SQL[f"forget_{table}"], rows)

    def _compact(self, before: float, most: int) -> Cut:
        keys = [key for (key,) in self._rows("loose", (before, 20 * most))][:most]
        floor = max((self._compact_job(key) for key in keys), default=0)
        return Cut(keys, floor)

    def _compact_job(self, job: str) -> int:
        """Put the steps of one job into one row; the greatest offset among them."""
        rows = self._rows("steps", (job,))
        places = self._rows("job_id", (job,))
        if not places:
            return 0
        place = places[0][0]
        earlier = [
            one for (body,) in self._rows("compact", (place,)) for one in entities_from(body)
        ]
        steps = {one.key: one for one in (*earlier, *(entity_from(row[3]) for row in rows))}
        self._execute(_SQL["make_compact"], (place, encode(list(steps.values())).decode()))
        self._many(_SQL["forget_entity"], [(row[0],) for row in rows])
        return int(max(row[2] for row in rows))

    def _rows(self, name: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._execute(_SQL[name], values).fetchall()
        return found

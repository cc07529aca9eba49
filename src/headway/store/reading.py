"""What the file answers. One connection, one thread; the writer has its own.

Rule 1: every answer is one snapshot of the file; what another process commits
meanwhile is in the next one.
Rule 2: lists are read by an index, or bounded (`WIDEST`), and a test looks at each plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import apsw

from headway.errors import CursorExpired
from headway.fold.views import meta_of, view
from headway.model.cursor import Cursor
from headway.model.keys import Kind, kind_of, step_key
from headway.model.records import Record
from headway.model.views import AnyView, StepView
from headway.store import finding
from headway.store.bodies import CLASSES, entities_from, entity_from, event_from, record_from
from headway.store.contract import (
    FARTHEST,
    WIDEST,
    Change,
    Count,
    Page,
    Past,
    Query,
    Sample,
)
from headway.store.failures import store_error
from headway.store.naming import native_ranges, upper
from headway.store.opening import IsNetwork, connect_reader
from headway.store.queries import named

_SQL = named("read")
_LIVE: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind != "step")


class Reader:
    """A read-only look at a store's file. Every method may raise StoreError."""

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @classmethod
    def open(cls, path: Path, *, is_network: IsNetwork | None = None) -> Reader:
        """Raises: StoreError if there is no file, or it cannot be read."""
        return cls(connect_reader(path, is_network=is_network), path)

    def cursor(self) -> Cursor:
        """The epoch, and the greatest offset in the file."""
        counters = self._counters()
        return Cursor(counters["epoch"], max(self._head(), counters["floor"]))

    def changes(self, since: Cursor, limit: int = FARTHEST) -> list[Change]:
        """Entities changed after `since`, newest value, in order of offset."""
        with self._one_state():
            check_cursor(since, self._counters())
            rows = self._rows("changes", (since.offset, limit + 1))
            edged = edged_keys(self._rows("edged", (since.offset,))) if rows else set()
        if len(rows) > limit:
            raise CursorExpired(f"the cursor {since.text} is more than {limit} changes behind")
        return [Change(offset, key, None, key in edged, body) for offset, key, body in rows]

    def live(self) -> list[Change]:
        """Every active entity but steps, in order of offset."""
        with self._one_state():
            rows = [row for kind in _LIVE for row in self._rows("live", (kind,))]
        return [Change(offset, key, None, False, body) for offset, key, body in sorted(rows)]

    def get(self, key: str) -> AnyView | None:
        """The entity, or None if nothing is known of it."""
        for _, body in self._rows("get", (key,)):
            return view(entity_from(body))
        if kind_of(key) == "step":
            return next((one for one in self.steps(key.rpartition("~")[0]) if one.key == key), None)
        return None

    def meta(self, key: str) -> dict[str, Any]:
        """All that was registered of the entity; {} if nothing."""
        return next((meta_of(entity_from(body)) for _, body in self._rows("get", (key,))), {})

    def steps(self, job: str) -> list[StepView]:
        """The steps of a job in order of their start."""
        with self._one_state():
            rows = [entity_from(body) for (body,) in self._rows("steps", (job,))]
            compact = [
                one for (body,) in self._rows("compact", (job,)) for one in entities_from(body)
            ]
        steps = {one.key: one for one in (*compact, *rows)}
        return in_order([view(step) for step in steps.values()])

    def past(self, key: str, *, limit: int = 1000) -> list[Past]:
        """The edges of an entity, oldest first; of more than `limit` the newest."""
        rows = self._rows("past", (key, limit))
        return [
            Past(
                offset,
                tag_of(kind),
                at,
                attempt,
                event_from(kind, key, at, attempt, body),
            )
            for offset, kind, at, attempt, body in reversed(rows)
        ]

    def payload(self, key: str, name: str) -> str | None:
        """A big text kept apart, of the last attempt that has one."""
        return next((body for (body,) in self._rows("payload", (key, name))), None)

    def find(self, query: Query) -> Page:
        """One page of a list, as `Query` says."""
        with self._one_state():
            return finding.find(self._rows, query)

    def resolve(self, prefix: str, limit: int = 10) -> list[str]:
        """Keys of jobs whose key or native id starts with `prefix`, sorted."""
        with self._one_state():
            sources = {name for (name,) in self._rows("sources_of_ended", ())}
            sources |= {name for (name,) in self._rows("sources_of_active", ())}
            ranges = [(prefix, upper(prefix)), *native_ranges(sources, prefix)]
            found = {
                key
                for low, high in ranges
                for (key,) in self._rows("keys_between", (low, high, WIDEST, limit))
            }
        return sorted(found)[:limit]

    def counts(self, *, since_hour: int = 0) -> list[Count]:
        """How many jobs ended how, by source and hour."""
        return [Count(*row) for row in self._rows("counts", (since_hour,))]

    def totals(self) -> list[Count]:
        """How many jobs ever ended how, by source."""
        return [Count(*row) for row in self._rows("totals", ())]

    def records(
        self, *, signature: str = "", family: str = "", source: str = "", limit: int = 50
    ) -> list[Record]:
        """What is remembered of finished jobs, newest end first."""
        given = {"signature": signature, "family": family, "source": source}
        narrowest = next(
            (f"records_of_{name}" for name, value in given.items() if value), "records"
        )
        rows = self._rows(narrowest, given | {"limit": limit})
        return [record_from(body) for (body,) in rows]

    def samples(self, key: str, field: str, *, since: float = 0.0) -> list[Sample]:
        """Readings of a machine, oldest first."""
        return [Sample(*row) for row in self._rows("samples", (key, field, since))]

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close(True)

    @contextmanager
    def _one_state(self) -> Iterator[None]:
        """Several queries that see one state of the file."""
        try:
            with self._connection:
                yield
        except apsw.Error as exc:
            raise store_error(exc, self._path) from exc

    def _head(self) -> int:
        return self._rows("head", ())[0][0] or 0

    def _counters(self) -> dict[str, Any]:
        return dict(self._rows("counters", ()))

    def _rows(self, name: str, values: Any) -> list[tuple[Any, ...]]:
        statement = _SQL.get(name) or finding.SQL[name]
        try:
            return self._connection.execute(statement, values).fetchall()
        except apsw.Error as exc:
            raise store_error(exc, self._path) from exc


def check_cursor(since: Cursor, counters: dict[str, Any]) -> None:
    """Raises: CursorExpired if nothing can be resumed from there."""
    if since.epoch != counters["epoch"]:
        raise CursorExpired(f"the cursor {since.text} is of another store")
    if since.offset < counters["floor"]:
        raise CursorExpired(f"the cursor {since.text} is older than what is kept")
    if since.offset > counters["reserved"]:
        raise CursorExpired(f"the cursor {since.text} is ahead of the store")


def edged_keys(rows: list[tuple[str, str | None]]) -> set[str]:
    """The entities that these edges (key, step) are about."""
    return {key for key, _ in rows} | {step_key(key, step) for key, step in rows if step}


def in_order(views: list[AnyView]) -> list[StepView]:
    """Steps in order of their start; those that nobody saw start come last."""
    steps = [one for one in views if isinstance(one, StepView)]
    never = float("inf")
    return sorted(steps, key=lambda one: (_or(one.started_at, one.ended_at, never), one.key))


def _or(*times: float | None) -> float:
    return next(time for time in times if time is not None)


def tag_of(kind: int) -> str:
    """The word for a kind of edge."""
    return str(CLASSES[kind].__struct_config__.tag)

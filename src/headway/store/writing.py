"""What one commit writes: each dirty row once, each new edge once, and what follows.

Rule 1: pure but for the statements: everything is decided from the rows in memory.
Rule 2: what follows from a job's end (the tally, its record, its steps no longer being
active) is written in the same transaction as the end.
Rule 3: rows go down in bulk: one statement for many rows, and only the columns (and so
only the indexes) that changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import apsw

from headway.fold.record import record_of
from headway.model.entities import Group, Job
from headway.model.events import AnyEvent, Ended, Sealed, discriminator
from headway.store.bodies import KINDS, encode, event_body
from headway.store.present import Present
from headway.store.queries import named
from headway.store.row import Row, tallied_in

SQL = named("write")

Rows = list[tuple[Any, ...]]


class Writing:
    """Puts rows into the file, inside a transaction that the store holds open."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute: Callable[..., Any] = connection.execute
        self._many = connection.executemany
        self._last_id = 0

    def refresh(self) -> None:
        """Read which id was given last: another process may have written."""
        for (last,) in self._execute(SQL["last_id"]):
            self._last_id = last or 0

    def is_kept(self, event: AnyEvent, row: Row) -> bool:
        """True if this edge is in the past already."""
        if not row.id:
            return False
        place = (row.id, event.attempt, KINDS[type(event)], discriminator(event))
        return self._execute(SQL["has_event"], place).fetchone() is not None

    def write(self, present: Present, edges: list[tuple[int, AnyEvent]]) -> None:
        """Everything dirty, and the new `edges` with their offsets."""
        dirty = list(present.dirty.values())
        self._write_rows(dirty)
        if edges:
            self._write_edges(present, edges)
        resolved = _resolved_jobs(present, dirty)
        if resolved:
            self._write_ends(present, resolved)
        for row in dirty:
            row.saved = row.facts

    def _write_rows(self, dirty: list[Row]) -> None:
        inserts: Rows = []
        updates: Rows = []
        levels: Rows = []
        titles: Rows = []
        over: Rows = []
        for row in dirty:
            body = row.body
            text = body if type(body) is str else body.decode()  # type: ignore[union-attr]
            facts, saved = row.facts, row.saved
            if saved == facts:
                levels.append((row.offset, text, row.id))
                continue
            if saved is None:
                self._last_id += 1
                row.id = self._last_id
                inserts.append((row.id, row.key, row.kind, row.offset, *facts, text))
            else:
                updates.append((row.offset, *facts, text, row.id))
                if row.kind == "job" and saved.active and not facts.active:
                    over.append((row.key,))
            if facts.title and (saved is None or saved.title != facts.title):
                titles.append((row.id, facts.title))
        self._run("insert_entity", inserts)
        self._run("update_entity", updates)
        self._run("update_level", levels)
        self._run("keep_title", titles)
        self._run("end_steps", over)

    def _write_edges(self, present: Present, edges: list[tuple[int, AnyEvent]]) -> None:
        rows: Rows = []
        for offset, event in edges:
            place = present.rows[event.key].id
            kind = KINDS[type(event)]
            disc = discriminator(event)
            rows.append((offset, place, event.attempt, kind, event.at, disc, event_body(event)))
            if kind == KINDS[Ended] and event.detail:  # type: ignore[union-attr]
                detail = event.detail  # type: ignore[union-attr]
                self._run("keep_payload", [(place, "detail", event.attempt, detail)])
        self._run("insert_event", rows)
        for key in {event.key for _, event in edges if type(event) is Sealed}:
            group = present.entities[key]
            assert isinstance(group, Group)
            seals = encode(group.seals).decode()
            self._run("replace_payload", [(present.rows[key].id, "seals", 0, seals)])

    def _write_ends(self, present: Present, jobs: Iterable[str]) -> None:
        moves: Rows = []
        records: Rows = []
        for key in jobs:
            job, row = present.entities[key], present.rows[key]
            assert isinstance(job, Job)
            counted = tallied_in(job, row.facts)
            if counted != row.tallied:
                moves += [(*row.tallied, -1)] if row.tallied else []
                moves += [(*counted, 1)] if counted else []
                row.tallied = counted
            record = record_of(job, present.steps_of(key))
            if record is not None:
                about = (record.source, record.signature, record.family, record.ended_at)
                records.append((key, *about, encode(record).decode()))
        self._run("move_tally", moves)
        self._run("keep_record", records)

    def _run(self, name: str, rows: Rows) -> None:
        if rows:
            self._many(SQL[name], rows)


def _resolved_jobs(present: Present, dirty: list[Row]) -> dict[str, None]:
    """The jobs with an outcome that are dirty, or one of whose steps is."""
    found: dict[str, None] = {}
    for row in dirty:
        if row.facts.outcome:
            found[row.key] = None
        elif row.kind == "step" and not row.facts.active:
            job = row.key.rpartition("~")[0]
            if job in present.rows and present.rows[job].facts.outcome:
                found[job] = None
    return found

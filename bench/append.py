"""What `append` costs beside bare apsw, by 1, 100 and 1,000 events; one in ten is an edge.

    python bench/append.py

Beside two floors, on files of their own, with the same synchronous settings (an edge is
synced, levels are not):

events  bare apsw puts every event down as it is: one row, its JSON made before, one
        transaction for each batch. The same bytes of news, made as durable.
rows    bare apsw executes the very statements that the store executed, with the same
        rows in the same transactions: no fold, no JSON, no events. This is the least
        that the store's own tables can cost; what is above it is the fold and Python.

Bars: 0.6 of the speed of "rows" (the same bytes, as durable); by 100 at most 4 µs of CPU
an event beyond the fold's.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import apsw
import msgspec
from bench.ratio import Cost, in_turn, line, measure
from bench.workload import story

from headway.cli.serve import calm_collector
from headway.fold.folding import fold
from headway.model.entities import AnyEntity
from headway.model.events import EDGES, AnyEvent
from headway.store.sqlite import SqliteStore

EVENTS = {1: 4_000, 100: 20_000, 1_000: 40_000}
ROUNDS = 7

Step = tuple[str, list[Any]]
"""A statement and its rows; no rows: begin, commit or a pragma."""

Encoded = tuple[str, list[tuple[str, float, str]]]
"""How to sync, and the rows of one batch."""


class Ear:
    """A connection that remembers what was executed between `hear` and `heard`."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.steps: list[Step] = []
        self._connection = connection
        connection.exec_trace = self._note

    def _note(self, _: Any, statement: str, values: Any) -> bool:
        if statement.lstrip().lower().startswith(("select", "with", "pragma data_version")):
            return True
        if values is None:
            self.steps.append((statement, []))
        elif self.steps and self.steps[-1][0] == statement and self.steps[-1][1]:
            self.steps[-1][1].append(tuple(values))
        else:
            self.steps.append((statement, [tuple(values)]))
        return True

    def close(self) -> None:
        self._connection.exec_trace = None


def main() -> None:
    calm_collector()  # as `headway serve` does
    for size, count in EVENTS.items():
        with tempfile.TemporaryDirectory() as folder:
            report(size, count, Path(folder))


def report(size: int, count: int, folder: Path) -> None:
    batches = _batches(story(count), size)
    steps = recorded(batches, folder)
    encoded = [_encoded(batch) for batch in batches]
    names = iter(range(10_000))

    def ours() -> Cost:
        store = _store(folder / f"{next(names)}.db")
        cost = measure(lambda: write(store, batches))
        store.close()
        return cost

    def events() -> Cost:
        connection = _log(folder / f"{next(names)}.db")
        cost = measure(lambda: put_down(connection, encoded))
        connection.close()
        return cost

    def rows() -> Cost:
        path = folder / f"{next(names)}.db"
        _store(path).close()
        connection = _connection(path)
        cost = measure(lambda: replay(connection, steps))
        connection.close()
        return cost

    def alone() -> Cost:
        return measure(lambda: fold_all(batches))

    found = in_turn(ROUNDS, ours=ours, events=events, rows=rows, fold=alone)
    told(f"append by {size}", 1e6 / count, **found)


def told(what: str, micro: float, *, ours: Cost, events: Cost, rows: Cost, fold: Cost) -> None:
    """The lines of one size; `micro` turns seconds into µs an event."""
    beyond = (ours.cpu - fold.cpu) * micro
    line(f"{what}: speed, of bare apsw's with the events", events.wall / ours.wall, "")
    line(f"{what}: speed, of bare apsw's with the rows", rows.wall / ours.wall, ">= 0.6")
    storing = ours.wall - fold.wall
    line(f"{what}:   the fold, which has its own bar, left out", rows.wall / storing, "")
    line(f"{what}: µs an event, wall", ours.wall * micro, "")
    line(f"{what}: µs CPU an event beyond the fold", beyond, "<= 4 by 100")
    line(f"{what}:   of these SQLite's, for the rows", rows.cpu * micro, "")
    line(f"{what}: µs CPU an event, the fold alone", fold.cpu * micro, "")


def write(store: SqliteStore, batches: list[list[AnyEvent]]) -> None:
    for events in batches:
        store.append(events)
    store.flush()


def replay(connection: apsw.Connection, steps: list[Step]) -> None:
    for statement, rows in steps:
        if rows:
            connection.executemany(statement, rows)
        else:
            connection.execute(statement)


def put_down(connection: apsw.Connection, batches: list[Encoded]) -> None:
    synced = ""
    for sync, rows in batches:
        if sync != synced:
            connection.pragma("synchronous", sync)
            synced = sync
        connection.execute("begin immediate")
        connection.executemany("insert into events (key, at, body) values (?, ?, ?)", rows)
        connection.execute("commit")


def fold_all(batches: list[list[AnyEvent]]) -> None:
    entities: dict[str, AnyEntity] = {}
    for events in batches:
        for event in events:
            fold(entities, event)


def recorded(batches: list[list[AnyEvent]], folder: Path) -> list[Step]:
    """What the store executes for these batches."""
    store = _store(folder / "recorded.db")
    ear = Ear(store._writer._connection)
    write(store, batches)
    ear.close()
    store.close()
    return ear.steps


def _batches(events: list[AnyEvent], size: int) -> list[list[AnyEvent]]:
    return [events[at : at + size] for at in range(0, len(events), size)]


def _encoded(events: list[AnyEvent]) -> Encoded:
    sync = "full" if any(type(event) in EDGES for event in events) else "normal"
    return sync, [(one.key, one.at, msgspec.json.encode(one).decode()) for one in events]


def _log(path: Path) -> apsw.Connection:
    connection = _connection(path)
    connection.pragma("journal_mode", "wal")
    connection.execute("create table events (offset integer primary key, key, at, body)")
    return connection


def _store(path: Path) -> SqliteStore:
    return SqliteStore.open(path, is_network=lambda _: False)


def _connection(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    connection.pragma("cache_size", -16_384)
    connection.pragma("synchronous", "full")
    return connection


if __name__ == "__main__":
    main()

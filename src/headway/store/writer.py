"""The one that writes to the file.

    append ── an edge? ── begin immediate ─ did others write? ─ fold ─ rows ─ commit ─▶ changes
                └ levels alone: fold in memory ─▶ changes … the next edge or flush writes them

Rule 1: an edge is on disk (synchronous=FULL) before `append` returns; levels are
written without waiting for the disk, and survive the death of the process from then on.
Rule 2: if another process wrote, memory first takes its rows in, and what is only in
memory is folded onto them and numbered anew, above all that anybody reserved: offsets
rise in the order of commits, none is committed below one that somebody was told, and
`offset > ?` never misses.
Rule 3: what is in memory only can be made again from `levels`. After any failure memory
is read anew from the file; nothing that failed was told, and it may be tried again.
Rule 4: `clean` in the file is 0 while somebody writes. After an unclean stop every live
entity gets a new offset, so that no client keeps a level that died with the writer.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import apsw

from headway.model.events import EDGES, AnyEvent
from headway.store.blocks import Blocks
from headway.store.contract import Change, Sample
from headway.store.failures import store_error
from headway.store.levels import Levels
from headway.store.present import Heard, Held, Present
from headway.store.queries import named
from headway.store.reading import edged_keys
from headway.store.row import Row
from headway.store.shelf import FileShelf
from headway.store.writing import Writing

Durability = Literal["full", "normal"]
"""full: an acknowledged edge survives power loss. normal: it survives kill -9."""

_SQL = named("write")
_T = TypeVar("_T")


class _Before(NamedTuple):
    """What a rollback restores."""

    block: tuple[int, int, int]
    seen: int
    version: int
    untold: dict[str, Change]


class Writer:
    """Folds events, and puts rows into the file. `start` comes first."""

    def __init__(self, connection: apsw.Connection, path: Path, durability: Durability) -> None:
        self.epoch = ""
        self.floor = 0
        self._connection = connection
        self._execute: Callable[..., Any] = connection.execute
        self._path = path
        self._durability = durability
        self._shelf = FileShelf(connection)
        self.present = Present(self._shelf)
        self._writing = Writing(connection)
        self._blocks = Blocks(connection)
        self._levels = Levels()
        self._untold: dict[str, Change] = {}
        self._seen = 0  # the greatest offset in the file that memory knows
        self._version = 0  # SQLite's data_version at the last look
        self._synced = "full"
        self._stale = False
        self._wrote = False
        self._must_write = False

    # -- life

    def start(self, high_water: tuple[str, int] | None) -> None:
        """Take the file over. `high_water`: the (epoch, offset) last seen of it."""
        self.transact("full", lambda: self._take_over(high_water), look=False)
        self._read_active()

    def end(self) -> None:
        """Write everything and say that the stop is clean."""
        self.transact("full", self._leave)

    def _take_over(self, high_water: tuple[str, int] | None) -> None:
        counters = self._counters()
        self.epoch, self.floor = counters["epoch"], counters["floor"]
        self._blocks.start(counters["reserved"])
        if high_water and high_water[0] == self.epoch and counters["reserved"] < high_water[1]:
            self.epoch = secrets.token_hex(5)  # an older copy was put back
            self.set_counter("epoch", self.epoch)
        if not counters["clean"]:
            self._renumber([held[0].id for held in self._shelf.active()])
        self.set_counter("clean", 0)
        self._blocks.reserve(1)
        self._version = self._data_version()

    def _renumber(self, ids: list[int]) -> None:
        self._blocks.reserve(len(ids))
        rows = enumerate(ids, self._blocks.take(len(ids)))
        self._connection.executemany(_SQL["renumber"], rows)

    def _read_active(self) -> None:
        self.present.clear()
        for row, entity in self._shelf.active():
            self.present.hold(row, entity)
        self._seen = self._head()
        self._writing.refresh()

    def _leave(self) -> None:
        self._write([])
        self.set_counter("clean", 1)
        self._blocks.give_back()

    # -- a batch

    def append(self, events: Sequence[AnyEvent]) -> list[Change]:
        """Fold admitted events; with an edge among them they are on disk on return."""
        for event in events:
            if type(event) in EDGES:
                changes = self.transact(self._durability, lambda: self._edges(events))
                break
        else:
            changes = self._append_levels(events)
        return self._with_untold(changes) if self._untold else changes

    def flush(self) -> None:
        """Write levels that are only in memory, without waiting for the disk."""
        if self._levels:
            self.transact("normal", lambda: self._write([]))

    def dirty(self) -> bool:
        """True if levels are only in memory."""
        return bool(self._levels)

    def outside(self) -> list[Change]:
        """What other processes wrote and nobody was told of yet."""
        self.ready()
        if self._data_version() != self._version:
            self.transact("normal", _only_look)
        return self._with_untold([])

    def sample(self, samples: Sequence[Sample]) -> None:
        """Keep readings of machines; not synced."""
        rows = [(one.at, one.key, one.field, one.value) for one in samples]
        self.transact("normal", lambda: self._connection.executemany(_SQL["keep_sample"], rows))

    def last(self) -> int:
        """The last offset that anybody was told of."""
        self.ready()
        return self._blocks.last

    def set_counter(self, name: str, value: Any) -> None:
        """Inside a transaction."""
        self._execute(_SQL["set_counter"], (name, value))

    def _append_levels(self, events: Sequence[AnyEvent]) -> list[Change]:
        self.ready()
        needed = 3 * len(events)  # the job, its step, its group
        if not self._blocks.has_room(needed):
            self.transact("full", lambda: self._blocks.reserve(needed))
        return self._careful(lambda: self._fold_levels(events))

    def _fold_levels(self, events: Sequence[AnyEvent]) -> list[Change]:
        heard = self.present.fold(events)
        changes = self.present.settle(heard, self._blocks.take)
        self._levels.add(heard.levels)
        return changes

    def _edges(self, events: Sequence[AnyEvent]) -> list[Change]:
        self._blocks.reserve(4 * len(events))  # and the event itself
        heard = self.present.fold(events)
        edges = self._new_edges(heard)
        changes = self.present.settle(heard, self._blocks.take)
        if heard.edged:
            self._write(edges)
        else:  # no edge was news: the levels can wait
            self._levels.add(heard.levels)
        return changes

    def _new_edges(self, heard: Heard) -> list[tuple[int, AnyEvent]]:
        """Those edges that may not be in the past yet; their entities count as changed."""
        rows = self.present.rows
        new: list[AnyEvent] = []
        for event, changed in heard.edges:
            if not changed:
                row = rows.get(event.key)
                if row is not None and self._writing.is_kept(event, row):
                    continue
            heard.changed[event.key] = None
            heard.edged.add(event.key)
            new.append(event)
        return list(enumerate(new, self._blocks.take(len(new))))

    def _write(self, edges: list[tuple[int, AnyEvent]]) -> None:
        self._writing.write(self.present, edges)
        self._wrote = True

    def _with_untold(self, changes: list[Change]) -> list[Change]:
        untold, self._untold = self._untold, {}
        newest = untold | {change.key: change for change in changes}
        return sorted(newest.values(), key=lambda change: change.offset)

    # -- a transaction

    def transact(self, sync: str, work: Callable[[], _T], *, look: bool = True) -> _T:
        """Do `work` in one transaction. After any failure memory is made anew.

        Raises: StoreError for every error of SQLite.
        """
        self.ready()
        before = _Before(self._blocks.state(), self._seen, self._version, self._untold)
        self._begin(sync)
        try:
            if look:
                self._look()
            result = work()
            if self._must_write and not self._wrote:
                self._write([])
            self._execute("commit")
        except BaseException as exc:
            self._undo(before)
            if isinstance(exc, apsw.Error):
                raise store_error(exc, self._path) from exc
            raise
        if self._wrote:
            self._written()
        return result

    def _begin(self, sync: str) -> None:
        try:
            if sync != self._synced:
                self._connection.pragma("synchronous", sync)
                self._synced = sync
            self._execute("begin immediate")
        except apsw.Error as exc:
            raise store_error(exc, self._path) from exc

    def _written(self) -> None:
        self._wrote = self._must_write = False
        self._seen = self._blocks.last
        self._levels.clear()
        self.present.dirty.clear()
        self.present.forget_resolved()

    def _undo(self, before: _Before) -> None:
        self._blocks.restore(before.block)
        self._seen, self._version, self._untold = before.seen, before.version, before.untold
        self._wrote = self._must_write = False
        self._stale = True
        with suppress(apsw.Error):  # what failed first is told
            if self._connection.in_transaction:
                self._execute("rollback")

    def ready(self) -> None:
        """Make memory anew if a failure left it in doubt. Raises: StoreError."""
        if self._stale:
            self._stale = False
            self._careful(self._make_anew)

    def _make_anew(self) -> None:
        seen = self._seen
        self._read_active()
        self._seen = seen  # what others wrote since is still to be told
        events = self._levels.newest()
        if not self._blocks.has_room(3 * len(events)):
            self.transact("full", lambda: self._blocks.reserve(3 * len(events)))
        self.present.settle(self.present.fold(events), self._blocks.take)

    def _careful(self, work: Callable[[], _T]) -> _T:
        """Do `work` on memory; if it fails, memory is in doubt."""
        try:
            return work()
        except BaseException as exc:
            self._stale = True
            if isinstance(exc, apsw.Error):
                raise store_error(exc, self._path) from exc
            raise

    # -- others who write

    def _data_version(self) -> int:
        return int(self._execute("pragma data_version").fetchall()[0][0])

    def _head(self) -> int:
        return int(self._execute(_SQL["head"]).fetchall()[0][0] or 0)

    def _counters(self) -> dict[str, Any]:
        return dict(self._execute(_SQL["counters"]).fetchall())

    def _look(self) -> None:
        """Take in what other processes wrote since the last look."""
        version = self._data_version()
        if version == self._version:
            return
        counters = self._counters()
        self._blocks.leave(counters["reserved"])
        if counters["clean"]:  # another one stopped; we did not
            self.set_counter("clean", 0)
        self._writing.refresh()
        if counters["floor"] != self.floor:  # rows of finished jobs may be gone
            self.floor = counters["floor"]
            self.present.drop_resolved()
        rows = self._execute(_SQL["changed_since"], (self._seen,)).fetchall()
        if rows:
            self._join([self._shelf.held(row) for row in rows])
        self._version = version

    def _join(self, foreign: list[Held]) -> None:
        greatest = foreign[-1][0].offset
        edged = edged_keys(self._execute(_SQL["edged_since"], (self._seen,)).fetchall())
        revised = self._take_in(foreign)
        self._seen = greatest
        self._blocks.saw(greatest)
        levels = self._levels.newest()
        self._blocks.reserve(3 * len(levels) + 2 * len(self.present.dirty))
        heard = self.present.fold(levels)
        for key in self.present.dirty:
            heard.changed[key] = None
        self.present.settle(heard, self._blocks.take)
        rows = self.present.rows
        self._untold = self._untold | {
            row.key: _change(rows.get(row.key, row), row.key in edged, row.key in revised)
            for row, _ in foreign
        }

    def _take_in(self, foreign: list[Held]) -> set[str]:
        """Hold the rows that memory has a use for; the keys of corrected outcomes."""
        present, revised = self.present, set()
        present.forget_rollcalls()
        for row, entity in sorted(foreign, key=lambda held: held[0].kind == "step"):
            known = present.rows.get(row.key)
            if known and known.facts.outcome not in ("", row.facts.outcome):
                revised.add(row.key)
            job = row.key.rpartition("~")[0] if row.kind == "step" else ""
            if known or (job in present.rows if job else row.facts.active):
                present.dirty.pop(row.key, None)
                present.hold(row, entity)
        return revised


def _change(row: Row, edge: bool, revised: bool) -> Change:
    return Change(row.offset, row.key, None, edge, row.body, revised)


def _only_look() -> None:
    """The work of a transaction that only looks what others wrote."""

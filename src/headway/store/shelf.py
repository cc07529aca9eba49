"""Entities out of the file and into memory, for the writer.

Rule 1: jobs come with all their steps, from their rows or from the compact list.
Rule 2: a step that has a row is newer than the same step in the compact list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, get_args

import apsw
import msgspec

from headway.model.entities import AnyEntity, Group
from headway.model.keys import Kind, kind_of
from headway.store.bodies import encode, entities_from, entity_from, strings_from
from headway.store.present import Held
from headway.store.queries import named
from headway.store.row import Facts, Row, step_facts

_SQL = named("load")


class FileShelf:
    """The file as a `Shelf`. Reads through the writer's own connection."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute: Callable[..., Any] = connection.execute

    def active(self) -> Iterator[Held]:
        """Every active entity, jobs with their steps."""
        for kind in get_args(Kind):
            if kind != "step":
                for row in self._execute(_SQL["active"], (kind,)).fetchall():
                    held = self.held(row)
                    yield held
                    if kind == "job":
                        yield from self._steps(held[0].key, known=True)

    def load(self, keys: Iterable[str]) -> list[Held]:
        """Those of `keys` that exist, jobs with all their steps."""
        found: list[Held] = []
        for key in keys:
            rows = self._execute(_SQL["by_key"], (key,)).fetchall()
            found += map(self.held, rows)
            if kind_of(key) == "job":
                found += self._steps(key, known=bool(rows))
        return found

    def members(self, group: str) -> list[tuple[str, str, AnyEntity | None]]:
        """(key, phase, job) of a group's members; job None where it succeeded."""
        return [
            (key, phase, entity_from(body) if body else None)
            for key, phase, body in self._execute(_SQL["members"], (group,))
        ]

    def held(self, columns: tuple[Any, ...]) -> Held:
        """A row of the file as it is kept in memory."""
        row = Row(columns[1], columns[2])
        row.id, row.offset, row.body = columns[0], columns[3], columns[11]
        row.facts = row.saved = Facts(*columns[4:11])
        entity = entity_from(row.body)
        if type(entity) is Group and entity.seals:
            for (body,) in self._execute(_SQL["seals"], (row.id,)):
                entity.seals = strings_from(body)
        return row, entity

    def _steps(self, job: str, *, known: bool) -> list[Held]:
        found = [self.held(row) for row in self._execute(_SQL["steps"], (job,)).fetchall()]
        if not known:  # something may have been said of a step before any word of its job
            return found
        newer = {row.key for row, _ in found}
        for (body,) in self._execute(_SQL["compact"], (job,)).fetchall():
            found += [_loose(step) for step in entities_from(body) if step.key not in newer]
        return found


def _loose(step: AnyEntity) -> Held:
    """A step from a compact list: it has no row until it changes."""
    row = Row(step.key, "step")
    row.facts = step_facts(step, active=0)  # type: ignore[arg-type]
    row.body = encode(step)
    return row, msgspec.structs.replace(step)

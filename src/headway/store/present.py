"""The entities in memory, and what a batch of events does to them.

Both stores fold here; what differs is where an entity that is not in memory comes from
(`Shelf`), and what becomes of the rows that changed.

Rule 1: if a job is in memory, so are all its steps; a step never is without its job.
Rule 2: a group's tally is derived: members are placed in its rollcall after each batch.
Rule 3: `dirty` rows differ from what the shelf has; they are written once per commit,
however often they changed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from headway.fold.conflate import conflated
from headway.fold.folding import create, fold
from headway.fold.groups import Rollcall
from headway.model.entities import AnyEntity, Group, Job, Step
from headway.model.events import EDGES, AnyEvent, StepEnded, StepStarted
from headway.model.keys import kind_of
from headway.model.words import WAITING
from headway.store.bodies import body_of, encode
from headway.store.contract import Change
from headway.store.row import KIND_OF, Facts, Row, facts_of, standing, step_facts, tallied_in

MOST_RESOLVED = 256  # finished jobs and complete groups that stay in memory for late events
MOST_ROLLCALLS = 64  # groups whose members' standing is in memory

STEPS = frozenset({StepStarted, StepEnded})
"""Edges that change no column of their job once it runs."""

Held = tuple[Row, AnyEntity]


class Shelf(Protocol):
    """Where entities come from that are not in memory."""

    def load(self, keys: Iterable[str]) -> list[Held]:
        """Those of `keys` that exist; jobs with all their steps."""

    def members(self, group: str) -> list[tuple[str, str, AnyEntity | None]]:
        """(key, phase, job) of a group's known members; job None where it succeeded."""


class Heard(NamedTuple):
    """What a batch did. `edges`: each edge, and whether it changed any state.

    `levels`: those that changed any; `changed`: keys whose state is now different;
    `edged`: those an edge changed; `turned`: those whose columns may be different.
    """

    edges: list[tuple[AnyEvent, bool]]
    levels: list[AnyEvent]
    changed: dict[str, None]
    edged: set[str]
    turned: set[str]


class Present:
    """Entities and their rows by key."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.entities: dict[str, AnyEntity] = {}
        self.rows: dict[str, Row] = {}
        self.dirty: dict[str, Row] = {}
        self.steps: dict[str, dict[str, None]] = {}
        self._rollcalls: OrderedDict[str, Rollcall] = OrderedDict()
        self._resolved: OrderedDict[str, None] = OrderedDict()

    def hold(self, row: Row, entity: AnyEntity) -> None:
        """Have an entity in memory as the shelf has it."""
        key = row.key
        self.entities[key] = entity
        self.rows[key] = row
        if row.kind == "step":
            self.steps.setdefault(key.rpartition("~")[0], {})[key] = None
        elif row.kind == "job":
            row.tallied = tallied_in(entity, row.facts)  # type: ignore[arg-type]
            self.steps.setdefault(key, {})
        if not row.facts.active and row.kind != "step":
            self._resolved[key] = None

    def need(self, keys: Iterable[str]) -> None:
        """Have these in memory if they exist."""
        entities = self.entities
        missing = [key for key in keys if key not in entities]
        if missing:  # a step comes with its job
            whole = {_whole(key) for key in missing}
            for row, entity in self._shelf.load([key for key in whole if key not in entities]):
                self.hold(row, entity)

    def fold(self, events: Sequence[AnyEvent]) -> Heard:
        """Join a batch into the entities. Raises: DialectError if one does not fit."""
        entities = self.entities
        self.need({event.key for event in events})
        heard = Heard([], [], {}, set(), set())
        edges, levels, changed, edged, turned = heard
        for event in conflated(events) if len(events) > 1 else events:
            keys = fold(entities, event)
            kind = type(event)
            if kind in EDGES:
                edges.append((event, bool(keys)))
                edged.update(keys)
                if kind not in STEPS:
                    turned.add(event.key)
            elif keys:
                levels.append(event)
            for key in keys:
                changed[key] = None
        return heard

    def settle(self, heard: Heard, take: Callable[[int], int]) -> list[Change]:
        """Bring rows, groups and bodies in line with what changed.

        `take(n)` gives out n offsets in a row and returns the first.
        """
        rows, edged, turned = self.rows, heard.edged, heard.turned
        told: list[Row] = []
        steps: list[Row] = []
        groups: dict[str, None] = {}
        revised: set[str] = set()
        for key in heard.changed:
            row = rows.get(key) or self._begin(key)
            if row.kind == "step":
                steps.append(row)
            elif row.kind == "group":
                groups[key] = None
            else:
                told.append(row)
                facts = row.facts
                may = key in turned or facts.grp or facts.phase in WAITING or not row.body
                if may and self._refresh(row, turned, groups):
                    revised.add(key)
        for row in steps:
            if row.key in edged or not row.body:
                self._refresh_step(row)
        told += steps
        if groups:
            told += self._call(groups, heard)
        return self._changes(told, edged, revised, take(len(told)))

    def _changes(
        self, told: list[Row], edged: set[str], revised: set[str], offset: int
    ) -> list[Change]:
        entities, dirty = self.entities, self.dirty
        changes = []
        for row in told:
            key = row.key
            entity = entities[key]
            body = row.body = body_of(entity) if type(entity) is Group else encode(entity)
            row.offset = offset
            dirty[key] = row
            changes.append(Change(offset, key, None, key in edged, body, key in revised))
            offset += 1
        return changes

    def forget_resolved(self) -> None:
        """Let go of the longest finished ones beyond `MOST_RESOLVED`, if they are not dirty."""
        for _ in range(len(self._resolved) - MOST_RESOLVED):
            key, _ = self._resolved.popitem(last=False)
            if key in self.dirty or not self.dirty.keys().isdisjoint(self.steps.get(key, ())):
                self._resolved[key] = None
                continue
            self.drop(key)
        while len(self._rollcalls) > MOST_ROLLCALLS:
            self._rollcalls.popitem(last=False)

    def drop(self, key: str) -> None:
        """Forget an entity, and a job's steps with it."""
        self._resolved.pop(key, None)
        for one in (key, *self.steps.pop(key, ())):
            self.entities.pop(one, None)
            self.rows.pop(one, None)
            self.dirty.pop(one, None)

    def drop_resolved(self) -> None:
        """Forget every finished one that is not dirty."""
        for key in list(self._resolved):
            if key not in self.dirty and self.dirty.keys().isdisjoint(self.steps.get(key, ())):
                self.drop(key)

    def steps_of(self, job: str) -> list[Step]:
        """The steps of a job that is in memory."""
        return [self.entities[key] for key in self.steps.get(job, ())]  # type: ignore[misc]

    def forget_rollcalls(self) -> None:
        """Call every group's members anew when next asked."""
        self._rollcalls.clear()

    def live(self) -> list[Change]:
        """Every active entity but steps, in order of offset."""
        rows = [row for row in self.rows.values() if row.facts.active and row.kind != "step"]
        rows.sort(key=lambda row: row.offset)
        return [Change(row.offset, row.key, None, False, row.body) for row in rows]

    def _begin(self, key: str) -> Row:
        row = self.rows[key] = Row(key, KIND_OF[type(self.entities[key])])
        if row.kind == "step":
            self.steps.setdefault(key.rpartition("~")[0], {})[key] = None
        elif row.kind == "job":
            self.steps.setdefault(key, {})
        return row

    def _refresh(self, row: Row, turned: set[str], groups: dict[str, None]) -> bool:
        key, before = row.key, row.facts
        entity = self.entities[key]
        if key in turned or not row.body or before.phase in WAITING:
            row.facts = facts_of(entity)
            if row.facts.outcome != before.outcome:
                self._turn(row)
        if row.facts.grp or before.grp:
            self._place(row, before, groups)
        return bool(before.outcome) and row.facts.outcome != before.outcome

    def _turn(self, row: Row) -> None:
        # The steps of a job that resolved are over with it; in the file one statement does it.
        self._resolved[row.key] = None
        for key in self.steps[row.key]:
            step = self.rows.get(key)
            if step is not None:
                step.facts = step.facts._replace(active=row.facts.active)

    def _refresh_step(self, row: Row) -> None:
        job = self.rows.get(row.key.rpartition("~")[0])
        active = job.facts.active if job else 1
        row.facts = step_facts(self.entities[row.key], active=active)  # type: ignore[arg-type]

    def _place(self, row: Row, before: Facts, groups: dict[str, None]) -> None:
        job = self.entities[row.key]
        assert isinstance(job, Job)
        if before.grp and before.grp != row.facts.grp:
            if before.grp in self._rollcalls:
                self._rollcalls[before.grp].leave(row.key)
            groups[before.grp] = None
        key = row.facts.grp
        if key:
            groups[key] = None
        if key in self._rollcalls:
            phase = row.facts.phase
            self._rollcalls[key].place(row.key, phase, standing(job, phase))  # type: ignore[arg-type]

    def _call(self, groups: dict[str, None], heard: Heard) -> list[Row]:
        """The rows of those groups that are different now."""
        self.need(groups)
        rows = []
        for key in groups:
            group = self.entities.get(key)
            if group is None:
                group = self.entities[key] = create(key)
                heard.changed[key] = None
            assert isinstance(group, Group)
            tally = self._rollcall(key, group, sealed=key in heard.edged).tally()
            if key not in heard.changed and tally == group.tally:
                continue
            group.tally = tally
            row = self.rows.get(key) or self._begin(key)
            row.facts = facts_of(group)
            if not row.facts.active:
                self._resolved[key] = None
            rows.append(row)
        return rows

    def _rollcall(self, key: str, group: Group, *, sealed: bool) -> Rollcall:
        rollcall = self._rollcalls.get(key)
        if rollcall is None:
            rollcall = self._rollcalls[key] = self._muster(key, group)
        elif sealed:
            rollcall.seal(group.seals)
        self._rollcalls.move_to_end(key)
        return rollcall

    def _muster(self, key: str, group: Group) -> Rollcall:
        rollcall = Rollcall(group.seals)
        for job, phase, entity in self._shelf.members(key):
            if job not in self.rows:
                fraction = standing(entity, phase) if isinstance(entity, Job) else 1.0  # type: ignore[arg-type]
                rollcall.place(job, phase, fraction)  # type: ignore[arg-type]
        for row in self.rows.values():
            if row.facts.grp == key:
                entity = self.entities[row.key]
                assert isinstance(entity, Job)
                phase = row.facts.phase
                rollcall.place(row.key, phase, standing(entity, phase))  # type: ignore[arg-type]
        return rollcall


def _whole(key: str) -> str:
    """The key to load for `key`: a step comes with its job."""
    return key.rpartition("~")[0] if kind_of(key) == "step" else key

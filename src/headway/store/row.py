"""What the store holds of an entity beside its body: indexed columns.

Rule 1: every column is a function of the entity (and a step's of its job), so that
rows folded in any order, or by two processes, come out the same.
Rule 2: a job's outcome, source and end may be corrected; the tally moves with them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from headway.fold.groups import group_view
from headway.fold.views import fraction_of, meta_of, outcome_of, phase_of, shown_attempt
from headway.model.entities import CLASS_OF, AnyEntity, Attempt, Group, Job, Step
from headway.model.keys import Kind, group_key, source_of
from headway.model.words import Phase
from headway.store.contract import HOUR

Tallied = tuple[str, str, int]
"""source, outcome, hour: where a job is counted."""


class Facts(NamedTuple):
    """The columns. `grp` is the key of a job's group.

    `at`: when a job ended or, before that, when it was first heard of; others: the latter.
    """

    active: int = 1
    source: str = ""
    phase: str = ""
    outcome: str = ""
    title: str = ""
    grp: str = ""
    at: float = 0.0


class Row:
    """An entity's place in the file. `saved` is what the file has; None: no row yet."""

    __slots__ = ("body", "facts", "id", "key", "kind", "offset", "saved", "tallied")

    def __init__(self, key: str, kind: Kind) -> None:
        self.key = key
        self.kind = kind
        self.id = 0
        self.offset = 0
        self.facts = Facts()
        self.saved: Facts | None = None
        self.tallied: Tallied | None = None
        self.body: bytes | str = b""


KIND_OF: dict[type[AnyEntity], Kind] = {made: kind for kind, made in CLASS_OF.items()}


def facts_of(entity: AnyEntity) -> Facts:
    """The columns of any entity but a step."""
    made = _FACTS.get(type(entity))
    return made(entity) if made else _node_facts(entity)


def step_facts(step: Step, *, active: int) -> Facts:
    """The columns of a step; it is active as long as its job is."""
    first = step.attempts[min(step.attempts)] if step.attempts else None
    stamp = first and (first.started or first.ended)
    return Facts(active=active, at=stamp.at if stamp else 0.0)


def tallied_in(job: Job, facts: Facts) -> Tallied | None:
    """Where the job is counted: nowhere while it has no outcome.

    The outermost source counts: work done for a job known elsewhere is that one's.
    """
    if not facts.outcome:
        return None
    outer = meta_of(job).get("runs_as")
    if not isinstance(outer, str) or not outer:
        return facts.source, facts.outcome, int(facts.at // HOUR)
    if outer.count("~") > 1:
        return None
    return source_of(outer), facts.outcome, int(facts.at // HOUR)


def standing(job: Job, phase: Phase) -> float | None:
    """The job's fraction, as its view says it."""
    attempt = job.attempts.get(shown_attempt(job)) or Attempt()
    needed = meta_of(job).get("needed")
    steps = [one for one in needed if isinstance(one, str)] if isinstance(needed, list) else None
    return fraction_of(attempt, steps, phase)


def _job_facts(job: Job) -> Facts:
    closed = outcome_of(job)
    meta = meta_of(job)
    group = meta.get("group")
    return Facts(
        active=0 if closed else 1,
        source=source_of(job.key),
        phase=closed[0] if closed else phase_of(job)[0],
        outcome=closed[0] if closed else "",
        title=str(meta.get("title", "")),
        grp=group_key(str(group)) if group else "",
        at=closed[2].end.at if closed and closed[2].end else _first_heard(job),
    )


def _group_facts(group: Group) -> Facts:
    return Facts(
        active=0 if group_view(group).complete else 1,
        title=str(meta_of(group).get("title", "")),
        at=_registered_at(group),
    )


def _node_facts(entity: AnyEntity) -> Facts:
    return Facts(source=source_of(entity.key), at=_registered_at(entity))


def _registered_at(entity: AnyEntity) -> float:
    return entity.registrations[0].at if entity.registrations else 0.0


def _first_heard(job: Job) -> float:
    if job.attempts:
        first = job.attempts[min(job.attempts)]
        stamp = first.queued or first.started or first.finishing
        if stamp:
            return stamp.at
    return _registered_at(job)


_FACTS: dict[type[AnyEntity], Callable[[Any], Facts]] = {Job: _job_facts, Group: _group_facts}

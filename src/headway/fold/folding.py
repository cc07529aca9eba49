"""One event into the state of its entities.

    changed = fold(entities, event)     # keys whose state is now different

Rule 1: an event touches the entity it is about, and a step's event also the step.
Rule 2: an unknown entity is created; an event that does not fit the kind of its
entity is a broken contract (`DialectError`): borders ask `fits` first.
Rule 3: success is never presumed: a succeeded end on such a basis reads "unknown".
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any

import msgspec

from headway.errors import DialectError
from headway.fold import join
from headway.model.entities import (
    CLASS_OF,
    AnyEntity,
    Attempt,
    Entity,
    Group,
    Job,
    Reading,
    Registration,
    Step,
    StepAttempt,
)
from headway.model.events import (
    Activity,
    Ended,
    Event,
    Finishing,
    Position,
    Presence,
    Progress,
    Queued,
    Registered,
    Sealed,
    Started,
    StepEnded,
    StepStarted,
)
from headway.model.events import Reading as ReadingEvent
from headway.model.keys import Kind, kind_of, step_key
from headway.model.words import CLOSING, PRESUMED

Entities = MutableMapping[str, AnyEntity]

_EVERYWHERE: frozenset[type[Event]] = frozenset({Registered, Activity, ReadingEvent, Presence})
_STEPS: frozenset[type[Event]] = frozenset({StepStarted, StepEnded, Progress})
FITS: dict[Kind, frozenset[type[Event]]] = {
    "job": _EVERYWHERE | _STEPS | {Queued, Started, Finishing, Ended, Position},
    "step": _EVERYWHERE,
    "group": _EVERYWHERE | {Sealed},
    "source": _EVERYWHERE,
    "worker": _EVERYWHERE,
    "daemon": _EVERYWHERE,
}


def fits(event: Event) -> bool:
    """True if this kind of event can be about that kind of entity.

    Raises: UsageError if the key is none.
    """
    return type(event) in FITS[kind_of(event.key)]


def touched(event: Event) -> tuple[str, ...]:
    """The keys of the entities whose state the event may change."""
    if type(event) in _STEPS and event.step:  # type: ignore[attr-defined]
        return event.key, step_key(event.key, event.step)  # type: ignore[attr-defined]
    return (event.key,)


def fold(entities: Entities, event: Event) -> list[str]:
    """Join `event` into `entities`; the keys that changed, none if it was no news.

    Raises: DialectError if the event does not fit its entity's kind.
    """
    key = event.key
    entity = entities.get(key)
    created = entity is None
    if entity is None:
        entity = create(key)
    apply = _APPLY[type(entity)].get(type(event))
    if apply is None:
        raise DialectError(f"a {kind_of(key)} cannot be {type(event).__name__.lower()}")
    if created:
        entities[key] = entity
    changed = [key] if apply(entity, event) or created else []
    apply_step = _APPLY_STEP.get(type(event))
    if apply_step is not None and event.step:  # type: ignore[attr-defined]
        key = step_key(key, event.step)  # type: ignore[attr-defined]
        step = entities.get(key)
        if step is None:
            step = entities[key] = Step(key=key)
        if apply_step(step, event):
            changed.append(key)
    return changed


def create(key: str) -> AnyEntity:
    """An entity of which nothing is known yet."""
    return CLASS_OF[kind_of(key)](key=key)


def _registered(entity: Entity, event: Registered) -> bool:
    said = Registration(event.at, event.observer, event.meta)
    merged = join.registrations(entity.registrations, said)
    changed = merged is not entity.registrations
    entity.registrations = merged
    return changed


def _level(entity: Entity, field: str, event: Event, value: Any) -> bool:
    observers = entity.levels.get(field)
    if observers is None:
        observers = entity.levels[field] = {}
    known = observers.get(event.observer)
    found = join.newest(known, Reading(event.at, event.basis, value))
    observers[event.observer] = found
    return found is not known


def _activity(entity: Entity, event: Activity) -> bool:
    return _level(entity, "activity", event, event.text)


def _presence(entity: Entity, event: Presence) -> bool:
    return _level(entity, "presence", event, event.presence)


def _position(entity: Entity, event: Position) -> bool:
    return _level(entity, "position", event, [event.position, event.of])


def _reading(entity: Entity, event: ReadingEvent) -> bool:
    return _level(entity, f"reading {event.field}", event, event.value)


def _attempt(job: Job, number: int) -> Attempt:
    found = job.attempts.get(number)
    if found is None:
        found = job.attempts[number] = Attempt()
    return found


def _queued(job: Job, event: Queued) -> bool:
    attempt = _attempt(job, event.attempt)
    known = attempt.queued
    attempt.queued = join.earliest(known, event.at, event.basis)
    return attempt.queued is not known


def _started(job: Job, event: Started) -> bool:
    attempt = _attempt(job, event.attempt)
    known = attempt.started
    attempt.started = join.earliest(known, event.at, event.basis)
    return attempt.started is not known


def _finishing(job: Job, event: Finishing) -> bool:
    attempt = _attempt(job, event.attempt)
    known = attempt.finishing
    attempt.finishing = join.earliest(known, event.at, event.basis)
    return attempt.finishing is not known


def _ended(job: Job, event: Ended) -> bool:
    if event.outcome == "succeeded" and event.basis in PRESUMED:
        event = msgspec.structs.replace(event, outcome="unknown")
    attempt = _attempt(job, event.attempt)
    known, final = attempt.end, attempt.final
    attempt.end = join.verdict(known, event)
    attempt.final = final or event.final or event.outcome in CLOSING
    return attempt.end is not known or attempt.final is not final


def _step_started(job: Job, event: StepStarted) -> bool:
    attempt = _attempt(job, event.attempt)
    step = event.step
    later = _stepped(attempt, event.at)
    if step in attempt.running_steps or step in attempt.finished_steps:
        return later
    attempt.running_steps.add(step)
    return True


def _step_ended(job: Job, event: StepEnded) -> bool:
    attempt = _attempt(job, event.attempt)
    step = event.step
    first = step not in attempt.finished_steps
    newly_cached = event.cached and step not in attempt.cached_steps
    later = _stepped(attempt, event.at)
    if not first and not newly_cached:
        return later
    attempt.finished_steps.add(step)
    attempt.running_steps.discard(step)
    if newly_cached:
        attempt.cached_steps.add(step)
    attempt.bars.pop(step, None)
    return True


def _stepped(attempt: Attempt, at: float) -> bool:
    # A step leaves no other time in the job's row, and a job whose steps go on is not silent.
    if at <= attempt.stepped_at:
        return False
    attempt.stepped_at = at
    return True


def _progress(job: Job, event: Progress) -> bool:
    attempt = job.attempts.get(event.attempt)
    if attempt is None:
        attempt = job.attempts[event.attempt] = Attempt()
    if event.step and event.step in attempt.finished_steps:
        return False  # its bar no longer counts; the step keeps it
    bars = attempt.bars.get(event.step)
    if bars is None:
        bars = attempt.bars[event.step] = {}
    return join.furthest(bars, event)


def _sealed(group: Group, event: Sealed) -> bool:
    members = sorted(set(event.ids))
    if members in group.seals:
        return False
    group.seals = sorted([*group.seals, members])
    return True


def _step_attempt(step: Step, number: int) -> StepAttempt:
    found = step.attempts.get(number)
    if found is None:
        found = step.attempts[number] = StepAttempt()
    return found


def _own_start(step: Step, event: StepStarted) -> bool:
    attempt = _step_attempt(step, event.attempt)
    known = attempt.started
    attempt.started = join.earliest(known, event.at, event.basis)
    return _named(attempt, event) or attempt.started is not known


def _own_end(step: Step, event: StepEnded) -> bool:
    attempt = _step_attempt(step, event.attempt)
    known, cached = attempt.ended, attempt.cached
    attempt.ended = join.earliest(known, event.at, event.basis)
    attempt.cached = cached or event.cached
    return _named(attempt, event) or attempt.ended is not known or attempt.cached is not cached


def _named(attempt: StepAttempt, event: StepStarted | StepEnded) -> bool:
    before = (attempt.name, attempt.parent)
    attempt.name = max(attempt.name, event.name)
    attempt.parent = max(attempt.parent, event.parent)
    return (attempt.name, attempt.parent) != before


def _own_bar(step: Step, event: Progress) -> bool:
    attempt = step.attempts.get(event.attempt)
    if attempt is None:
        attempt = step.attempts[event.attempt] = StepAttempt()
    return join.furthest(attempt.bars, event)


_Apply = Callable[[Any, Any], bool]
_ON_JOB: dict[type[Event], _Apply] = {
    Queued: _queued,
    Started: _started,
    Finishing: _finishing,
    Ended: _ended,
    StepStarted: _step_started,
    StepEnded: _step_ended,
    Progress: _progress,
    Position: _position,
}
_ON_ANY: dict[type[Event], _Apply] = {
    Registered: _registered,
    Activity: _activity,
    Presence: _presence,
    ReadingEvent: _reading,
}
_APPLY: dict[type[AnyEntity], dict[type[Event], _Apply]] = {
    **dict.fromkeys(CLASS_OF.values(), _ON_ANY),
    Job: _ON_ANY | _ON_JOB,
    Group: _ON_ANY | {Sealed: _sealed},
}
_APPLY_STEP: dict[type[Event], _Apply] = {
    StepStarted: _own_start,
    StepEnded: _own_end,
    Progress: _own_bar,
}

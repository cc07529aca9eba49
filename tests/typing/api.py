"""Never run, only type-checked: what the public API promises to a program that uses it.

Rule 1: if a change to this file is needed, users have to change theirs.
"""

from __future__ import annotations

from collections.abc import Iterator

from headway.errors import HeadwayError, SourceLost, UsageError
from headway.fold.admit import admit
from headway.fold.clock import Moment, moment
from headway.fold.folding import Entities, fits, fold, touched
from headway.fold.groups import Rollcall
from headway.fold.record import record_of
from headway.fold.views import view
from headway.model.cursor import Cursor, parse
from headway.model.entities import AnyEntity, Job, Step, Tally
from headway.model.events import AnyEvent, Ended, Progress, Registered, Sealed
from headway.model.keys import JobKey, Kind, group_key, kind_of
from headway.model.records import Record
from headway.model.views import AnyView, GroupView, JobView, SourceView
from headway.model.words import Basis, Outcome, Phase

key: JobKey = JobKey("comfy", "5f7c", incarnation="1795298194198")
text: str = key.text
kind: Kind = kind_of(text)


def story(now: float) -> Iterator[AnyEvent]:
    yield Registered(key=text, at=now, meta={"title": "a cat", "group": "g"})
    yield Progress(key=text, at=now, done=3, total=20, step="12", basis="derived")
    yield Ended(key=text, at=now, outcome="failed", why="out of memory", final=False)
    yield Sealed(key=group_key("g"), at=now, ids=[text])


def hear(now: float) -> Entities:
    entities: Entities = {}
    for event in story(now):
        if fits(event):
            changed: list[str] = fold(entities, admit(event, now))
            assert set(changed) <= set(touched(event))
    return entities


def look(entity: AnyEntity, source: SourceView | None, now: float) -> str:
    shown: AnyView = view(entity)
    if isinstance(shown, JobView):
        phase: Phase = shown.phase
        basis: Basis = shown.basis
        outcome: Outcome | None = shown.outcome
        at: Moment = moment(shown, source, now)
        remaining: float | None = at.remaining
        return f"{phase} {basis} {outcome} {remaining}"
    if isinstance(shown, GroupView):
        total: int | None = shown.total
        return f"{total}"
    return shown.key


def count(members: dict[str, JobView]) -> Tally:
    rollcall = Rollcall()
    for member, shown in members.items():
        rollcall.place(member, shown.phase, shown.fraction)
    return rollcall.tally()


def remember(job: Job, steps: list[Step]) -> Record | None:
    return record_of(job, steps)


def resume(said: str) -> Cursor | None:
    try:
        return parse(said)
    except UsageError as error:
        print(error.hint)
        return None


def who_can_act(error: HeadwayError) -> bool:
    return error.retry if isinstance(error, SourceLost) else False

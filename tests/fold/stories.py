"""A few words for telling a story to the fold and looking at what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from headway.fold.folding import Entities, fold
from headway.fold.groups import Rollcall, group_view
from headway.fold.views import meta_of, view
from headway.model.entities import Group, Job
from headway.model.events import Event, Sealed
from headway.model.keys import JobKey, group_key, kind_of, step_key
from headway.model.views import GroupView, JobView

JOB = JobKey("comfy", "a1", "1").text
AGAIN = JobKey("comfy", "a1", "2").text  # the same native id, used a second time
OTHER = JobKey("swarm", "b2").text
STEP = step_key(JOB, "1")
GROUP = group_key("g")


def on_job(kind: type[Any], at: float = 10.0, **fields: Any) -> Any:
    """An event about `JOB`."""
    return kind(key=JOB, at=at, **fields)


def told(events: Iterable[Event]) -> Entities:
    """What is known after these events."""
    entities: Entities = {}
    for event in events:
        fold(entities, event)
    return entities


def seen(*events: Any, key: str = JOB) -> Any:
    """What readers see of one entity after these events."""
    return view(told(events)[key])


def picture(entities: Entities) -> bytes:
    """All state as bytes: two pictures are equal if and only if the states are."""
    return encoded(dict(entities))


def views(entities: Entities) -> bytes:
    """All that readers see, as bytes."""
    return encoded({key: view(entity) for key, entity in entities.items()})


def encoded(value: Any) -> bytes:
    """Any value as bytes, without the order in which its parts came."""
    return msgspec.json.encode(
        msgspec.to_builtins(value, str_keys=True, order="deterministic"), order="deterministic"
    )


class Gathering:
    """Entities and the roll call of `GROUP`, joined as a store joins them."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.entities: Entities = {GROUP: Group(key=GROUP)}
        self.rollcall = Rollcall()
        for event in events:
            self.hear(event)

    def hear(self, event: Event) -> None:
        """Fold one event and place whom it concerns."""
        fold(self.entities, event)
        if isinstance(event, Sealed):
            self.rollcall.seal(self.group.seals)
            for key in event.ids:
                self._place(key)
        elif kind_of(event.key) == "job":
            self._place(event.key)

    @property
    def group(self) -> Group:
        """The group's state."""
        group = self.entities[GROUP]
        assert isinstance(group, Group)
        return group

    @property
    def view(self) -> GroupView:
        """What readers see of the group."""
        self.group.tally = self.rollcall.tally()
        return group_view(self.group)

    def member(self, key: str) -> JobView | None:
        """The job, if it is known and names the group or is sealed into it."""
        job = self.entities.get(key)
        if not isinstance(job, Job):
            return None
        sealed = any(key in members for members in self.group.seals)
        shown = view(job)
        assert isinstance(shown, JobView)
        return shown if sealed or meta_of(job).get("group") == "g" else None

    def _place(self, key: str) -> None:
        shown = self.member(key)
        if shown is None:
            self.rollcall.leave(key)
        else:
            self.rollcall.place(key, shown.phase, shown.fraction)

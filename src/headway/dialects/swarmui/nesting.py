"""The ComfyUI behind a SwarmUI: its prompts do the work of SwarmUI's generations.

Rule 1: a prompt whose graph SwarmUI made `runs_as` the generation of ours that named it, else
    as the SwarmUI itself; counts take the outermost, and so nothing counts twice.
Rule 2: a prompt that went straight to the ComfyUI is a job like any other.
Rule 3: the queue's own counts would count SwarmUI's prompts again: they are not passed on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from headway.dialects.swarmui.direct import is_own
from headway.model.events import AnyEvent, Ended, Reading, Registered
from headway.model.keys import join, kind_of, split

COUNTS = frozenset({"running", "waiting"})
MOST_JOBS = 10_000

Outer = Callable[[str, str], tuple[str, float] | None]
"""(a SwarmUI, a prompt's id) → the key of the generation of ours that named it, and since when."""


class Nesting:
    """Hears what a ComfyUI source tells. `outer` finds generations of ours.

    `swarm`: the SwarmUI that it is behind; "" while nobody said so. Its prompts are known by
    then, and told as soon as somebody does.
    """

    def __init__(self, outer: Outer) -> None:
        self.swarm = ""
        self._outer = outer
        self._loose: dict[str, Registered] = {}  # prompts of a SwarmUI that no generation claimed
        self._counts: dict[str, Reading] = {}

    def hear(self, events: Iterable[AnyEvent]) -> list[AnyEvent]:
        """The events, with what they run as."""
        told: list[AnyEvent] = []
        for event in events:
            told.append(self._without_counts(event))
            if isinstance(event, Registered) and kind_of(event.key) == "job":
                told += self._registered(event)
            elif isinstance(event, Ended):
                told += self._claimed(event.key)
                self._loose.pop(event.key, None)
        return told + self.claims()

    def adopt(self, swarm: str, now: float) -> list[AnyEvent]:
        """It is behind that SwarmUI: what is to be told of what was heard before."""
        if swarm == self.swarm:
            return []
        self.swarm = swarm
        counts: list[AnyEvent] = [_nothing(one, now) for one in self._counts.values()]
        return [*counts, *[_runs_as(one, join(swarm)) for one in self._loose.values()]]

    def claims(self) -> list[AnyEvent]:
        """Generations of ours that named their prompts since the last time."""
        return [event for key in list(self._loose) for event in self._claimed(key)]

    def _without_counts(self, event: AnyEvent) -> AnyEvent:
        if not isinstance(event, Reading) or event.field not in COUNTS:
            return event
        self._counts[event.field] = event
        return _nothing(event, event.at) if self.swarm else event

    def _registered(self, event: Registered) -> list[AnyEvent]:
        names = event.meta.get("names")
        classes = [str(one) for one in names.values()] if isinstance(names, dict) else []
        if not is_own(classes) or event.key in self._loose or len(self._loose) >= MOST_JOBS:
            return []
        self._loose[event.key] = event
        return [_runs_as(event, join(self.swarm))] if self.swarm else []

    def _claimed(self, key: str) -> list[AnyEvent]:
        heard = self._loose.get(key)
        if heard is None or not self.swarm:
            return []
        found = self._outer(self.swarm, split(key)[1])
        if found is None:
            return []
        del self._loose[key]
        # Since the generation exists, which is before its prompt: so it is believed first.
        return [_runs_as(heard, found[0], since=found[1], ear="own")]


def _nothing(counted: Reading, now: float) -> Reading:
    said = {name: getattr(counted, name) for name in ("key", "observer", "basis", "field")}
    return Reading(at=now, value=None, **said)


def _runs_as(
    heard: Registered, outer: str, *, since: float | None = None, ear: str = "swarmui"
) -> AnyEvent:
    at = heard.at if since is None else min(since, heard.at)
    who = f"{heard.observer}/{ear}"[:256]
    meta: dict[str, Any] = {"runs_as": outer}
    return Registered(key=heard.key, at=at, observer=who, basis="derived", meta=meta)

"""The levels that are only in memory, as the events they came from.

They are kept so that they can be folded again, after a failure or onto rows that another
process wrote.

Rule 1: only events that changed something are kept, so that of two with the same name
the later one contains the earlier.
Rule 2: bounded by the number of different names (entity, field, bar, observer).
"""

from __future__ import annotations

from collections.abc import Iterable

from headway.model.events import AnyEvent

MANY = 4_096  # events; then those that later ones contain are let go


class Levels:
    """Level events in order of arrival, conflated now and then."""

    def __init__(self) -> None:
        self._events: list[AnyEvent] = []
        self._bound = MANY

    def __bool__(self) -> bool:
        return bool(self._events)

    def add(self, events: Iterable[AnyEvent]) -> None:
        """Keep events that changed something."""
        self._events.extend(events)
        if len(self._events) > self._bound:
            self._events = self.newest()
            self._bound = MANY + 2 * len(self._events)

    def newest(self) -> list[AnyEvent]:
        """The events that no later one contains."""
        return list({_name(event): event for event in self._events}.values())

    def clear(self) -> None:
        """They are on disk."""
        self._events.clear()


def _name(event: AnyEvent) -> tuple[object, ...]:
    return (
        type(event),
        event.key,
        event.attempt,
        event.observer,
        getattr(event, "field", ""),
        getattr(event, "step", ""),
        getattr(event, "bar", ""),
    )

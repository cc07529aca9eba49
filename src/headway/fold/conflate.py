"""A batch without what it says twice over.

Rule 1: a level that another of the batch contains is left out: folding is join, so the
state is the same, and a flood of ticks costs one fold for each bar.
Rule 2: edges are never left out, whatever they repeat.
"""

from __future__ import annotations

from collections.abc import Sequence

from headway.fold.join import is_further
from headway.model.events import AnyEvent, Progress

Place = tuple[str, str, str, str, int]
"""Whose bar: key, step, observer, the bar's name, attempt."""


def conflated(events: Sequence[AnyEvent]) -> list[AnyEvent]:
    """The events that matter. Their order may differ, which no fold can tell."""
    furthest: dict[Place, Progress] = {}
    kept: list[AnyEvent] = []
    for event in events:
        if type(event) is not Progress:
            kept.append(event)
            continue
        place = (event.key, event.step, event.observer, event.bar, event.attempt)
        known = furthest.get(place)
        if (
            known is None
            or (event.done > known.done and event.run == known.run and event.total == known.total)
            or is_further(known, event)
        ):
            furthest[place] = event
    kept += furthest.values()
    return kept

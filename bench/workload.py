"""A day at eight busy ComfyUIs, as events: one in ten is an edge.

Each runs one job at a time; a job has a title, a signature and twelve steps of twenty
ticks of a bar. They are out of step, so that edges come evenly.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from headway.model.events import (
    AnyEvent,
    Ended,
    Progress,
    Queued,
    Registered,
    Started,
    StepEnded,
    StepStarted,
)

AT_ONCE = 8
STEPS = 12
META = {
    "family": "flux 1024",
    "model": "flux1-dev.safetensors",
    "width": 1024,
    "height": 1024,
    "batch": 1,
    "sampling_steps": 20,
    "needed": [str(number) for number in range(STEPS)],
    "names": {str(number): "KSamplerAdvanced" for number in range(STEPS)},
}


def story(count: int, first: int = 0) -> list[AnyEvent]:
    """`count` events; `first` tells the keys of several stories apart."""
    events: list[AnyEvent] = []
    running = [_job(first + number) for number in range(AT_ONCE)]
    for place, job in enumerate(running):
        events += islice(job, place * 31)
    number = first + AT_ONCE
    while len(events) < count:
        for place in range(AT_ONCE):
            event = next(running[place], None)
            if event is None:
                running[place] = _job(number)
                number += 1
                event = next(running[place])
            events.append(event)
    return events[:count]


def _job(number: int) -> Iterator[AnyEvent]:
    key, at = f"comfy~{number:08x}-aaaa-bbbb-cccc-0123456789ab~{number}", 1000.0 * number
    who, how = "comfy/queue", "observed"
    meta = {**META, "title": f"portrait {number}", "signature": f"s{number % 7}"}
    yield Registered(key=key, at=at, observer=who, basis=how, meta=meta)
    yield Queued(key=key, at=at, observer=who, basis=how)
    yield Started(key=key, at=at + 1, observer=who, basis=how)
    for step in range(STEPS):
        began = at + 2 + 20 * step
        yield StepStarted(
            key=key, at=began, observer=who, basis=how, step=str(step), name="KSamplerAdvanced"
        )
        for tick in range(1, 21):
            yield Progress(
                key=key,
                at=began + tick,
                observer="comfy/log",
                basis="derived",
                step=str(step),
                done=float(tick),
                total=20.0,
            )
        yield StepEnded(key=key, at=began + 20, observer=who, basis=how, step=str(step))
    yield Ended(key=key, at=at + 300, observer=who, basis=how, outcome="succeeded")

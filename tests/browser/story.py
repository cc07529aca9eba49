"""Events to show on the page, in few words each."""

from __future__ import annotations

import time
from typing import Any

from headway.model.events import (
    AnyEvent,
    Ended,
    Position,
    Presence,
    Progress,
    Queued,
    Reading,
    Registered,
    Started,
    StepEnded,
    StepStarted,
)
from headway.model.keys import JobKey
from headway.model.words import Outcome

NEEDED = ["1", "2", "3", "4"]
NAMES = {"1": "CheckpointLoaderSimple", "2": "KSampler", "3": "VAEDecode", "4": "SaveImage"}


def key(native: str, source: str = "comfy") -> str:
    """The key of a job."""
    return JobKey(source, native).text


def source(name: str = "comfy", *, seen: bool | None = True, **more: Any) -> list[AnyEvent]:
    """A source as it is when it was reached; readings by name."""
    now = time.time()
    meta = {"source_kind": more.pop("source_kind", "comfyui"), "url": "http://127.0.0.1:8188"}
    meta |= {"simulated": True} if more.pop("simulated", False) else {}
    events: list[AnyEvent] = [Registered(key=name, at=now - 60, meta=meta)]
    if seen is not None:
        events.append(Presence(key=name, at=now - 30, presence="seen" if seen else "missing"))
    return events + [
        Reading(key=name, at=now - 30, field=field, value=value) for field, value in more.items()
    ]


def waits(
    job: str, *, position: int = 1, of: int = 1, ago: float = 40, **meta: Any
) -> list[AnyEvent]:
    """A job that waits at that position; meta by name."""
    at = time.time() - ago
    return [
        Registered(key=job, at=at, meta={"job_kind": "image", **meta}),
        Queued(key=job, at=at),
        Position(key=job, at=at, position=position, of=of),
    ]


def runs(job: str, *, ago: float = 20, **meta: Any) -> list[AnyEvent]:
    """A job of four steps that runs; its sampler has begun."""
    at = time.time() - ago
    return [
        *waits(job, ago=ago + 20, needed=NEEDED, names=NAMES, **meta),
        Started(key=job, at=at),
        StepStarted(key=job, at=at, step="1", name=NAMES["1"]),
        StepEnded(key=job, at=at + 2, step="1"),
        StepStarted(key=job, at=at + 2, step="2", name=NAMES["2"]),
    ]


def samples(job: str, done: int, total: int = 20) -> list[AnyEvent]:
    """Its sampler stands there."""
    return [Progress(key=job, at=time.time(), step="2", done=done, total=total, unit="steps")]


def expects(job: str, end: float, *, low: float, high: float, samples: int = 12) -> list[AnyEvent]:
    """An estimate, in seconds from now."""
    now = time.time()
    value = {"end_at": now + end, "low_at": now + low, "high_at": now + high, "samples": samples}
    return [
        Reading(
            key=job, at=now, observer="headway", basis="estimated", field="estimate", value=value
        )
    ]


def ends(
    job: str, outcome: Outcome = "succeeded", *, ago: float = 0, **more: str
) -> list[AnyEvent]:
    """A job is over; `why` and `detail` by name."""
    return [Ended(key=job, at=time.time() - ago, outcome=outcome, **more)]


def ended(
    job: str, outcome: Outcome = "succeeded", *, ago: float = 60, why: str = "", **meta: Any
) -> list[AnyEvent]:
    """The whole life of a job that ran for 20 s and is over."""
    return [*runs(job, ago=ago + 20, **meta), *ends(job, outcome, ago=ago, why=why)]


def pictures(*names: str, media: str = "image") -> list[dict[str, Any]]:
    """Outputs for the meta of a job."""
    return [{"n": n, "name": name, "media": media, "place": {}} for n, name in enumerate(names)]

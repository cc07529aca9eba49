"""Events that the tests of the door speak of."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from headway.model.events import (
    AnyEvent,
    Ended,
    Progress,
    Queued,
    Registered,
    Started,
    StepStarted,
)
from headway.model.keys import JobKey
from headway.model.words import Outcome


def key(native: str = "abc", source: str = "comfy") -> str:
    return JobKey(source, native).text


def queued(native: str = "abc", source: str = "comfy") -> AnyEvent:
    return Queued(key=key(native, source), at=time.time())


def started(native: str = "abc") -> AnyEvent:
    return Started(key=key(native), at=time.time())


def bar(done: float, native: str = "abc", total: float | None = 20) -> AnyEvent:
    return Progress(key=key(native), at=time.time(), done=done, total=total)


def ended(native: str = "abc", outcome: Outcome = "succeeded", **more: Any) -> AnyEvent:
    return Ended(key=key(native), at=time.time(), outcome=outcome, **more)


def registered(native: str = "abc", **meta: Any) -> AnyEvent:
    return Registered(key=key(native), at=time.time(), meta=meta)


def step(name: str, native: str = "abc") -> AnyEvent:
    return StepStarted(key=key(native), at=time.time(), step=name, name="KSampler")


def shows(done: float) -> Callable[[Any], bool]:
    """Whether a frame of news shows a job's bar there."""

    def shown(changes: Any) -> bool:
        bars = [one["bars"][0] for one in changes["entities"] if one.get("bars")]
        return any(one["done"] == done for one in bars)

    return shown


def running(native: str = "abc") -> list[AnyEvent]:
    return [queued(native), started(native), bar(3, native)]

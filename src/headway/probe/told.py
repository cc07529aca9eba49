"""What is told of every back end that was looked at: that it is there, or is not."""

from __future__ import annotations

from headway.model.events import AnyEvent, Presence, Reading, Registered
from headway.model.keys import join


def seen(source: str, seconds: float, now: float) -> list[AnyEvent]:
    """It answered, after so many seconds."""
    key, took = join(source), round(seconds, 4)
    return [
        Presence(key=key, at=now, basis="observed", presence="seen"),
        Reading(key=key, at=now, basis="observed", field="response_time", value=took),
    ]


def missing(source: str, kind: str, url: str, *, why: str, now: float) -> list[AnyEvent]:
    """It cannot be reached, and why not."""
    key = join(source)
    meta = {"source_kind": kind, "url": url, "title": source}
    return [
        Registered(key=key, at=now, meta=meta),
        Presence(key=key, at=now, basis="observed", presence="missing"),
        Reading(key=key, at=now, basis="observed", field="unreachable", value=why),
    ]

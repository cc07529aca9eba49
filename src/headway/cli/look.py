"""What goes on, again and again: from a server, else by asking the back ends themselves.

Rule 1: both give the same answer of `status` and the same entities; who shows them does
not know which it was.
Rule 2: back ends are asked at most every `PAUSE` seconds, and only while somebody looks.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Protocol

from headway.cli import reach
from headway.cli.reach import Server

PAUSE = 2.0  # seconds between two looks at back ends


class Look(Protocol):
    """Something to look at."""

    def status(self) -> dict[str, Any]:
        """The answer of `status`."""

    def ticks(self, *, until: float | None = None) -> Iterator[list[dict[str, Any]]]:
        """At once, and again whenever to look; ends at `until` (monotonic seconds)."""

    def changes(self) -> Iterator[dict[str, Any]]:
        """Entities as they are, then each again whenever it has changed."""

    def ended(self, limit: int) -> list[dict[str, Any]]:
        """The jobs that ended last, newest first; [] if nobody remembers."""


class ServerLook:
    """By a running server: its stream says when to look."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.status = server.status
        self.ticks = server.ticks

    def changes(self) -> Iterator[dict[str, Any]]:
        """Entities as they are, then each again whenever it has changed."""
        for messages in self._server.ticks():
            for message in messages:
                data = message.get("data") or {}
                yield from data.get("entities") or ()

    def ended(self, limit: int) -> list[dict[str, Any]]:
        """The jobs that ended last, newest first."""
        return self._server.jobs(limit=limit, active="false")


class ProbeLook:
    """By one blocking look after the other at the back ends."""

    def status(self) -> dict[str, Any]:
        """The answer of `status`."""
        return probed_status()

    def ticks(self, *, until: float | None = None) -> Iterator[list[dict[str, Any]]]:
        """At once, and again every `PAUSE` seconds."""
        yield []
        while until is None or time.monotonic() < until:
            left = PAUSE if until is None else min(PAUSE, max(until - time.monotonic(), 0.0))
            time.sleep(left)
            yield []

    def changes(self) -> Iterator[dict[str, Any]]:
        """Entities as they are, then each again whenever it has changed."""
        import msgspec

        known: dict[str, Any] = {}
        for _ in self.ticks():
            for view in probed():
                found = msgspec.to_builtins(view)
                if known.get(view.key) != found:
                    known[view.key] = found
                    yield found

    def ended(self, limit: int) -> list[dict[str, Any]]:
        """Nobody remembers."""
        return []


def look() -> Look:
    """The best way to look from here."""
    server = reach.found()
    return ServerLook(server) if server else ProbeLook()


def probed_status() -> dict[str, Any]:
    """The answer of `status` without a server: the back ends are asked now."""
    from headway.talk.status import status_of
    from headway.version import __version__

    return status_of(probed(), now=time.time(), version=__version__)


def probed() -> list[Any]:
    """What the back ends say now: those of the configuration, else those on usual ports."""
    from headway.cli.settings import loaded
    from headway.probe import probe

    config = loaded().config
    named = {name: one.url for name, one in config.sources.items() if one.kind == "comfyui"}
    found: list[Any] = probe(named, discover=config.plane.discover)
    return found

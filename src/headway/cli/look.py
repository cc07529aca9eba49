"""What goes on, again and again: from a server, else by asking the back ends themselves.

Rule 1: both give the same answer of `status` and the same entities; who shows them does
not know which it was.
Rule 2: back ends are asked at most every `PAUSE` seconds, and only while somebody looks.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from headway.cli import wire
from headway.cli.programs import Programs

if TYPE_CHECKING:
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
    """By one blocking look after the other at the back ends, and at the programs here."""

    def __init__(self) -> None:
        self._programs = Programs()
        self._asked: list[Any] = []
        self._looked_at = self._asked_at = float("-inf")

    def status(self) -> dict[str, Any]:
        """The answer of `status`."""
        from headway.talk.status import status_of
        from headway.version import __version__

        return status_of(self._views(), now=time.time(), version=__version__)

    def ticks(self, *, until: float | None = None) -> Iterator[list[dict[str, Any]]]:
        """At once, then when a program said something, at least every `PAUSE` seconds."""
        yield []
        while until is None or time.monotonic() < until:
            left = PAUSE if until is None else min(PAUSE, max(until - time.monotonic(), 0.0))
            self._programs.wait(left)
            yield []

    def changes(self) -> Iterator[dict[str, Any]]:
        """Entities as they are, then each again whenever it has changed."""
        import msgspec

        known: dict[str, Any] = {}
        for _ in self.ticks():
            for view in self._views():
                found = msgspec.to_builtins(view)
                if known.get(view.key) != found:
                    known[view.key] = found
                    yield found

    def ended(self, limit: int) -> list[dict[str, Any]]:
        """The jobs of programs that ended last, newest first."""
        return self._programs.ended(limit)

    def _views(self) -> list[Any]:
        from headway.cli.leads import merged, places

        if time.monotonic() - self._looked_at >= PAUSE:
            before = places(self._programs.submitted())
            self._asked_at = time.time()
            self._asked, self._looked_at = probed(before), time.monotonic()
        told = merged(
            self._asked,
            self._programs.submitted(),
            asked_at=self._asked_at,
            ended=self._programs.ended_at,
        )
        return [*told, *self._programs.views()]


def look() -> Look:
    """The best way to look from here."""
    run = wire.server()
    if not wire.is_named() and (run is None or not wire.answers(run)):
        return ProbeLook()
    from headway.cli import reach  # a library for HTTP takes longer to load than a look

    server = reach.found()
    return ServerLook(server) if server else ProbeLook()


def probed(more: Mapping[str, tuple[str, str]] | None = None) -> list[Any]:
    """What the back ends say now: those of the configuration, else those on usual ports.

    `more`: the kind and URL of further ones, by name.
    """
    from headway.cli.settings import loaded
    from headway.host import paths
    from headway.host.sessions import Sessions
    from headway.probe import Swarm, probe
    from headway.probe.looking import USUAL_SWARMS

    config = loaded().config
    named = {n: (one.kind, one.url, one.token) for n, one in config.sources.items()}
    urls = {one.url for one in config.sources.values()}
    for name, (kind, url) in (more or {}).items():
        if name not in named and url not in urls:
            named[name] = ("swarmui" if kind == "swarmui" else "comfyui", url, "")
    found: list[Any] = probe(
        {name: url for name, (kind, url, _) in named.items() if kind == "comfyui"},
        discover=config.plane.discover,
        swarms={
            n: Swarm(url, token) for n, (kind, url, token) in named.items() if kind != "comfyui"
        },
        usual_swarms=USUAL_SWARMS,
        sessions=Sessions(paths.state_dir()),
    )
    return found

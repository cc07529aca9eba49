"""Back ends of this machine that nobody configured: watched if we can, else listed as seen.

Rule 1: what is watched already, under whatever name of this machine, is not asked again.
Rule 2: what is only seen is told when it comes and when it goes, not at every look.
Rule 3: a ComfyUI that does the work of a watched SwarmUI is watched as well, if it can be
reached and nobody watches it yet.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

from headway.cli.watching import Watching
from headway.host.mirrors import token_of
from headway.model.address import address_of
from headway.model.events import AnyEvent, Presence, Reading, Registered
from headway.model.keys import join
from headway.sources.comfyui import ComfyUI, Settings
from headway.sources.contract import Source
from headway.sources.discovery import USUAL, Candidate, Found, free_name, look

OBSERVER = "discovery"

Looks = Callable[[Iterable[Candidate]], Awaitable[list[Found]]]


class Discovery:
    """What the plane asks again and again."""

    def __init__(
        self,
        *,
        usual: Sequence[Candidate] = USUAL,
        watching: Watching | None = None,
        looks: Looks = look,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._usual = usual
        self._watching = watching
        self._looks = looks
        self._clock = clock
        self._told: dict[str, Found] = {}

    async def __call__(self, watched: Sequence[Source]) -> tuple[list[Source], list[AnyEvent]]:
        """Sources to watch from now on, and what to tell of those that are only seen."""
        places = {address_of(getattr(one, "url", "")) for one in watched}
        found = await self._looks([one for one in self._usual if address_of(one.url) not in places])
        names = {one.name for one in watched}
        made = [(one, self._source(one.kind, free_name(one, names), one.url)) for one in found]
        sources = [source for _, source in made if source is not None]
        places |= {address_of(one.url) for one in found}
        sources += self._behind(places)
        return sources, self._news([one for one, source in made if source is None])

    def _source(self, kind: str, name: str, url: str) -> Source | None:
        if self._watching is not None:
            return self._watching.found(kind, name, url)
        comfy = Settings(name=name, url=url)
        return ComfyUI(comfy, tokens=token_of) if kind == "comfyui" else None

    def _behind(self, places: set[tuple[str, int | None]]) -> list[Source]:
        known = self._watching.fronts.all() if self._watching is not None else []
        fresh = [(name, url) for name, url in known if address_of(url) not in places]
        made = [self._source("comfyui", name, url) for name, url in fresh]
        return [one for one in made if one is not None]

    def _news(self, seen: list[Found]) -> list[AnyEvent]:
        now = self._clock()
        here = {one.name: one for one in seen}
        came = [one for name, one in here.items() if name not in self._told]
        went = [one for name, one in self._told.items() if name not in here]
        self._told = here
        return [
            *[event for one in came for event in _came(one, now)],
            *[_presence(one, now, seen=False) for one in went],
        ]


def _came(one: Found, now: float) -> list[AnyEvent]:
    key = join(one.name)
    meta = {"source_kind": one.kind, "url": one.url, "title": one.name}
    watched = Reading(
        key=key, at=now, observer=OBSERVER, basis="observed", field="watched", value=False
    )
    return [
        Registered(key=key, at=now, observer=OBSERVER, basis="observed", meta=meta),
        watched,
        _presence(one, now, seen=True),
    ]


def _presence(one: Found, now: float, *, seen: bool) -> Presence:
    return Presence(
        key=join(one.name),
        at=now,
        observer=OBSERVER,
        basis="observed",
        presence="seen" if seen else "missing",
    )

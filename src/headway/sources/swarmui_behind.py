"""ComfyUIs behind SwarmUIs: which they are, and a ComfyUI source that knows it is one.

Rule 1: a ComfyUI is behind a SwarmUI if that one's back ends name its address; whether it was
    configured by itself or found there makes no difference.
Rule 2: what it does for SwarmUI is told with `runs_as`; everything else it tells as ever.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from headway.dialects.swarmui.nesting import Nesting, Outer
from headway.model.address import Address, address_of
from headway.model.events import AnyEvent
from headway.model.views import JobView, SourceView
from headway.sources.comfyui import ComfyUI
from headway.sources.contract import Artefact


class Fronts:
    """Which ComfyUI is behind which SwarmUI, and which of them are watched."""

    def __init__(self) -> None:
        self._behind: dict[str, dict[str, Address]] = {}
        self._urls: dict[str, dict[str, str]] = {}
        self._watched: dict[Address, Nesting] = {}

    def behind(self, swarm: str, places: Mapping[str, str], now: float) -> list[AnyEvent]:
        """The ComfyUIs of that SwarmUI: back end id → URL. What is to be told of them now."""
        self._behind[swarm] = {name: address_of(url) for name, url in places.items()}
        self._urls[swarm] = dict(places)
        told: list[AnyEvent] = []
        for place in self._behind[swarm].values():
            nesting = self._watched.get(place)
            if nesting is not None:
                told += [*nesting.adopt(swarm, now), *nesting.claims()]
        return told

    def hears(self, url: str, nesting: Nesting) -> None:
        """A ComfyUI is watched and heard, by this."""
        self._watched[address_of(url)] = nesting

    def left(self, url: str) -> None:
        """A ComfyUI is not heard any more."""
        self._watched.pop(address_of(url), None)

    def watched(self, swarm: str) -> frozenset[str]:
        """The ids of the back ends whose ComfyUI is watched and heard now."""
        held = self._behind.get(swarm, {})
        return frozenset(name for name, place in held.items() if place in self._watched)

    def all(self) -> list[tuple[str, str]]:
        """(a name for it, its URL) of every ComfyUI behind a SwarmUI."""
        return [
            (f"{swarm}-{name}", url)
            for swarm, urls in sorted(self._urls.items())
            for name, url in sorted(urls.items())
        ]


class Behind:
    """A ComfyUI source that may be behind a SwarmUI. `find`: generations of ours."""

    def __init__(
        self, source: ComfyUI, fronts: Fronts, find: Outer = lambda swarm, prompt: None
    ) -> None:
        self._source = source
        self._fronts = fronts
        self._nesting = Nesting(find)
        self.name = source.name
        self.kind = source.kind
        self.url = source.url

    @asynccontextmanager
    async def connect(
        self, known: Sequence[JobView] = (), source: SourceView | None = None
    ) -> AsyncIterator[AsyncIterator[list[AnyEvent]]]:
        """As the ComfyUI itself."""
        try:
            async with self._source.connect(known, source) as batches:
                yield self._nested(batches)
        finally:
            self._fronts.left(self.url)

    async def artefact(
        self,
        place: dict[str, Any],
        *,
        range: str | None = None,  # noqa: A002 - its name in HTTP
    ) -> Artefact:
        """As the ComfyUI itself."""
        return await self._source.artefact(place, range=range)

    async def _nested(
        self, batches: AsyncIterator[list[AnyEvent]]
    ) -> AsyncIterator[list[AnyEvent]]:
        async for events in batches:
            self._fronts.hears(self.url, self._nesting)
            yield self._nesting.hear(events)

"""All looks at once, and what they saw as views.

Rule 1: a named back end that cannot be reached is a line of the answer; one that was only
looked for is not.
Rule 2: what it takes to speak with a SwarmUI is loaded only where one was named or answers.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from headway.fold.folding import Entities, fold
from headway.fold.views import view
from headway.model.address import address_of
from headway.model.entities import Step
from headway.model.events import AnyEvent
from headway.model.views import AnyView
from headway.probe.comfyui import Look
from headway.probe.told import missing

if TYPE_CHECKING:
    from headway.host.sessions import Sessions
    from headway.probe.swarmui import Look as SwarmLook

PATIENCE = 2.0  # seconds for one back end, from the first connection to the last answer
KNOCK = 0.25  # seconds for a connection where a SwarmUI may be
USUAL = {"comfyui": "http://127.0.0.1:8188", "comfyui-8000": "http://127.0.0.1:8000"}
"""Where a ComfyUI is usually found: its own port and that of its desktop app."""

Clock = Callable[[], float]


class Swarm(NamedTuple):
    """A SwarmUI to look at. `token`: of an account. `sure` False: it may be something else."""

    url: str
    token: str = ""
    sure: bool = True


USUAL_SWARMS = {"swarmui": Swarm("http://127.0.0.1:7801", sure=False)}
"""Where a SwarmUI is usually found."""


def probe(
    named: Mapping[str, str],
    *,
    discover: bool = True,
    patience: float = PATIENCE,
    clock: Clock = time.time,
    usual: Mapping[str, str] = USUAL,
    swarms: Mapping[str, Swarm] | None = None,
    usual_swarms: Mapping[str, Swarm] | None = None,
    sessions: Sessions | None = None,
) -> list[AnyView]:
    """What the back ends do now: named ones by name, and with `discover` usual ones.

    A named one that cannot be reached is in the answer as missing, a usual one is not.
    SwarmUIs are asked only where there are `sessions`, for each needs one that is kept.
    """
    given = dict(swarms or {}) if sessions is not None else {}
    asked = {**named, **{name: one.url for name, one in given.items()}}
    urls = _free(usual if discover else {}, asked)
    found = usual_swarms if discover and sessions is not None else None
    extra = {
        name: one
        for name, one in (found or {}).items()
        if _free({name: one.url}, asked) and _listens(one.url)
    }
    comfies = [Look(name, url, patience, clock) for name, url in {**named, **urls}.items()]
    swarmed = _swarm_looks({**given, **extra}, sessions, patience, clock)
    for one in (*comfies, *swarmed):
        one.start()
    for one in (*comfies, *swarmed):
        one.join()
    return [*_told(comfies, swarmed), *_missing((*comfies, *swarmed), asked, clock())]


def _free(usual: Mapping[str, str], asked: Mapping[str, str]) -> dict[str, str]:
    known = {address_of(url) for url in asked.values()}
    return {
        name: url
        for name, url in usual.items()
        if name not in asked and address_of(url) not in known
    }


def _swarm_looks(
    swarms: Mapping[str, Swarm], sessions: Sessions | None, patience: float, clock: Clock
) -> list[SwarmLook]:
    if not swarms or sessions is None:
        return []
    from headway.probe.swarmui import Look as SwarmLook

    return [
        SwarmLook(name, one.url, patience, clock, sessions=sessions, token=one.token, sure=one.sure)
        for name, one in swarms.items()
    ]


def _listens(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 80), KNOCK).close()
    except OSError:
        return False
    return True


def _told(comfies: Sequence[Look], swarmed: Sequence[SwarmLook]) -> list[AnyView]:
    found = {address_of(one.url) for one in comfies if not one.problem}
    views: list[AnyView] = []
    for swarm in swarmed:
        places = {name: address_of(url) for name, url in swarm.places().items()}
        watched = frozenset(name for name, place in places.items() if place in found)
        views += _views(swarm.events(watched))
    for one in comfies:
        views += _views(_nested(one, swarmed))
    return views


def _nested(look: Look, swarmed: Sequence[SwarmLook]) -> list[AnyEvent]:
    for swarm in swarmed:
        if address_of(look.url) in {address_of(url) for url in swarm.places().values()}:
            from headway.dialects.swarmui.nesting import Nesting

            nesting = Nesting(lambda _, __: None)
            nesting.adopt(swarm.source, 0.0)
            return nesting.hear(look.events())
    return look.events()


def _missing(
    looks: Sequence[Look | SwarmLook], asked: Mapping[str, str], now: float
) -> list[AnyView]:
    return [
        shown
        for one in looks
        if one.problem and one.source in asked
        for shown in _views(missing(one.source, one.kind, one.url, why=one.problem, now=now))
    ]


def _views(events: Sequence[AnyEvent]) -> list[AnyView]:
    entities: Entities = {}
    for event in events:
        fold(entities, event)
    return [view(one) for one in entities.values() if not isinstance(one, Step)]

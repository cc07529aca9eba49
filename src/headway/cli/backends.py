"""The back ends that can be acted on: those of the configuration, else what answers here.

Rule 1: one is taken by its name; without a name the only one that answers. Where several
do, they are named: nobody's pictures are made somewhere by chance.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from headway.actions.comfyui import ComfyUI
from headway.actions.comfyui import Settings as ComfySettings
from headway.actions.contract import Actor
from headway.actions.swarmui import Settings as SwarmSettings
from headway.actions.swarmui import SwarmUI
from headway.cli.settings import loaded
from headway.errors import Unreachable, UsageError
from headway.host import paths
from headway.host.sessions import Sessions
from headway.model.address import address_of
from headway.sources.discovery import USUAL, Candidate, Found, free_name, look

LOOKS = 3  # at back ends, until one answers


def _comfyui(name: str, url: str, _: str) -> Actor:
    return ComfyUI(ComfySettings(name=name, url=url))


def _swarmui(name: str, url: str, token: str) -> Actor:
    sessions = Sessions(paths.make_private(paths.state_dir()))
    return SwarmUI(SwarmSettings(name=name, url=url, token=token), sessions=sessions)


KINDS: Mapping[str, Callable[[str, str, str], Actor]] = {"comfyui": _comfyui, "swarmui": _swarmui}


def actor_of(kind: str, name: str, url: str, *, token: str = "") -> Actor:
    """The back end of that kind."""
    return KINDS[kind](name, url, token)


async def actors(args: Namespace) -> list[Actor]:
    """Every back end that can be acted on: the configured ones, then those found here."""
    config = loaded(args).config
    named = [
        actor_of(one.kind, name, one.url, token=getattr(one, "token", ""))
        for name, one in config.sources.items()
        if one.kind in KINDS
    ]
    if not config.plane.discover:
        return named
    places = {address_of(one.url) for one in config.sources.values()}
    usual = [one for one in USUAL if one.kind in KINDS and address_of(one.url) not in places]
    found = await look(usual)
    return named + [actor_of(one.kind, free_name(one, config.sources), one.url) for one in found]


async def chosen(args: Namespace) -> Actor:
    """The one that was named, else the only one that answers.

    Raises: UsageError if there is none of that name, or several; Unreachable.
    """
    known = await actors(args)
    wanted = getattr(args, "backend", "") or ""
    if wanted:
        return _named(wanted, known)
    if len(known) == 1:
        return known[0]  # whether it answers is seen when it is asked
    answering = await _answering(known)
    if len(answering) == 1:
        return answering[0]
    if not answering:
        hint = "start ComfyUI or SwarmUI, or name it in the settings (`headway doctor`)"
        raise Unreachable("no back end answers", hint)
    names = ", ".join(one.name for one in answering)
    raise UsageError(f"several back ends answer: {names}", "choose one with --backend NAME")


async def _answering(known: list[Actor]) -> list[Actor]:
    # A machine that has much to do answers late; one where nobody listens refuses at once.
    for _ in range(LOOKS):
        found = await look([Candidate(one.kind, _url(one)) for one in known])
        answering = [one for one in known if _answers(one, found)]
        if answering:
            return answering
    return []


def _named(wanted: str, known: list[Actor]) -> Actor:
    for one in known:
        if wanted in (one.name, _url(one)):
            return one
    if urlsplit(wanted).scheme in ("http", "https"):
        kind = "swarmui" if urlsplit(wanted).port == 7801 else "comfyui"
        return actor_of(kind, urlsplit(wanted).hostname or kind, wanted.rstrip("/"))
    names = ", ".join(one.name for one in known) or "none"
    raise UsageError(f"no back end is called {wanted!r}", f"known: {names}; or its URL")


def _answers(actor: Actor, found: list[Found]) -> bool:
    return any(address_of(one.url) == address_of(_url(actor)) for one in found)


def _url(actor: Any) -> str:
    return str(actor.url)

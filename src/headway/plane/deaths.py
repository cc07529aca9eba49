"""Programs that died with jobs open: found on their own host, and nowhere else.

Rule 1: a job says whose it is (meta `process`); it is lost once that very process is known
to be gone. Of another host or pid namespace nothing is said.
Rule 2: a boot before this one is over; a boot that said something since this one began is
another machine's, whatever it is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from headway.host.process import Identity, alive, booted_at, identity, parse
from headway.model.events import AnyEvent, Ended
from headway.model.views import AnyView, JobView
from headway.model.words import RESOLVED

PROCESS = "process"  # the meta field
OBSERVER = "headway"


def deaths(
    views: Iterable[AnyView], now: float, *, lives: Callable[[Identity], bool | None] = alive
) -> list[AnyEvent]:
    """The ends of open jobs whose process is gone. Blocks for a few reads of /proc or the like."""
    known: dict[str, bool | None] = {}
    found: list[AnyEvent] = []
    for view in views:
        if not isinstance(view, JobView) or view.phase in RESOLVED:
            continue
        who = view.meta.get(PROCESS)
        if not isinstance(who, str):
            continue
        if who not in known:
            known[who] = _lives(who, lives)
        if known[who] is False and _may_be_ours(who, view):
            found.append(_lost(view, who, now))
    return found


def living(views: Iterable[AnyView]) -> list[JobView]:
    """The open jobs whose process is known to run on this machine."""
    known: dict[str, bool | None] = {}
    found = []
    for view in views:
        if isinstance(view, JobView) and view.phase not in RESOLVED:
            who = str(view.meta.get(PROCESS, ""))
            if who not in known:
                known[who] = _lives(who, alive)
            if known[who]:
                found.append(view)
    return found


def _lives(text: str, lives: Callable[[Identity], bool | None]) -> bool | None:
    who = parse(text)
    if who is None or not who.host:
        return None  # it may be anybody's
    return lives(who)


def _may_be_ours(text: str, view: JobView) -> bool:
    who, here = parse(text), identity()
    if who is None or not who.boot or who.boot == here.boot:
        return True
    since = booted_at()
    return since is not None and view.updated_at < since


def _lost(view: JobView, text: str, now: float) -> AnyEvent:
    who = parse(text)
    assert who is not None
    return Ended(
        key=view.key,
        at=now,
        observer=OBSERVER,
        basis="observed",
        attempt=view.attempt,
        outcome="lost",
        why="its process died",
        evidence=f"process {who.pid} of {who.host} is gone",
    )

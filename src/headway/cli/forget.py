"""`headway sources`, and `headway sources forget NAME`: leave out what is gone for good.

Rule 1: nothing is deleted. That it is not watched any more is a fact like any other, and
as one it is reported; `status` counts only what is watched or there.
Rule 2: what was unfinished there ended, and nobody can say how: `unknown`, on the basis
of which any end that is still seen is believed instead.
Rule 3: a source that answers, or that the settings name, is not forgotten; one that is
watched again is there again.
"""

from __future__ import annotations

import time
from argparse import Namespace
from typing import Any

from headway.cli import codes
from headway.cli.output import say
from headway.cli.reach import Server, found
from headway.cli.settings import loaded
from headway.cli.show import sources
from headway.errors import Unreachable, UsageError
from headway.model.events import AnyEvent, Ended, Presence, Reading
from headway.model.keys import join
from headway.transport.sender import Sender

MOST = 10_000  # unfinished jobs of one source
WHY = "its source was forgotten"
EVIDENCE = "headway sources forget"


def run(args: Namespace) -> int:
    """List the sources, or forget one."""
    if args.action is None:
        return sources(args)
    if not args.name:
        raise UsageError("which source?", "headway sources forget NAME")
    return forget(args, args.name)


def forget(args: Namespace, name: str) -> int:
    """Forget the source. Raises: Unreachable without a server, UsageError."""
    server = found()
    if server is None:
        raise Unreachable("no server runs", "start one with `headway serve`")
    if name in loaded(args).config.sources:
        raise UsageError(f"{name!r} is in the settings", "take it out there first")
    _refuse(name, server.status()["servers"])
    jobs = _unfinished(server, name)
    with Sender() as sender:
        sender.send(events_of(name, jobs, time.time()))
    say(f"{name} is forgotten" + (f", with {len(jobs)} unfinished jobs" if jobs else ""))
    return codes.DONE


def events_of(name: str, jobs: list[str], at: float) -> list[AnyEvent]:
    """What is reported: that it is neither there nor watched, and that its jobs ended."""
    key = join(name)
    return [
        Presence(key=key, at=at, observer="headway", basis="observed", presence="missing"),
        Reading(key=key, at=at, observer="headway", basis="observed", field="watched", value=False),
        *(
            Ended(
                key=job,
                at=at,
                observer="headway",
                basis="inferred",
                outcome="unknown",
                why=WHY,
                evidence=EVIDENCE,
            )
            for job in jobs
        ),
    ]


def _refuse(name: str, servers: list[dict[str, Any]]) -> None:
    known = {one["server"]: one["status"] for one in servers}
    if name not in known:
        there = ", ".join(sorted(known)) or "none"
        raise UsageError(f"no source of that name: {name!r}", f"there are: {there}")
    if known[name] in ("online", "wedged"):
        raise UsageError(f"{name!r} answers: it would be back at once", "stop it first")


def _unfinished(server: Server, name: str) -> list[str]:
    return [str(one["key"]) for one in server.jobs(limit=MOST, source=name, active="true")]

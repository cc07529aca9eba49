"""`headway cancel`: stop exactly what is meant, and say what came of it.

Rule 1: what is said to be stopped is looked up just before; a name that fits nothing, or
several things, stops nothing.
Rule 2: other people's work, and what cannot be stopped alone, is asked about first; without
a terminal only --yes answers.
Rule 3: what is told at the end is what the back end says, not what was hoped for.
"""

from __future__ import annotations

import asyncio
import getpass
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import msgspec

from headway.actions.contract import Actor, Cancelled, CancelResult, Stop
from headway.cli import codes
from headway.cli.backends import actors
from headway.cli.look import look
from headway.cli.output import say
from headway.cli.own import own_jobs
from headway.errors import HeadwayError, UsageError
from headway.render.data import FORMATS
from headway.render.table import safe

WORDS: dict[CancelResult, str] = {
    "cancelled": "cancelled",
    "stopping": "asked to stop, still stopping",
    "over": "was already over",
    "unknown": "what became of it cannot be known",
}
CODES: dict[CancelResult, int] = {
    "cancelled": codes.DONE,
    "over": codes.DONE,
    "stopping": codes.TIMED_OUT,
    "unknown": codes.UNKNOWN,
}

Row = dict[str, Any]
Own = frozenset[str]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it at one back end."""

    backend: str
    jobs: list[str]
    result: CancelResult
    also: int | None = 0
    why: str = ""


def run(args: Namespace) -> int:
    """The exit code: 0 all is stopped or was over, 124 still stopping, 4 not known."""
    if bool(args.jobs) + bool(args.all) + bool(args.mine) != 1:
        raise UsageError("what is to be cancelled?", "headway cancel JOB…, --mine or --all")
    rows = [
        row
        for row in look().status()["active_generations"]
        if not args.backend or row["server"] == args.backend
    ]
    own = own_jobs()
    wanted = _wanted(args, rows, own)
    if not wanted:
        say("nothing of that runs or waits")
        return codes.DONE
    return asyncio.run(_run(args, wanted, own))


def _wanted(args: Namespace, rows: list[Row], own: Own) -> list[Row]:
    if args.all:
        return rows
    if args.mine:
        return [row for row in rows if row["job"] in own]
    return [_named(name, rows) for name in args.jobs]


def _named(name: str, rows: list[Row]) -> Row:
    found = [row for row in rows if row["session_id"].startswith(name)]
    found = found or [row for row in rows if row["job"].startswith(name)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(f"no unfinished job begins with {name!r}", "`headway status` lists them")
    names = ", ".join(row["session_id"] for row in found[:5])
    raise UsageError(f"several jobs begin with {name!r}", f"one of: {names}")


async def _run(args: Namespace, wanted: list[Row], own: Own) -> int:
    known = {one.name: one for one in await actors(args)}
    told = []
    for name in dict.fromkeys(str(row["server"]) for row in wanted):
        rows = [row for row in wanted if row["server"] == name]
        if name not in known:
            hint = "only ComfyUI and SwarmUI can be told to stop"
            raise UsageError(f"{name} cannot be acted on from here", hint)
        told.append(await _at(known[name], rows, own, args))
    _print(args, told)
    return max(CODES[one.result] for one in told)


async def _at(actor: Actor, rows: list[Row], own: Own, args: Namespace) -> Told:
    jobs = [str(row["job"]) for row in rows]
    stop = await actor.stops(jobs)
    if not stop.jobs:
        return Told(backend=actor.name, jobs=jobs, result="over")
    others = [job for job in stop.jobs if job not in own]
    if not args.yes and (stop.consent or (others and (args.all or stop.also))):
        _ask(actor, stop, len(others))
    try:
        came = await actor.cancel(stop)
    except HeadwayError as error:
        came = Cancelled(result="unknown", why=str(error))
    return Told(
        backend=actor.name, jobs=list(stop.jobs), result=came.result, also=stop.also, why=came.why
    )


def _ask(actor: Actor, stop: Stop, others: int) -> None:
    for line in _said(actor, stop, others):
        say(line)
    if not sys.stdin.isatty():
        raise UsageError("nobody is here to ask", "--yes says that it is meant")
    print("Stop them? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("nothing was stopped")


def _said(actor: Actor, stop: Stop, others: int) -> Sequence[str]:
    lines = [f"{actor.name}: this stops {len(stop.jobs)} of those that you named ({stop.how})"]
    if others:
        lines.append(f"{others} of them were not submitted by {getpass.getuser()} from here")
    if stop.also is None:
        lines.append("how many others stop with them cannot be known")
    elif stop.also:
        lines.append(f"{stop.also} others stop with them")
    return lines


def _print(args: Namespace, told: list[Told]) -> None:
    if args.format != "table":
        sys.stdout.write(FORMATS[args.format]([msgspec.to_builtins(one) for one in told]))
        return
    for one in told:
        names = ", ".join(job.split("~")[1][:8] for job in one.jobs)
        why = f" ({one.why})" if one.why else ""
        print(safe(f"{one.backend}: {names}: {WORDS[one.result]}{why}"))

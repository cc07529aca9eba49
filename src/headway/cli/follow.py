"""`watch` and `wait`: looking until told, or until it is so.

Rule 1: waiting is on the predicate: the stream stands first, then it is asked, then
asked again after every change; no end can be missed.
Rule 2: what cannot be known ends the wait at once with its own code, never with "idle".
"""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterable

from headway.cli import codes, reach
from headway.cli.look import Look, look
from headway.cli.output import say
from headway.cli.reach import Server
from headway.errors import Unreachable
from headway.host.notify import notify
from headway.host.terminal import Terminal, terminal
from headway.render.data import as_jsonl
from headway.render.jobs import RESOLVED
from headway.render.watch import block, gone, news

ENDED = 5  # jobs that ended last, below those that are active

Verdict = Callable[[], int | None]

_CODES = {"succeeded": codes.DONE, "failed": codes.FAILED, "cancelled": codes.FAILED}


def watch(args: Namespace) -> int:
    """Show what runs until interrupted."""
    seen = look()
    if args.format == "jsonl":
        for entity in seen.changes():
            sys.stdout.write(as_jsonl(entity))
            sys.stdout.flush()
        return codes.DONE
    term = terminal()
    if args.once:
        _print(_block(seen, term, term.width))
    elif term.tty:
        _redraw(seen, term)
    else:
        _tell(seen)
    return codes.DONE


def wait(args: Namespace) -> int:
    """Return once the jobs, the group or everything is done; the code says how it went."""
    seen = look()
    verdict = _verdict(args, seen)
    until = None if args.timeout is None else time.monotonic() + args.timeout
    code = _until(seen, verdict, until)
    if args.notify:
        notify("Headway", _SAID[code])
    say(_SAID[code])
    return code


_SAID = {
    codes.DONE: "done",
    codes.FAILED: "failed or cancelled, wholly or partly",
    codes.UNKNOWN: "not known: an answer is missing",
    codes.TIMED_OUT: "not done in the time given",
}


def _until(seen: Look, verdict: Verdict, until: float | None) -> int:
    for _ in seen.ticks(until=until):
        code = verdict()
        if code is not None:
            return code
    return codes.TIMED_OUT


def _verdict(args: Namespace, seen: Look) -> Verdict:
    if args.idle:
        return lambda: idle_code(seen.status())
    server = reach.found()
    if server is None:
        raise Unreachable("no server runs that could tell", "start `headway serve`")
    if args.group:
        return lambda: _group_code(server, args.group)
    keys = [str(server.job(one)["key"]) for one in args.jobs]
    return lambda: jobs_code(str(server.job(key)["phase"]) for key in keys)


def idle_code(status: dict[str, object]) -> int | None:
    """0 once nothing is unfinished, 4 if that cannot be known, None while something is."""
    running = status["generations_running"]
    if running is None:
        return codes.UNKNOWN
    return None if running else codes.DONE


def jobs_code(phases: Iterable[str]) -> int | None:
    """How several jobs went; None while one of them is not over."""
    found = list(phases)
    if not all(phase in RESOLVED for phase in found):
        return None
    each = {_CODES.get(phase, codes.UNKNOWN) for phase in found}
    return next((code for code in (codes.FAILED, codes.UNKNOWN) if code in each), codes.DONE)


def _group_code(server: Server, name: str) -> int | None:
    group = server.group(name)
    if group is not None and group.get("seal_conflict"):
        return codes.UNKNOWN
    if group is None or not group.get("complete"):
        return None
    if group.get("failed") or group.get("cancelled"):
        return codes.FAILED
    return codes.UNKNOWN if group.get("lost") or group.get("unknown") else codes.DONE


def _redraw(seen: Look, term: Terminal) -> None:
    drawn = 0
    for _ in seen.ticks():
        width = terminal().width - 1  # a full last column would wrap on some terminals
        lines = _block(seen, term, width)
        up = f"\x1b[{drawn}A" if drawn else ""
        sys.stdout.write(up + "".join(f"\r\x1b[K{line}\n" for line in lines) + "\x1b[J")
        sys.stdout.flush()
        drawn = len(lines)


def _tell(seen: Look) -> None:
    before = None
    for _ in seen.ticks():
        after = seen.status()
        count = len(gone(before, after))
        ended = {one["key"]: one for one in seen.ended(count + ENDED)} if count else {}
        _print(news(before, after, ended))
        before = after


def _block(seen: Look, term: Terminal, width: int) -> list[str]:
    ended = seen.ended(ENDED)
    return block(seen.status(), ended, width=width, plain=term.plain, colour=term.colour)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()

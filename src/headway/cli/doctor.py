"""`headway doctor`: what was found, how well it can be seen, what is missing, how to get it.

Rule 1: a finding that is not good says what to do.
Rule 2: nothing is changed; the store is opened for reading only.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

import msgspec

from headway.cli import codes, reach
from headway.cli.look import look
from headway.cli.output import show
from headway.cli.settings import loaded
from headway.cli.shelf import shelf
from headway.errors import HeadwayError
from headway.host import paths
from headway.host.drives import is_network
from headway.host.terminal import Terminal
from headway.render.table import as_ascii, cut, safe, wrapped

TIERS = {
    0: (
        "sees the queue, outcomes and outputs, not the steps of other people's jobs",
        "steps need the log subscription of ComfyUI 0.3.0 or later, reachable at /internal",
    ),
    1: (
        "sees the queue, outcomes, and the steps of one job at a time from the log",
        "`headway comfyui install DIR` shows every step of every job",
    ),
    2: ("sees every step of every job", ""),
}
MARKS = {"good": "✓", "note": "·", "bad": "✗"}
WORDS = {"good": "ok", "note": "note", "bad": "problem"}


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that was looked at. `how`: good, note or bad; `hint`: what to do."""

    about: str
    how: str
    what: str
    hint: str = ""


def run(args: Namespace) -> int:
    """Look at everything and say what was found."""
    found = list(findings(args))
    show(
        args,
        lambda: [msgspec.to_builtins(one) for one in found],
        lambda term: "".join(f"{line}\n" for one in found for line in _lines(one, term)),
    )
    return codes.FAILED if any(one.how == "bad" for one in found) else codes.DONE


def findings(args: Namespace) -> Iterator[Finding]:
    """Everything that was looked at, in the order of what depends on what."""
    yield Finding(about="python", how="good", what=sys.version.split()[0])
    yield from _guarded("settings", lambda: _settings(args))
    yield from _guarded("store", _store)
    yield from _guarded("server", _server)
    yield from _guarded("sources", _sources)


def _guarded(about: str, look_at: Any) -> Iterator[Finding]:
    try:
        yield from look_at()
    except HeadwayError as error:
        yield Finding(about=about, how="bad", what=str(error), hint=error.hint)


def _settings(args: Namespace) -> Iterator[Finding]:
    path = args.config or paths.config_file()
    there = os.path.exists(path)
    loaded(args)
    what = path if there else f"{path} is not there: defaults"
    yield Finding(about="settings", how="good" if there else "note", what=what)


def _store() -> Iterator[Finding]:
    directory = paths.state_dir()
    if is_network(directory):
        hint = f"set {paths.STATE_DIR} to a directory on this machine"
        yield Finding(about="store", how="bad", what=f"{directory} is a network drive", hint=hint)
    there = shelf() is not None
    what = paths.store_file(directory) if there else f"nothing stored yet in {directory}"
    yield Finding(about="store", how="good" if there else "note", what=what)


def _server() -> Iterator[Finding]:
    server = reach.found()
    if server is None:
        hint = "`headway serve` keeps history, estimates and the page"
        yield Finding(about="server", how="note", what="none runs", hint=hint)
        return
    server.get("/healthz")
    yield Finding(about="server", how="good", what=f"answers at {server.url}")


def _sources() -> Iterator[Finding]:
    status = look().status()
    if not status["servers"]:
        hint = 'start ComfyUI, or name it in the settings: [sources.NAME] url = "http://…"'
        yield Finding(about="sources", how="bad", what="no back end found", hint=hint)
    for one in status["servers"]:
        yield from _source(one)


def _source(server: dict[str, Any]) -> Iterator[Finding]:
    about = server["server"]
    named = f"{server['backends'][0]['type']} {server['version'] or ''} at {server['server_url']}"
    if server["status"] == "unwatched":
        yield Finding(about=about, how="note", what=f"{named}: seen, not watched yet")
        return
    if server["status"] != "online":
        hint = "is it started, and is the URL right?"
        for reason in server["unseen"] or [server["trouble"] or server["status"]]:
            yield Finding(about=about, how="bad", what=f"{named}: {reason}", hint=hint)
        return
    sees, missing = TIERS.get(server["tier"], ("answers", ""))
    yield Finding(about=about, how="good", what=f"{named}: {sees}", hint=missing)
    if server["skipped"]:
        what = f"{server['skipped']} messages could not be read"
        hint = "; ".join(str(one) for one in server["skips"])
        yield Finding(about=about, how="note", what=what, hint=hint)


def _lines(one: Finding, term: Terminal) -> Iterator[str]:
    mark = f"[{WORDS[one.how]}]" if term.plain else MARKS[one.how]
    head = f"{mark} {one.about}: "
    for n, line in enumerate(wrapped(safe(head + one.what), term.width)):
        yield _fitted(line if n == 0 else f"    {line}", term)
    for line in wrapped(safe(one.hint), max(term.width - 4, 8)) if one.hint else ():
        yield _fitted(f"    {line}", term)


def _fitted(line: str, term: Terminal) -> str:
    return (
        cut(as_ascii(line), term.width).replace("…", "~") if term.plain else cut(line, term.width)
    )

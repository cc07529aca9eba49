"""The commands that must not take longer than Python itself does to start.

Rule 1: each returns None where it is not enough (flags it does not know, no server, an
error to explain): then the full command line takes over and decides anew.
Rule 2: nothing was printed by then.
"""

from __future__ import annotations

import sys

from headway.host.terminal import Terminal, terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TEXT = "text/plain"
ACCEPT = {"table": TEXT, "json": "application/json", "yaml": "application/yaml"}
JOBS_SHOWN = 50


def run(argv: list[str]) -> int | None:
    """The exit code, if the command was one of these and all went well."""
    known = _COMMANDS.get(argv[0]) if argv else None
    return known(argv[1:]) if known else None


def _status(flags: list[str]) -> int | None:
    wanted = _wanted(flags)
    if wanted is None:
        return None
    from headway.cli import wire

    found = wire.server()
    if found is None:
        return None  # or one that only the full way can reach
    target = f"/api/v1/status{_query(terminal(), verbose=wanted[1])}"
    try:
        answer = wire.ask(found, target, accept=ACCEPT[wanted[0]])
    except (OSError, ValueError):
        return None
    if answer.status != 200:
        return None
    text = answer.body.decode("utf-8", "replace")
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
    return 0


def _jobs(flags: list[str]) -> int | None:
    if flags:
        return None
    from headway.cli import wire
    from headway.host import paths

    found = wire.server()
    if wire.is_named() or (found is not None and wire.answers(found)):
        return None
    import time

    from headway.errors import StoreError
    from headway.render.jobs import jobs_text
    from headway.store.glance import glance

    try:
        rows = glance(paths.store_file(paths.state_dir()), limit=JOBS_SHOWN)
    except StoreError:
        return None
    if not rows:
        return None
    look = terminal()
    text = jobs_text(rows, now=time.time(), width=look.width, plain=look.plain, asked=False)
    sys.stdout.write(text)
    return 0


def _run(flags: list[str]) -> int | None:
    at = flags.index("--") if "--" in flags else len(flags)
    options, words = _options(flags[:at]), flags[at + 1 :]
    if options is None or not words:
        return None
    from headway.cli.run import go

    return go(words, **options)


def _options(flags: list[str]) -> dict[str, Any] | None:
    """The options of `run`; None if there is any other flag."""
    found: dict[str, Any] = {}
    rest = iter(flags)
    for flag in rest:
        name, given, value = flag.partition("=")
        if flag == "--keep-args":
            found["keep_args"] = True
        elif name in ("--name", "--kind") and given:
            found[name[2:]] = value
        elif name in ("--name", "--kind"):
            value = next(rest, "-")
            if value.startswith("-"):
                return None
            found[name[2:]] = value
        else:
            return None
    return found


def _wanted(flags: list[str]) -> tuple[str, bool] | None:
    """The format and whether to be verbose; None if the flags say anything else."""
    form, verbose = "table", False
    rest = iter(flags)
    for flag in rest:
        name, _, value = flag.partition("=")
        if flag in ("-v", "--verbose"):
            verbose = True
        elif name == "--format":
            form = value or next(rest, "")
        else:
            return None
    return (form, verbose) if form in ACCEPT else None


def _query(look: Terminal, *, verbose: bool) -> str:
    asked = f"?width={look.width}"
    flags = (("ascii", look.plain), ("verbose", verbose))
    return asked + "".join(f"&{name}=true" for name, on in flags if on)


_COMMANDS = {"status": _status, "jobs": _jobs, "run": _run}

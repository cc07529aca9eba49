"""`status`, `jobs`, `job`, `sources`, `version`: one look, printed."""

from __future__ import annotations

import time
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from headway.cli import codes
from headway.cli.look import look
from headway.cli.output import say, show
from headway.errors import Unreachable
from headway.version import __version__

if TYPE_CHECKING:
    from headway.cli.reach import Server
    from headway.cli.shelf import Shelf

FILTERS = ("source", "outcome", "phase", "group", "text")


def status(args: Namespace) -> int:
    """What runs now."""
    from headway.render.status import status_text

    found = look().status()
    show(
        args,
        lambda: found,
        lambda term: status_text(
            found, width=term.width, ascii=term.plain, verbose=args.verbose, colour=term.colour
        ),
    )
    return status_code(found) if args.exit_code else codes.DONE


def status_code(found: dict[str, Any]) -> int:
    """Idle, busy, or not known."""
    running = found["generations_running"]
    if running is None:
        return codes.UNKNOWN
    return codes.BUSY if running else codes.DONE


def jobs(args: Namespace) -> int:
    """A listing of jobs."""
    from headway.render.jobs import jobs_text

    shop = _answerer()
    given = {name: getattr(args, name) for name in FILTERS if getattr(args, name)}
    if args.active is not None:
        given["active"] = _flag(shop, args.active)
    found = shop.jobs(limit=args.limit, **given)
    show(
        args,
        lambda: found,
        lambda term: jobs_text(
            found, now=time.time(), width=term.width, plain=term.plain, asked=shop.asked
        ),
    )
    return codes.DONE


def job(args: Namespace) -> int:
    """One job with its steps."""
    from headway.render.job import job_text

    shop = _answerer()
    found = shop.job(args.key)
    steps = shop.steps(found["key"])
    show(
        args,
        lambda: found | {"steps": steps},
        lambda term: job_text(
            found, steps, now=time.time(), width=term.width, plain=term.plain,
            verbose=args.verbose, colour=term.colour, asked=shop.asked,
        ),
    )  # fmt: skip
    return codes.DONE


def sources(args: Namespace) -> int:
    """What is watched, and how well it can be seen."""
    from headway.render.sources import sources_text

    found = look().status()
    show(
        args,
        lambda: found["servers"],
        lambda term: sources_text(found, width=term.width, plain=term.plain),
    )
    return codes.DONE


def version(args: Namespace) -> int:
    """The version of Headway and of what it runs on."""
    import platform

    facts = {"headway": __version__, "python": platform.python_version(), "on": platform.platform()}
    show(args, lambda: facts, lambda term: f"headway {__version__} (Python {facts['python']})\n")
    return codes.DONE


def _answerer() -> Server | Shelf:
    from headway.cli import reach

    server = reach.found()
    if server is not None:
        return server
    from headway.cli.shelf import shelf  # `status` does not need the whole store

    stored = shelf()
    if stored is None:
        raise Unreachable("no server runs, and nothing was stored yet", "start `headway serve`")
    say("no server runs: unfinished jobs are shown as last seen")
    return stored


def _flag(shop: Server | Shelf, value: bool) -> Any:
    return str(value).lower() if shop.asked else value  # a query, or a field

"""`headway generate … --detach`: hand it over, and say to whom.

Rule 1: a running server takes it. Where none runs, or where more is asked than a server can
do for this user (save files here, stop after a time, a back end it does not watch), a
small process stays.
Rule 2: nothing is said to be handed over before the back end took it: the keys are its proof.
"""

from __future__ import annotations

import json
import os
import uuid
from argparse import Namespace
from typing import Any

import msgspec

from headway import errors
from headway.cli import codes, reach
from headway.cli.generate import request_of_args
from headway.cli.output import say, show
from headway.cli.reach import Server
from headway.errors import HeadwayError, Unreachable
from headway.host import detached, paths

WITHIN = 300.0  # seconds for the back end to take it, fifty others at the same time included
LARGEST = 900_000  # bytes of a request that a server takes
ASKED = (
    *("prompt", "negative_prompt", "model", "width", "height", "length", "steps", "cfg"),
    *("sampler", "scheduler", "lora", "style_prefix", "seed", "batch", "workflow", "set"),
    *("title", "save_images", "output_dir", "filename_template", "timeout", "backend", "config"),
)


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """Who follows it now: `server` (its URL) or the process `pid` (0: none)."""

    backend: str
    jobs: list[str]
    seed: int | None = None
    server: str = ""
    pid: int = 0


def run(args: Namespace) -> int:
    """Hand it over; 0 once the back end took it."""
    handed = hand_over(args)
    if handed.server:
        say(f"handed to the server at {handed.server}")
    else:
        log = detached.log_file(paths.state_dir())
        say(f"process {handed.pid} stays with it; what it says is in {log}")
    keys = "".join(f"{key}\n" for key in handed.jobs)
    show(args, lambda: msgspec.to_builtins(handed), lambda term: keys)
    return codes.DONE


def hand_over(args: Namespace) -> Handed:
    """Hand it to a server or to a small process. Raises: as the back end refuses it."""
    alone = args.save_images or args.timeout or "://" in (args.backend or "")
    server = None if alone else reach.found()
    if server is not None:
        body = json.dumps(request_of_args(args)).encode()
        if len(body) <= LARGEST:
            return _to_server(server, body)
    return _to_process(args)


def _to_server(server: Server, body: bytes) -> Handed:
    said = server.post("/api/v1/jobs", body, key=uuid.uuid4().hex, patience=WITHIN)
    return Handed(
        backend=said["backend"], jobs=said["jobs"], seed=said.get("seed"), server=server.url
    )


def _to_process(args: Namespace) -> Handed:
    given = {name: getattr(args, name) for name in ASKED}
    for name in ("workflow", "output_dir", "config"):
        if given[name]:
            given[name] = os.path.abspath(given[name])
    log = detached.log_file(paths.state_dir())
    try:
        process = detached.start(
            ["-m", "headway.cli.staying"], given=json.dumps(given).encode(), log=log
        )
    except OSError as error:
        raise HeadwayError(f"no process can be started: {error.strerror or error}") from error
    line = process.said(WITHIN)
    if line is None:
        hint = f"process {process.pid} goes on trying; what it says is in {log}"
        raise Unreachable(f"the back end did not take it within {WITHIN:.0f} s", hint)
    said = json.loads(line) if line else {}
    if "jobs" not in said:
        raise _error(said.get("error") or {}, log)
    return Handed(
        backend=said["backend"], jobs=said["jobs"], seed=said.get("seed"), pid=process.pid
    )


def _error(said: dict[str, Any], log: str) -> HeadwayError:
    kind = getattr(errors, said.get("kind") or "", HeadwayError)
    message = said.get("message") or "the process ended before it was taken"
    known = isinstance(kind, type) and issubclass(kind, HeadwayError)
    found = kind if known else HeadwayError
    return found(message, said.get("hint") or f"see {log}")

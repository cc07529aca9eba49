"""`headway generate image`: ask a back end for pictures, and watch them come.

Rule 1: stdout is what was made (paths, or the answer as JSON or YAML); stderr is the talk.
Rule 2: the first Ctrl-C asks the back end to stop and waits for its answer; the second one
leaves at once and says that the job runs on.
"""

from __future__ import annotations

import asyncio
import sys
import time
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from headway.actions.contract import Actor, Work
from headway.cli import codes
from headway.cli.backends import chosen
from headway.cli.bars import bars
from headway.cli.files import text_of
from headway.cli.output import say
from headway.cli.own import submitted_by
from headway.errors import HeadwayError, UsageError
from headway.generate.asking import work_for, work_of
from headway.generate.graph import LARGEST, read_graph, with_values
from headway.generate.naming import checked
from headway.generate.params import Params, params_of
from headway.generate.running import Result, Running
from headway.generate.saving import TEMPLATE, save_all
from headway.generate.telling import Telling
from headway.host.signals import stopping
from headway.model.words import RESOLVED
from headway.render.data import FORMATS
from headway.transport.sender import Sender

OPTIONS = (
    *("negative_prompt", "model", "width", "height", "length", "steps", "cfg"),
    *("sampler", "scheduler", "seed", "batch", "lora"),
)
TITLE = 60  # characters of a prompt that a job is called by
STOP_WAIT = 10.0  # seconds for the back end to say that it stopped


def run(args: Namespace) -> int:
    """The exit code: 0 made, 1 failed or cancelled, 4 nobody knows, 124 out of time."""
    checked(args.filename_template or TEMPLATE)
    if (args.output_dir or args.filename_template) and not args.save_images:
        say("--output-dir and --filename-template name what --save-images saves")
    if args.detach:
        from headway.cli.detach import run as hand_over  # it asks this module for the request

        return hand_over(args)
    try:
        return asyncio.run(_run(args))
    except KeyboardInterrupt:
        say("left; the job runs on, and `headway status` shows it")
        return codes.INTERRUPTED


async def _run(args: Namespace) -> int:
    actor = await chosen(args)
    work = await work_of_args(args, actor)
    with Telling(Sender(), warn=say) as telling, bars(live=sys.stderr.isatty()) as shown:
        running = Running(actor, work, tell=telling.tell, show=shown.show)
        code, result = await watched(running, args.timeout)
    if result is None:
        return code
    paths = await saved(args, actor, work, result) if args.save_images else []
    _print(args, actor, work, result, paths)
    return code if code else _code(result)


async def work_of_args(args: Namespace, actor: Actor) -> Work:
    """The submission that the arguments ask for. Raises: UsageError, SourceLost."""
    meta = {"title": args.title or _title(args), **submitted_by(), **_server(actor)}
    if args.workflow:
        if actor.kind != "comfyui":
            raise UsageError(f"{actor.name} takes no ComfyUI workflow", "choose a ComfyUI")
        graph = with_values(
            read_graph(text_of(args.workflow, largest=LARGEST), name=args.workflow), args.set
        )
        return work_of(graph, meta=meta)
    if args.set:
        raise UsageError("--set changes a --workflow", "give the workflow's file")
    return await work_for(actor, _params(args), meta=meta)


def request_of_args(args: Namespace) -> dict[str, Any]:
    """The same as a server takes it (`POST /api/v1/jobs`). Raises: UsageError."""
    asked: dict[str, Any] = {
        "backend": args.backend or "",
        "title": (args.title or _title(args))[:200],
    }
    if args.workflow:
        graph = read_graph(text_of(args.workflow, largest=LARGEST), name=args.workflow)
        return asked | {"workflow": with_values(graph, args.set)}
    if args.set:
        raise UsageError("--set changes a --workflow", "give the workflow's file")
    return asked | {"image": msgspec.to_builtins(_params(args))}


def _params(args: Namespace) -> Params:
    prompt = ", ".join(text for text in (args.style_prefix, args.prompt) if text)
    given = {name: getattr(args, name) for name in OPTIONS}
    return params_of(given | {"prompt": prompt})


def _server(actor: Actor) -> dict[str, str]:
    # So that another process can ask it later what became of this. A URL may hold a secret.
    url = str(getattr(actor, "url", ""))
    return {} if "@" in url else {"server_kind": actor.kind, "server_url": url}


async def watched(running: Running, within: float | None) -> tuple[int, Result | None]:
    """The code so far (0: ask the result) and the result, if there is one."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    with stopping(lambda: loop.call_soon_threadsafe(asked.set)):
        async with asyncio.TaskGroup() as tasks:
            work = tasks.create_task(_result(running))
            told = tasks.create_task(asked.wait())
            await asyncio.wait({work, told}, timeout=within, return_when="FIRST_COMPLETED")
            code, found = codes.DONE, work.result() if work.done() else None
            if not work.done():
                code = codes.INTERRUPTED if asked.is_set() else codes.TIMED_OUT
                found = await _stopped(running, work)
            told.cancel()
            work.cancel()
    if isinstance(found, HeadwayError):
        raise found
    return code, found


async def _result(running: Running) -> Result | HeadwayError:
    # An error of ours is an answer here: the group would wrap it.
    try:
        return await running.run(clock=time.time)
    except HeadwayError as error:
        return error


async def _stopped(
    running: Running, work: asyncio.Task[Result | HeadwayError]
) -> Result | HeadwayError | None:
    say("asking the back end to stop; Ctrl-C again leaves it running")
    try:
        await running.cancel()
    except HeadwayError as error:
        return error
    done, _ = await asyncio.wait({work}, timeout=STOP_WAIT)
    if done:
        found = work.result()
        if isinstance(found, Result):
            ended = ", ".join(sorted({str(job.phase) for job in found.jobs}))
            say(f"the back end says: {ended or found.lost}")
        return found
    say("it did not say that it stopped; `headway status` shows whether it runs on")
    return None


async def saved(args: Namespace, actor: Actor, work: Work, result: Result) -> list[Path]:
    """Where what was made is now, saved as the arguments say. Raises: as `save_all`."""
    order = {job.key: n for n, job in enumerate(result.jobs)}

    def values(output: Mapping[str, Any]) -> dict[str, object]:
        seed = work.meta.get("seed")
        drawn: dict[str, object] = (
            {"seed": seed + order[output["job"]]} if isinstance(seed, int) else {}
        )
        facts = next(job.meta for job in result.jobs if job.key == output["job"])
        named = ("model", "width", "height")
        known: dict[str, object] = {name: facts[name] for name in named if name in facts}
        return {**known, **drawn, "prompt": args.prompt or ""}

    return await save_all(
        actor,
        result.outputs,
        Path(args.output_dir or "."),
        template=args.filename_template or TEMPLATE,
        values=values,
        first=0,
        at=time.time(),
    )


def _print(args: Namespace, actor: Actor, work: Work, result: Result, paths: list[Path]) -> None:
    if args.format == "table":
        for path in paths:
            print(path)
        for job in result.jobs:
            if job.phase != "succeeded":
                say(f"{job.title or job.native}: {job.phase}{f': {job.why}' if job.why else ''}")
        if result.lost:
            say(f"{result.lost}; what became of it is not known")
        return
    answer = {
        "backend": actor.name,
        "jobs": [msgspec.to_builtins(job) for job in result.jobs],
        "image_paths": [str(path) for path in paths],
        "outputs": [str(one.get("name", "")) for one in result.outputs],
        "status": _status(result),
        "seed": work.meta.get("seed"),
        "lost": result.lost or None,
    }
    sys.stdout.write(FORMATS[args.format](answer))


def _status(result: Result) -> str:
    return "completed" if result.succeeded else "unknown" if _unknown(result) else "failed"


def _code(result: Result) -> int:
    if result.succeeded:
        return codes.DONE
    return codes.UNKNOWN if _unknown(result) else codes.FAILED


def _unknown(result: Result) -> bool:
    known = [job for job in result.jobs if job.phase in RESOLVED]
    lost = [job for job in known if job.phase in ("lost", "unknown")]
    return bool(lost) or len(known) < len(result.jobs) or not result.jobs


def _title(args: Namespace) -> str:
    return Path(args.workflow).stem if args.workflow else str(args.prompt)[:TITLE]

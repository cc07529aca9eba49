"""`headway pipeline FILE`: make what a file lists, and go on where it stopped.

Rule 1: stdout is what came of each asset; stderr is the talk and the bars.
Rule 2: Ctrl-C begins nothing more and asks the back end to stop what runs; what is made
stays made, and the same command goes on.
"""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from collections import Counter
from pathlib import Path

import msgspec

from headway.cli import codes
from headway.cli.backends import chosen
from headway.cli.bars import bars
from headway.cli.files import text_of
from headway.cli.output import say, show
from headway.cli.own import submitted_by
from headway.generate.pipeline import Came, Come, Pipeline, Plan, Step, Style, plan_of
from headway.generate.pipeline_file import LARGEST, read_pipeline
from headway.generate.running import Running
from headway.generate.telling import Telling
from headway.host.signals import stopping
from headway.host.terminal import Terminal
from headway.render.table import Column, safe, table
from headway.transport.sender import Sender

COMMON = (
    *("negative_prompt", "model", "width", "height", "length", "steps", "cfg"),
    *("sampler", "scheduler", "lora"),
)
COLUMNS = (Column("ASSET", elastic=12), Column("RESULT"), Column("FILE", elastic=20))


def run(args: Namespace) -> int:
    """The exit code: 0 all is there, 1 something failed, 130 interrupted."""
    plan = _plan(args)
    if args.dry_run:
        came = [
            Came(asset=one.asset.id, come=_would(one), file=one.asset.path) for one in plan.steps
        ]
        _print(args, came)
        return codes.DONE
    return asyncio.run(_run(args, plan))


def _plan(args: Namespace) -> Plan:
    assets = read_pipeline(text_of(args.file, largest=LARGEST), name=args.file)
    given = {name: getattr(args, name) for name in COMMON}
    return plan_of(
        assets,
        Path(args.output_dir),
        common={name: value for name, value in given.items() if value},
        style=Style(prefix=args.style_prefix, suffix=args.style_suffix),
        base_seed=args.base_seed,
        overwrite=args.overwrite,
    )


async def _run(args: Namespace, plan: Plan) -> int:
    actor = await chosen(args)
    there = len(plan.steps) - len(plan.to_make)
    say(f"{len(plan.to_make)} to make, {there} there already, base seed {plan.base_seed}")
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    with (
        Telling(Sender(), warn=say) as telling,
        bars(live=sys.stderr.isatty()) as shown,
        stopping(lambda: loop.call_soon_threadsafe(asked.set)),
    ):

        def news(step: Step, what: Came | Running) -> None:
            if isinstance(what, Running):
                shown.show(what, step.asset.name)

        pipeline = Pipeline(actor, plan, tell=telling.tell, show=news, meta=submitted_by())
        async with asyncio.TaskGroup() as tasks:
            stop = tasks.create_task(_stop(asked, pipeline))
            came = await pipeline.run(
                name=Path(args.file).stem, at_once=args.at_once, keep_going=args.continue_on_error
            )
            stop.cancel()
    _print(args, came)
    if asked.is_set():
        return codes.INTERRUPTED
    done = all(one.come in ("made", "skipped") for one in came)
    return codes.DONE if done else codes.FAILED


async def _stop(asked: asyncio.Event, pipeline: Pipeline) -> None:
    await asked.wait()
    say("stopping; what is made stays, and the same command goes on")
    await pipeline.stop()


def _would(step: Step) -> Come:
    return "skipped" if step.state == "made" else "left"


def _print(args: Namespace, came: list[Came]) -> None:
    def text(term: Terminal) -> str:
        rows = [(safe(one.asset), one.come, safe(one.file or one.why)) for one in came]
        return table(COLUMNS, rows, width=term.width, plain=term.plain)

    show(args, lambda: [msgspec.to_builtins(one) for one in came], text)
    counts = Counter(one.come for one in came)
    say(", ".join(f"{n} {word}" for word, n in counts.items()))

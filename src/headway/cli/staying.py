"""The small process that follows a detached generation to its end.

    python -m headway.cli.staying < request.json

Rule 1: it says one line once the back end took the jobs, or why it did not; from then on
nobody listens, and what it says is in the log. By then the jobs are stored.
Rule 2: asked to end (SIGTERM), it asks the back end to stop, as Ctrl-C would.
"""

from __future__ import annotations

import asyncio
import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from headway.cli import codes
from headway.cli.backends import chosen
from headway.cli.bars import bars
from headway.cli.generate import saved, watched, work_of_args
from headway.cli.output import say
from headway.errors import HeadwayError
from headway.generate.running import Running
from headway.generate.telling import Telling
from headway.host import detached
from headway.model.events import AnyEvent
from headway.model.words import RESOLVED
from headway.transport.sender import Sender


def main() -> int:
    """Do what the standard input asks for; the exit code is nobody's."""
    args = Namespace(**json.load(sys.stdin))
    line = _Line()
    try:
        return asyncio.run(_stay(args, line))
    except HeadwayError as error:
        line.say(error={"kind": type(error).__name__, "message": str(error), "hint": error.hint})
        return codes.FAILED
    finally:
        line.say(error={"kind": "", "message": "it ended before it was taken", "hint": ""})


async def _stay(args: Namespace, line: _Line) -> int:
    actor = await chosen(args)
    work = await work_of_args(args, actor)
    with Sender() as first, Telling(Sender(), warn=say) as telling, bars(live=False) as shown:

        def tell(events: Sequence[AnyEvent]) -> None:
            if line.said:
                telling.tell(events)
                return
            try:
                first.send(events)
            except HeadwayError as error:
                say(f"others cannot see this: {error}")

        def show(running: Running) -> None:
            shown.show(running)
            if all(job.phase != "pending" for job in running.jobs):
                refused = [job.why for job in running.jobs if _is_refused(job)]
                if len(refused) == len(running.jobs):
                    line.say(error={"kind": "UsageError", "message": refused[0], "hint": ""})
                keys = [job.key for job in running.jobs]
                line.say(backend=actor.name, jobs=keys, seed=work.meta.get("seed"))

        running = Running(actor, work, tell=tell, show=show)
        _, result = await watched(running, args.timeout)
    if result is not None and args.save_images:
        for path in await saved(args, actor, work, result):
            say(f"saved {path}")
    return codes.DONE


def _is_refused(job: Any) -> bool:
    return job.phase in RESOLVED and job.outcome == "failed" and job.started_at is None


class _Line:
    """The one line; what is said after it is not."""

    def __init__(self) -> None:
        self.said = False

    def say(self, **what: Any) -> None:
        if not self.said:
            self.said = True
            detached.say(json.dumps(what))


if __name__ == "__main__":
    sys.exit(main())

"""What the newest jobs cost from the store's file alone, beside the bare interpreter.

    python bench/jobs_alone.py

A store with 10,000 jobs is read by `headway.store.glance` in a fresh process; the bar of
2.2 is that of the whole command (`bench/status.py`), of which this is a part.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.ratio import Cost, in_turn, line

from headway.model.events import AnyEvent, Ended, Queued, Registered, Started
from headway.store.sqlite import SqliteStore

JOBS = 10_000
ROUNDS = 15
PROGRAM = "import sys; from headway.store.glance import glance; glance(sys.argv[1])"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "headway.db"
        fill(path)
        found = in_turn(ROUNDS, bare=process("pass"), glance=process(PROGRAM, str(path)))
    line("newest 50 of 10,000 jobs, of bare Python (CPU)", *ratio(found["glance"], found["bare"]))


def ratio(cost: Cost, bare: Cost) -> tuple[float, str]:
    return cost.cpu / bare.cpu, "<= 2.2"


def process(program: str, *rest: str) -> Callable[[], Cost]:
    """A fresh interpreter that runs `program`."""

    def run() -> Cost:
        start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", program, *rest], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Cost(time.perf_counter() - start, cpu)

    return run


def fill(path: Path) -> None:
    """A store with many finished jobs."""
    store = SqliteStore.open(path)
    for first in range(0, JOBS, 1000):
        store.append([event for n in range(first, first + 1000) for event in job(n)])
    store.close()


def job(number: int) -> list[AnyEvent]:
    key, at = f"comfy~{number:08x}-0000~{number}", float(number)
    return [
        Registered(key=key, at=at, meta={"title": f"portrait {number}"}),
        Queued(key=key, at=at),
        Started(key=key, at=at),
        Ended(key=key, at=at + 1, outcome="succeeded"),
    ]


if __name__ == "__main__":
    main()

"""Every view over 1,000,000 finished jobs, by HTTP, and the server's memory.

    python -m bench.million [--jobs 1000000] [--asked 60] [--file PATH]

The file is written by `append`, as any other: five edges a job, every hundredth job with
steps (those older than a day made compact by `prune`, as the server does), three sources,
all outcomes, a thousand groups, titles of a few words. That takes most of the time: with
`--file` it is kept there and found again. Then a real `headway serve` has it, and each
view is asked in turn; times are those of a client on the same machine, its own share
included.

Bars: every view p99 <= 50 ms, the server's memory <= 150 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import quote

import aiohttp
from bench.processes import Served, served

from headway.cli.serve import calm_collector
from headway.host import paths
from headway.model.events import (
    AnyEvent,
    Ended,
    Finishing,
    Queued,
    Registered,
    Started,
    StepEnded,
    StepStarted,
)
from headway.model.words import Outcome
from headway.store.sqlite import SqliteStore

BATCH = 2_000  # jobs in one transaction
SPAN = 60 * 86_400.0  # seconds over which the jobs are spread: none is old enough to go
SOURCES = ("studio", "attic", "farm")
OUTCOMES: tuple[Outcome, ...] = (
    *("succeeded",) * 15,
    "failed",
    "failed",
    "cancelled",
    "lost",
    "unknown",
)
WORDS = ("fox", "harbour", "orchard", "tram", "lantern", "canal", "meadow", "tower", "rain", "boat")
MEMBERS = 50  # jobs of one group
GROUPS = 1_000
KEPT = 8_000_000_000  # bytes; a million such jobs are a little more than the usual 2 GB
DEEP = 40  # pages of 500 that "deep" goes down
MEGABYTE = 1_000_000


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--jobs", type=int, default=1_000_000)
    asked.add_argument("--asked", type=int, default=60, help="times that each view is asked")
    asked.add_argument("--file", type=Path, help="a directory for the state, kept and found again")
    given = asked.parse_args()
    with ExitStack() as stack:
        state = given.file or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        build(state, given.jobs)
        with served(state, settings=f"[plane]\nkeep_bytes = {KEPT}\n") as server:
            asyncio.run(report(server, given.jobs, given.asked))


def build(state: Path, jobs: int) -> None:
    """The store with so many finished jobs, unless it is there already."""
    path = Path(paths.store_file(paths.make_private(str(state))))
    if path.exists():
        return
    calm_collector()
    began, first = time.perf_counter(), time.time() - SPAN
    store = SqliteStore.open(path, durability="normal")
    for start in range(0, jobs, BATCH):
        told = range(start, min(start + BATCH, jobs))
        store.append([event for n in told for event in job(n, first + SPAN * n / jobs)])
    while store.prune(time.time(), size=KEPT):
        pass
    store.close()
    took = time.perf_counter() - began
    size = path.stat().st_size / MEGABYTE
    print(f"built {jobs} jobs in {took:.0f} s, {size:.0f} MB, {1e6 * took / jobs:.0f} µs a job")


def job(number: int, at: float) -> Iterator[AnyEvent]:
    """The edges of one job."""
    key, who = key_of(number), "studio/queue"
    one, two = WORDS[number % 10], WORDS[number // 10 % 10]
    meta: dict[str, Any] = {
        "title": f"{one} and {two} {number % 997}",
        "signature": f"s{number % 50}",
    }
    if number < GROUPS * MEMBERS:
        meta["group"] = f"batch {number // MEMBERS}"
    yield Registered(key=key, at=at, observer=who, basis="observed", meta=meta)
    yield Queued(key=key, at=at, observer=who, basis="observed")
    yield Started(key=key, at=at + 1.0, observer=who, basis="observed")
    for step in range(8 if number % 100 == 0 else 0):
        yield StepStarted(key=key, at=at + 2 + step, observer=who, step=str(step), name="KSampler")
        yield StepEnded(key=key, at=at + 3 + step, observer=who, step=str(step))
    yield Finishing(key=key, at=at + 18.0, observer=who, basis="observed")
    outcome = OUTCOMES[number % len(OUTCOMES)]
    yield Ended(key=key, at=at + 20.0, observer=who, basis="observed", outcome=outcome)


def key_of(number: int) -> str:
    """Ids as those of ComfyUI, spread over their range."""
    return f"{SOURCES[number % 3]}~{number * 2654435761 % 2**32:08x}-1f0a-4b6e-9d3c-{number:012x}~1"


def views(jobs: int) -> dict[str, str]:
    """What is asked, by name. The middle job has steps in a compact row."""
    middle = quote(key_of(jobs // 200 * 100), safe="")
    newest = quote(key_of((jobs - 1) // 100 * 100), safe="")
    return {
        "jobs": "jobs",
        "jobs, 500": "jobs?limit=500",
        "jobs of a source": "jobs?source=attic",
        "jobs of an outcome": "jobs?outcome=failed",
        "jobs of a rare outcome": "jobs?outcome=unknown",
        "jobs of both": "jobs?source=farm&outcome=lost",
        "jobs of a source that is none": "jobs?source=nowhere",
        "jobs by phase": "jobs?phase=cancelled",
        "jobs, active": "jobs?active=true",
        "jobs by one word": "jobs?text=orchard",
        "jobs by two words": "jobs?text=orchard%20tram",
        "jobs by the start of a word": "jobs?text=m",
        "jobs by a word that is none": "jobs?text=zeppelin",
        "jobs by word, source and outcome": "jobs?text=fox&source=farm&outcome=lost",
        "jobs by word where none fits": "jobs?text=fox&source=nowhere",
        "jobs of a group where none fits": "jobs?group=batch%207&source=nowhere",
        "jobs of a group": "jobs?group=batch%207",
        "job": f"jobs/{middle}",
        "job by the start of its id": f"jobs/{key_of(jobs // 3).split('~')[1][:13]}",
        "job's steps, compact": f"jobs/{middle}/steps",
        "job's steps, new": f"jobs/{newest}/steps",
        "job's events": f"jobs/{middle}/events",
        "groups": "groups",
        "sources": "sources",
        "stats": "stats",
        "status": "status",
    }


async def report(server: Served, jobs: int, times: int) -> None:
    """One line a view, then the memory."""
    async with aiohttp.ClientSession(server.url, headers=server.headers) as session:
        deep = await _deep(session)
        asked = views(jobs) | {
            "jobs, deep": f"jobs?after={deep}",
            "jobs, deep, 500": f"jobs?limit=500&after={deep}",
        }
        fresh = server.used()
        for name, path in asked.items():
            _line(name, [await _ask(session, f"/api/v1/{path}") for _ in range(times)])
    now = server.used()
    for name, value in (("at the start", fresh.rss), ("after all", now.rss), ("at most", now.peak)):
        print(f"{'server memory ' + name:<36} {value / MEGABYTE:8.1f} MB   bar <= 150")


async def _deep(session: aiohttp.ClientSession) -> str:
    after, page = "", ""
    for _ in range(DEEP):
        async with session.get(f"/api/v1/jobs?limit=500&after={after}") as answer:
            page = (await answer.json()).get("next", "")
        if not page:
            break
        after = page
    return after


async def _ask(session: aiohttp.ClientSession, path: str) -> float:
    began = time.perf_counter()
    async with session.get(path) as answer:
        body = await answer.read()
        if answer.status != 200 or not body:
            raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
    return time.perf_counter() - began


def _line(name: str, times: list[float]) -> None:
    cuts = quantiles([1_000.0 * one for one in times], n=100, method="inclusive")
    print(f"{name:<36} p50 {cuts[49]:7.2f} ms   p99 {cuts[98]:7.2f} ms   bar <= 50")


if __name__ == "__main__":
    main()

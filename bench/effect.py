"""What watching costs the watched: CPU-seconds and time of the same jobs, unwatched and watched.

    python -m bench.effect [--pairs 5] [--jobs 6]
    python -m bench.effect --url http://127.0.0.1:8188 --pid 4711 --graph api.json

Without `--url` beside a simulated ComfyUI in a process of its own (what a node takes is
slept there, so that all CPU is the server's own). With it beside a real one: `--graph` is
a workflow in API format, whose seeds are changed for every job so that nothing is cached;
`--pid` is its process, else only the time is told. Nothing else should be queued there.

Each pair is one leg without and one with a `headway serve` that watches, in changing
order; a leg is over when the last job is in the history. Asking for that costs the same
in both. A difference within the spread of the unwatched legs is none.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

from bench.backends import backends, settings_of
from bench.processes import served, until, used

from headway.sim import workflows

ASK = 0.25  # seconds between two looks whether the jobs are over
LONGEST = 600.0  # seconds for the jobs of one leg
SEEDS = frozenset({"seed", "noise_seed"})
WARM = 2  # jobs before the first leg, so that no leg loads the model


class Leg(NamedTuple):
    """Seconds of one leg: of the watched process's CPU (None: not known), and of the clock."""

    cpu: float | None
    wall: float


class Watched:
    """The server whose burden is measured."""

    def __init__(self, url: str, pid: int | None, graph: dict[str, Any], jobs: int) -> None:
        self.url = url
        self._pid = pid
        self._graph = graph
        self._jobs = jobs
        self._seed = int(time.time())

    def run(self, jobs: int | None = None) -> Leg:
        """Submit the jobs and wait for their end; what that cost."""
        cpu, began = self._cpu(), time.monotonic()
        natives = [self._submit() for _ in range(jobs or self._jobs)]
        for native in natives:
            until(partial(self._ended, native), within=LONGEST, every=ASK)
        wall, after = time.monotonic() - began, self._cpu()
        return Leg(None if cpu is None or after is None else after - cpu, wall)

    def _cpu(self) -> float | None:
        return None if self._pid is None else used(self._pid).cpu

    def _submit(self) -> str:
        self._seed += 1
        body = {"prompt": _reseeded(self._graph, self._seed), "client_id": "bench-effect"}
        return str(_asked(f"{self.url}/prompt", body)["prompt_id"])

    def _ended(self, native: str) -> bool | None:
        return native in _asked(f"{self.url}/history/{native}") or None


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--pairs", type=int, default=5)
    asked.add_argument("--jobs", type=int, default=6, help="jobs of one leg")
    asked.add_argument("--speed", type=float, default=8.0, help="of the simulated one")
    asked.add_argument("--url", help="of a real ComfyUI")
    asked.add_argument("--pid", type=int, help="its process")
    asked.add_argument("--graph", type=Path, help="a workflow for it, in API format")
    given = asked.parse_args()
    if given.url and not given.graph:
        asked.error("--url needs --graph")
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if given.url:
            graph = json.loads(given.graph.read_text("utf-8"))
            graph = graph.get("prompt", graph)  # the workflow, or what would be posted
            watched = Watched(given.url.rstrip("/"), given.pid, graph, given.jobs)
        else:
            there = stack.enter_context(backends(state, idle=1, speed=given.speed))
            graph = dict(workflows.text_to_image(steps=20))
            watched = Watched(there.urls[0], there.pid, graph, given.jobs)
        watched.run(WARM)
        told(pairs(watched, given.pairs, state))


def pairs(watched: Watched, count: int, state: Path) -> list[tuple[Leg, Leg]]:
    """So many pairs of legs, (unwatched, watched), in changing order."""
    found = []
    for number in range(count):
        order = (False, True) if number % 2 == 0 else (True, False)
        legs = {}
        for is_watched in order:
            with watching(state, watched.url) if is_watched else nullcontext():
                legs[is_watched] = watched.run()
        found.append((legs[False], legs[True]))
    return found


def watching(state: Path, url: str) -> AbstractContextManager[object]:
    """A server that watches that one, once it does."""
    stack = ExitStack()
    server = stack.enter_context(served(state, settings=settings_of([url])))

    def online() -> bool | None:
        found = _asked(f"{server.url}/api/v1/status", headers=server.headers)["servers"]
        return bool(found and found[0]["status"] == "online") or None

    until(online)
    return stack


def told(legs: list[tuple[Leg, Leg]]) -> None:
    """A line a pair, then the means and their ratio."""
    for number, (alone, seen) in enumerate(legs, 1):
        print(f"pair {number}: {_leg(alone)} unwatched   {_leg(seen)} watched")
    measures: dict[str, Callable[[Leg], float | None]] = {
        "CPU-seconds": lambda leg: leg.cpu,
        "seconds": lambda leg: leg.wall,
    }
    for name, of in measures.items():
        alone, seen = ([of(leg) for leg in each] for each in zip(*legs, strict=True))
        known = [one for one in alone if one is not None]
        also = [one for one in seen if one is not None]
        if known and also:
            _compare(name, known, also)
    added = [seen.cpu - alone.cpu for alone, seen in legs if None not in (alone.cpu, seen.cpu)]
    if added:
        share = 100 * mean(added) / mean([seen.wall for _, seen in legs])
        print(f"added by watching: {share:.2f} % of a core")


def _compare(name: str, alone: list[float], seen: list[float]) -> None:
    spread = stdev(alone) / mean(alone) if len(alone) > 1 else 0.0
    print(
        f"{name:<12} {mean(alone):8.3f} unwatched {mean(seen):8.3f} watched"
        f"   ratio {mean(seen) / mean(alone):.4f}   spread of the unwatched ±{100 * spread:.1f} %"
    )


def _leg(leg: Leg) -> str:
    cpu = "      ?" if leg.cpu is None else f"{leg.cpu:7.2f}"
    return f"{cpu} s CPU, {leg.wall:7.2f} s"


def _reseeded(graph: dict[str, Any], seed: int) -> dict[str, Any]:
    """The same workflow with other noise."""
    return {
        node: one
        | {
            "inputs": {
                name: seed if name in SEEDS and isinstance(value, int) else value
                for name, value in one["inputs"].items()
            }
        }
        for node, one in graph.items()
    }


def _asked(url: str, body: object = None, *, headers: dict[str, str] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json"} | (headers or {})
    request = urllib.request.Request(url, data=data, headers=sent)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


if __name__ == "__main__":
    main()

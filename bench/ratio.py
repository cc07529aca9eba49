"""Figures as ratios: two things measured in turn, in one run, on one machine.

Rule 1: what is compared takes turns, so that a slow moment hits both; of each the best
round counts: what others do on the machine only ever adds.
Rule 2: CPU time and wall time are both told; on a shared machine trust CPU and ratios.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Cost(NamedTuple):
    """Seconds of one run."""

    wall: float
    cpu: float


def measure(work: Callable[[], None]) -> Cost:
    """What one run of `work` costs, without the garbage collector."""
    gc.collect()
    gc.disable()
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    cost = Cost(time.perf_counter() - wall, time.process_time() - cpu)
    gc.enable()
    return cost


def in_turn(rounds: int, **works: Callable[[], Cost]) -> Mapping[str, Cost]:
    """The cost of each, taking turns."""
    found: dict[str, list[Cost]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            found[name].append(work())
    return {name: best(costs) for name, costs in found.items()}


def best(costs: list[Cost]) -> Cost:
    """The least wall time and the least CPU time."""
    walls, cpus = zip(*costs, strict=True)
    return Cost(min(walls), min(cpus))


def line(what: str, value: float, bar: str) -> None:
    """One line of a report: what, how much, and what it must reach."""
    print(f"{what:<52} {value:9.2f}   bar {bar}")

"""What it costs to watch: 100 idle ComfyUIs, 10 busy ones, and none.

    python -m bench.watching [--idle 100] [--busy 10] [--seconds 25]

A real `headway serve` in a process of its own; the simulated back ends in another one.
Its CPU is what the system counted while it watched, after the first reports came in.

Bar: 100 idle ones cost at most 3 % of a core.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.backends import backends
from bench.processes import Served, served, until

SETTLED = 5.0  # seconds from the first report of the last one to the measurement
MEGABYTE = 1_000_000


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--idle", type=int, default=100)
    asked.add_argument("--busy", type=int, default=10)
    asked.add_argument("--seconds", type=float, default=25.0)
    given = asked.parse_args()
    measured(0, 0, given.seconds / 3.0, "")
    measured(given.idle, 0, given.seconds, "<= 3 %")
    measured(0, given.busy, given.seconds, "")


def measured(idle: int, busy: int, seconds: float, bar: str) -> None:
    """One line: the share of a core, and the memory, of watching so many."""
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        there = stack.enter_context(backends(state, idle=idle, busy=busy))
        server = stack.enter_context(served(state, settings=there.settings()))
        until(lambda: _all_seen(server, idle + busy) or None)
        time.sleep(SETTLED)
        share, jobs = cost(server, seconds), _status(server)["generations_running"]
        memory = server.used().rss / MEGABYTE
    what = f"watching {idle} idle and {busy} busy"
    print(f"{what:<30} {100 * share:6.2f} % of a core   {memory:6.1f} MB   bar {bar}")
    if busy and not jobs:
        raise RuntimeError("the busy ones were not busy")


def cost(server: Served, seconds: float, *, sleep: Callable[[float], None] = time.sleep) -> float:
    """The share of a core that its process uses for so long."""
    before, began = server.used().cpu, time.monotonic()
    sleep(seconds)
    return (server.used().cpu - before) / (time.monotonic() - began)


def _all_seen(server: Served, count: int) -> bool:
    found = [one for one in _status(server)["servers"] if one["status"] == "online"]
    return len(found) == count


def _status(server: Served) -> dict[str, Any]:
    request = urllib.request.Request(f"{server.url}/api/v1/status", headers=server.headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


if __name__ == "__main__":
    main()

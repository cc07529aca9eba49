"""How long after a step it can be seen in another process, with a server and without.

    python -m bench.visible [--seconds 10]

A `headway generate` in a process of its own makes a picture at a simulated ComfyUI; this
process looks as `headway watch` does. Each step carries the time at which the generating
process heard of it: what is told is how much later it is in an answer here.
Bars (medians): at most 500 ms without a server, 100 ms with one.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.backends import backends, settings_of
from bench.processes import served
from bench.ratio import line
from bench.status_two import environment

STEPS = 10_000
SPEED = 1.0  # life: about three steps a second


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--seconds", type=float, default=10.0)
    seconds = asked.parse_args().seconds
    alone, by_server = run(seconds, server=False), run(seconds, server=True)
    tell("without a server", alone, "<= 500")
    tell("with a server", by_server, "<= 100")


def run(seconds: float, *, server: bool) -> list[float]:
    """How much later each step was seen, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        with backends(state, idle=1, speed=SPEED) as one:
            settings = f"[plane]\ndiscover = false\n[server]\nport = 0\n{settings_of(one.urls)}"
            (state / "config.toml").write_text(settings)
            os.environ.update(environment(state))
            if not server:
                with generating():
                    return list(alone(seconds))
            with served(state / "state", settings=settings), generating():
                return streamed(seconds)


@contextmanager
def generating() -> Iterator[None]:
    """A picture with very many steps is being made."""
    command = [sys.executable, "-m", "headway", "generate", "image", "-p", "x"]
    with subprocess.Popen(
        [*command, "--steps", str(STEPS)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield
        finally:
            process.kill()


def alone(seconds: float) -> Iterator[float]:
    """By the store and by asking the back end."""
    from headway.cli.look import ProbeLook

    look, seen, until = ProbeLook(), -1.0, None
    for _ in look.ticks():
        for job in look.status()["active_generations"]:
            if job["step"] is None or job["step"] == seen or job["step_basis"] != "reported":
                continue
            if seen >= 0:
                yield float(job["step_age"])
            seen = job["step"]
            until = until or time.monotonic() + seconds
        if until is not None and time.monotonic() > until:
            return


def streamed(seconds: float) -> list[float]:
    """By the stream of the server, which hears of a step by its own ears as well."""
    from headway.cli import reach

    server = reach.found()
    assert server is not None
    seen: dict[float, float] = {}  # step: when it was first seen here
    heard: dict[float, float] = {}  # step: when the first who heard of it did
    until = float("inf")
    for messages in server.ticks():
        now = time.time()
        for bar in bars(messages):
            seen.setdefault(bar["done"], now)
            heard[bar["done"]] = min(heard.get(bar["done"], now), bar["at"])
            until = min(until, time.monotonic() + seconds)
        if time.monotonic() > until:
            break
    return [seen[step] - heard[step] for step in sorted(seen)[1:]]


def bars(messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The moving bars of the jobs in these messages."""
    for message in messages:
        for entity in (message.get("data") or {}).get("entities") or ():
            if entity.get("kind") == "job":
                yield from (entity.get("bars") or ())[:1]


def tell(how: str, later: list[float], bar: str) -> None:
    """The median and the worst, in milliseconds."""
    middle = statistics.median(later) * 1000
    line(f"a step is seen {how}, ms (median of {len(later)})", middle, bar)
    print(f"{'':<52} {max(later) * 1000:9.0f}   the latest")


if __name__ == "__main__":
    main()

"""`headway status` over two healthy back ends of this machine, where no server runs.

    python -m bench.status_two [--runs 15]

Bar: at most 12 times as long as `python -c pass`. The back ends are simulated, in a process
of their own; nothing of what they do is in the CPU times, some of it is in the wall times.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.backends import backends, settings_of
from bench.ratio import Cost, best, line

from headway.host import paths

BARE = (sys.executable, "-c", "pass")
STATUS = (sys.executable, "-m", "headway", "status")


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--runs", type=int, default=15)
    runs = asked.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        with backends(state, idle=2) as two:
            settings = f"[plane]\ndiscover = false\n{settings_of(two.urls)}"
            (state / "config.toml").write_text(settings)
            env = environment(state)
            answer = subprocess.run(STATUS, env=env, capture_output=True, text=True, check=True)
            assert "No generations currently running" in answer.stdout, answer.stdout
            costs = measured({"bare": BARE, "status": STATUS}, env, runs)
    bare, status = best(costs["bare"]), best(costs["status"])
    print(f"bare {bare.wall * 1000:.0f} ms wall, {bare.cpu * 1000:.0f} ms CPU; "
          f"status {status.wall * 1000:.0f} ms wall, {status.cpu * 1000:.0f} ms CPU")  # fmt: skip
    line("status over two back ends, no server (wall)", status.wall / bare.wall, "<= 12")
    line("status over two back ends, no server (CPU)", status.cpu / bare.cpu, "<= 12")


def environment(state: Path) -> dict[str, str]:
    """Of a user whose state lies there, with a package that is compiled."""
    env = {**os.environ, paths.STATE_DIR: str(state / "state")}
    root = Path(__file__).parent.parent
    env["PYTHONPATH"] = os.pathsep.join([str(root / "src"), str(root)])
    env |= {paths.CONFIG: str(state / "config.toml"), "PYTHONPYCACHEPREFIX": str(state / "pyc")}
    for name in ("PYTHONDONTWRITEBYTECODE", "HEADWAY_URL", "HEADWAY_TOKEN"):
        env.pop(name, None)
    return env


def measured(
    commands: dict[str, tuple[str, ...]], env: dict[str, str], runs: int
) -> dict[str, list[Cost]]:
    """The cost of every run, the commands taking turns."""
    found: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            cpu, wall = children(), time.perf_counter()
            subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=True)
            found[name].append(Cost(time.perf_counter() - wall, children() - cpu))
    return found


def children() -> float:
    """Seconds of CPU of all processes that were started here and are over."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()

"""Many `headway generate --detach` at once: nothing is lost, nothing is made twice.

    python -m bench.detach [--many 50]

Each is a command in a process of its own, all started together, against one simulated
ComfyUI; once without a server (each leaves a small process behind), once with one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

from bench.backends import backends, settings_of
from bench.processes import served
from bench.ratio import line
from bench.status_two import environment

from headway.host import paths
from headway.store.sqlite import SqliteStore

LONGEST = 300.0  # seconds
COMMAND = (sys.executable, "-m", "headway", "generate", "image", "--detach", "--steps", "1")


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--many", type=int, default=50)
    many = asked.parse_args().many
    for server in (False, True):
        run(many, server=server)


def run(many: int, *, server: bool) -> None:
    """Start them, wait for their ends, and count."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        with backends(state, idle=1, speed=1000.0) as one:
            settings = f"[plane]\ndiscover = false\n[server]\nport = 0\n{settings_of(one.urls)}"
            (state / "config.toml").write_text(settings)
            os.environ.update(environment(state))
            if server:
                with served(state / "state", settings=settings):
                    count(many, state, one.urls[0], "with a server")
            else:
                count(many, state, one.urls[0], "without a server")


def warm_up() -> None:
    """Compile what the commands and the processes that stay import: a package is compiled."""
    for command in (
        [*COMMAND, "--backend", "nobody"],
        [sys.executable, "-m", "headway.cli.staying"],
    ):
        subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=LONGEST
        )


def count(many: int, state: Path, url: str, how: str) -> None:
    """What came of so many."""
    warm_up()
    began = time.perf_counter()
    started = [
        subprocess.Popen(
            [*COMMAND, "-p", f"fox {n}", "--title", f"fox {n}", "--format", "json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for n in range(many)
    ]
    keys: list[str] = []
    for process in started:
        said, talk = process.communicate(timeout=LONGEST)
        if process.returncode:
            print(f"code {process.returncode}: {talk.decode()}", file=sys.stderr)
        else:
            keys += json.loads(said)["jobs"]
    took = time.perf_counter() - began
    jobs = ended(state, keys)
    with urlopen(f"{url}/history?max_items=1000") as answer:
        made = len(json.load(answer))
    line(f"{how}: said to be handed over, of {many}", len(set(keys)), str(many))
    line(f"{how}: made by the back end", made, str(many))
    line(f"{how}: ended well in the store, once each", jobs, str(many))
    print(f"{'':<52} {took:9.1f}   seconds until all were handed over")


def ended(state: Path, keys: list[str]) -> int:
    """How many titles succeeded, once all of the jobs are over."""
    reader = SqliteStore.reader(paths.store_file(str(state / "state")))
    until = time.monotonic() + LONGEST
    while time.monotonic() < until:
        jobs = [reader.get(key) for key in keys]
        if all(getattr(job, "outcome", None) for job in jobs):
            break
        time.sleep(0.1)
    found = {job.title for job in jobs if getattr(job, "outcome", "") == "succeeded"}
    everything = reader.resolve("c0~", 10_000)
    reader.close()
    return len(found) if len(everything) == len(keys) else -len(everything)


if __name__ == "__main__":
    main()

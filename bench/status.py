"""How long `headway status` and `headway jobs` take, as ratios to `python -c pass`.

    python bench/status.py [--runs 60]

The three commands take turns, so that a slow moment of the machine hits all of them; the
figure is the ratio of the medians. Bars: status 1.6, jobs (10,000 in the store) 2.2.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from headway.host import paths, runfile

TEXT = ("Active Generations\n" + "─" * 47 + "\nNo generations currently running\n").encode()
JOBS = 10_000


def answer(door: socket.socket) -> None:
    """Answer at once, for ever: what is measured is the command, not a server."""
    head = f"HTTP/1.0 200 OK\r\nContent-Length: {len(TEXT)}\r\n\r\n".encode()
    while True:
        link, _ = door.accept()
        link.recv(65_536)
        link.sendall(head + TEXT)
        link.close()


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--runs", type=int, default=60)
    runs = asked.parse_args().runs
    os.environ.pop("HEADWAY_URL", None)
    with tempfile.TemporaryDirectory() as directory:
        status_dir, jobs_dir = f"{directory}/status", f"{directory}/jobs"
        serve(status_dir)
        fill(jobs_dir)
        entry = [sys.executable, "-c", "import sys; from headway.cli.entry import main; main()"]
        commands = {
            "python -c pass": ([sys.executable, "-c", "pass"], directory),
            "headway status": ([*entry, "status"], status_dir),
            "headway jobs": ([*entry, "jobs"], jobs_dir),
            **wrapped(status_dir),
        }
        report(measured(commands, runs))


def serve(state: str) -> None:
    """A server with a run file in that state directory."""
    door = socket.create_server(("127.0.0.1", 0))
    port = int(door.getsockname()[1])
    url = f"http://127.0.0.1:{port}"
    run = runfile.RunFile(url=url, host="127.0.0.1", port=port, pid=os.getpid(), token="t")
    runfile.write(paths.run_file(state), run)
    threading.Thread(target=answer, args=(door,), daemon=True).start()


def fill(state: str) -> None:
    """A store with many finished jobs in that state directory."""
    from headway.model.events import AnyEvent, Ended, Queued, Registered, Started
    from headway.store.sqlite import SqliteStore

    store = SqliteStore.open(paths.store_file(paths.make_private(state)))
    now = time.time()
    for first in range(0, JOBS, 1000):
        events: list[AnyEvent] = []
        for number in range(first, first + 1000):
            key, at = f"comfy~{number:08x}-0000~{number}", now - JOBS + number
            events += [
                Registered(key=key, at=at, meta={"title": f"portrait {number}"}),
                Queued(key=key, at=at),
                Started(key=key, at=at),
                Ended(key=key, at=at + 1, outcome="succeeded"),
            ]
        store.append(events)
    store.close()


def wrapped(state: str) -> dict[str, tuple[list[str], str]]:
    """The installed console script, if there is one: what its wrapper adds."""
    script = os.path.join(os.path.dirname(sys.executable), "headway")
    found = os.path.exists(script)
    return {"installed script": ([script, "status"], state)} if found else {}


def measured(commands: dict[str, tuple[list[str], str]], runs: int) -> dict[str, list[float]]:
    """Milliseconds of every run, the commands taking turns."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, (command, state) in commands.items():
            env = {**os.environ, paths.STATE_DIR: state}
            env.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled
            start = time.perf_counter()
            subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=True)
            times[name].append((time.perf_counter() - start) * 1000)
    return times


def report(times: dict[str, list[float]]) -> None:
    """One line each: the median, and its ratio to the bare interpreter."""
    bare = statistics.median(times["python -c pass"])
    for name, each in times.items():
        middle = statistics.median(each)
        print(f"{name:<20} {middle:7.1f} ms  {middle / bare:5.2f} x")


if __name__ == "__main__":
    main()

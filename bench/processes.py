"""Real server processes for the benches: started, watched from outside, killed.

Rule 1: what is measured is `headway serve` itself, in a process of its own, told by its
environment where its state lies; nothing of it is replaced.
Rule 2: CPU time and memory are those that the system counts for the process.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from headway.host import paths, runfile

LONGEST = 60.0  # seconds that a server may take to begin
CHECK = 0.01  # seconds between two looks at something outside this process

T = TypeVar("T")
SERVE = (sys.executable, "-m", "headway", "serve")


class Used(NamedTuple):
    """What a process has used: seconds of CPU, bytes of memory now and at most."""

    cpu: float
    rss: int
    peak: int


class Served:
    """A server that answers. `kill` is kill -9: it cannot say good-bye."""

    def __init__(self, process: subprocess.Popen[bytes], run: runfile.RunFile) -> None:
        self.process = process
        self.run = run
        self.url = f"http://{run.host}:{run.port}"
        self.headers = {"Authorization": f"Bearer {run.token}"}

    def used(self) -> Used:
        """What its process used until now."""
        return used(self.process.pid)

    def kill(self) -> None:
        """End it at once, as the power of the system over a process can."""
        self.process.kill()
        self.process.wait()


@contextmanager
def served(
    state: Path, *, port: int = 0, settings: str = "", environment: dict[str, str] | None = None
) -> Iterator[Served]:
    """A server with its state there, once it answers; stopped at the end.

    `settings` is the text of a settings file. A server found dead before it answers
    raises RuntimeError with what it said.
    """
    with process_of(state, port=port, settings=settings, environment=environment) as process:
        run = started(process, state)
        yield Served(process, run)
        stop(process)


@contextmanager
def process_of(
    state: Path, *, port: int = 0, settings: str = "", environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The process of a server that may not answer yet; killed at the end if it still runs."""
    paths.make_private(str(state))
    config = state / "config.toml"
    config.write_text(settings, encoding="utf-8")
    told = environment_of(state) | {paths.CONFIG: str(config)} | (environment or {})
    with (
        open(state / "server.log", "ab") as log,
        subprocess.Popen(
            [*SERVE, "--port", str(port)], env=told, stdout=log, stderr=log
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def environment_of(state: Path) -> dict[str, str]:
    """This environment, with its state there and without a server of somebody else's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEADWAY_")}
    root = Path(__file__).parent.parent
    return kept | {
        paths.STATE_DIR: str(state),
        "HEADWAY_PLANE_DISCOVER": "false",
        "PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)]),
    }


def started(process: subprocess.Popen[bytes], state: Path) -> runfile.RunFile:
    """The run file that this very process wrote, once it did."""

    def written() -> runfile.RunFile | None:
        if process.poll() is not None:
            said = (state / "server.log").read_text("utf-8", "replace")
            raise RuntimeError(f"the server ended with {process.returncode}: {said[-2000:]}")
        run = runfile.read(paths.run_file(str(state)))
        return run if run is not None and run.pid == process.pid else None

    return until(written)


def until(holds: Callable[[], T | None], *, within: float = LONGEST, every: float = CHECK) -> T:
    """The first answer that is not None. Raises: TimeoutError."""
    end = time.monotonic() + within
    while (found := holds()) is None:
        if time.monotonic() > end:
            raise TimeoutError(f"nothing within {within:g} s")
        time.sleep(every)
    return found


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to end, as Ctrl-C does, and wait until it did."""
    process.terminate()
    process.wait(LONGEST)


def used(pid: int) -> Used:
    """What that process used until now. Raises: OSError if there is none."""
    return _linux(pid) if sys.platform.startswith("linux") else _ps(pid)


def _linux(pid: int) -> Used:
    place = Path(f"/proc/{pid}")
    fields = (place / "stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    said = dict(line.split(":", 1) for line in (place / "status").read_text().splitlines())
    rss, peak = (int(said[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    return Used(ticks / os.sysconf("SC_CLK_TCK"), rss, peak)


def _ps(pid: int) -> Used:
    told = subprocess.run(
        ["ps", "-o", "time=,rss=", "-p", str(pid)], capture_output=True, text=True, check=True
    )
    clock, rss = told.stdout.split()
    seconds = 0.0
    for part in clock.replace("-", ":").split(":"):
        seconds = seconds * 60.0 + float(part)
    return Used(seconds, int(rss) * 1024, int(rss) * 1024)

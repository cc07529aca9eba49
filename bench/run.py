"""What `headway run` costs a command: beside `script`, and beside nothing at all.

Rule 1: all run at a terminal that this program holds and reads as fast as it can.
Rule 2: the flood is compared with `script -qfc`, the paced one with the bare command:
    how long each takes from its start to its end, start-up and farewell included.
Rule 3: compiled modules are kept in a place of our own, as those of an installed package
    are; a first run that fills it is not counted.
Rule 4: CPU time is of headway and the command together, so that what is told of it is a
    difference, or a ratio to `script` and the same command.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time

from bench.ratio import Cost, in_turn, line

FLOOD = {"short lines": 12_000_000, "lines of 80": 60_000_000}  # bytes
SECONDS = 10  # of a command that prints 1,000 lines a second
ROUNDS = 3
PACED_ROUNDS = 2

PACED = f"""
import sys, time
start = time.monotonic()
for n in range({SECONDS * 1000}):
    sys.stdout.write(f"line {{n}} of what a busy program says about what it is doing now\\n")
    sys.stdout.flush()
    time.sleep(max(start + (n + 1) / 1000 - time.monotonic(), 0))
"""


def at_terminal(argv: list[str]) -> Cost:
    """Run it at a terminal of its own; wall time until its output ends."""
    import pty

    start = time.perf_counter()
    pid, master = pty.fork()
    if not pid:
        os.execvp(argv[0], argv)
    while True:
        try:
            if not os.read(master, 65_536):
                break
        except OSError:
            break
    _, status, used = os.wait4(pid, 0)
    os.close(master)
    if status:
        raise SystemExit(f"{argv[0]} ended with {status}")
    return Cost(time.perf_counter() - start, used.ru_utime + used.ru_stime)


def flood(ours: list[str], name: str, text: str) -> None:
    """Something that prints as fast as it can, here and under `script`."""
    command = f"{text} | head -c {FLOOD[name]}"
    found = in_turn(
        ROUNDS,
        script=lambda: at_terminal(["script", "-qfc", command, os.devnull]),
        ours=lambda: at_terminal([*ours, "sh", "-c", command]),
    )
    script, run = found["script"], found["ours"]
    line(f"flood, {name}: speed beside script -qfc", script.wall / run.wall, ">= 0.8")
    line(f"flood, {name}: CPU beside script -qfc", run.cpu / script.cpu, "-")


def paced(ours: list[str]) -> None:
    """Something that prints 1,000 lines a second, here and by itself."""
    command = [sys.executable, "-c", PACED]
    found = in_turn(
        PACED_ROUNDS,
        bare=lambda: at_terminal(command),
        ours=lambda: at_terminal([*ours, *command]),
    )
    bare, run = found["bare"], found["ours"]
    line(
        f"1,000 lines/s for {SECONDS} s: wall time added, %",
        100 * (run.wall / bare.wall - 1),
        "<= 2",
    )
    line(
        f"1,000 lines/s for {SECONDS} s: CPU added, % of a core",
        100 * (run.cpu - bare.cpu) / run.wall,
        "-",
    )
    print(f"(wall: {bare.wall:.3f} s bare, {run.wall:.3f} s ours)")


def main() -> None:
    """Print the figures."""
    ours = [sys.executable, "-m", "headway", "run", "--"]
    with tempfile.TemporaryDirectory() as state:
        os.environ["HEADWAY_STATE_DIR"] = state
        os.environ["PYTHONPYCACHEPREFIX"] = os.path.join(state, "compiled")
        for name in ("HEADWAY_URL", "PYTHONDONTWRITEBYTECODE"):
            os.environ.pop(name, None)
        at_terminal([*ours, "true"])
        if shutil.which("script"):
            flood(ours, "short lines", "yes")
            flood(ours, "lines of 80", f"yes {'x' * 78}")
        paced(ours)


if __name__ == "__main__":
    main()

"""What reporting costs the work: a loop, a step by hand, and the import.

    python -m bench.track

Loops take turns, in this process, over nothing: the bare loop, `track`, tqdm (its bar written
to nowhere, as a terminal would cost it more), `headway.tqdm`. `advance` is called a million
times. All report into a store of their own while they run.
"""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from bench.ratio import Cost, in_turn, line, measure

N = 2_000_000
ROUNDS = 7
SOURCE = Path(__file__).parent.parent / "src"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HEADWAY_STATE_DIR"] = folder
        loops()
        steps()
        flushed()
    imports()


def loops() -> None:
    """Each over the same range."""
    from headway.progress import track
    from headway.tqdm import tqdm as ours
    from tqdm import tqdm as real

    found = in_turn(
        ROUNDS,
        bare=lambda: measure(lambda: spin(range(N))),
        track=lambda: measure(lambda: spin(track(range(N), "bench"))),
        tqdm=lambda: measure(lambda: spin(real(range(N), file=io.StringIO()))),
        ours=lambda: measure(lambda: spin(ours(range(N), file=io.StringIO()))),
    )
    bare = nanoseconds(found["bare"])
    over = {name: nanoseconds(cost) - bare for name, cost in found.items()}
    line("bare loop, ns an iteration", bare, "-")
    line("track over it, ns an iteration", over["track"], "<= 60")
    line("tqdm over it, ns an iteration", over["tqdm"], "-")
    line("track, of tqdm", over["track"] / over["tqdm"], "<= 0.6")
    line("headway.tqdm, of tqdm", over["ours"] / over["tqdm"], "-")


def spin(items: object) -> None:
    for _ in items:  # type: ignore[attr-defined]
        pass


def steps() -> None:
    """`advance`, as a method is called."""
    from headway.progress import job

    one = job("bench", total=N)

    def advance() -> None:
        for _ in range(N):
            one.advance()

    found = in_turn(
        ROUNDS,
        bare=lambda: measure(lambda: spin(range(N))),
        advance=lambda: measure(advance),
    )
    one.close()
    line("job.advance, ns", nanoseconds(found["advance"]) - nanoseconds(found["bare"]), "<= 250")


def flushed() -> None:
    """A short job from its beginning to its end, as the work sees it."""
    from headway.progress import flush, job

    n = 1_000
    begin = time.perf_counter()
    deque((job("short").close() for _ in range(n)), maxlen=0)
    line("a job begun and ended, µs", (time.perf_counter() - begin) / n * 1e6, "-")
    flush(30.0)


def imports() -> None:
    """A fresh interpreter with and without."""
    found = in_turn(
        25,
        bare=process("pass"),
        ours=process("import headway.progress"),
        tqdm=process("import tqdm"),
    )
    line(
        "import headway.progress, of bare Python (CPU)",
        found["ours"].cpu / found["bare"].cpu,
        "<= 2.5",
    )
    line("import tqdm, of bare Python (CPU)", found["tqdm"].cpu / found["bare"].cpu, "-")


def process(program: str) -> Callable[[], Cost]:
    """A fresh interpreter that runs `program`."""
    program = f"import sys; sys.path.insert(0, {str(SOURCE)!r}); {program}"

    def run() -> Cost:
        start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", program], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Cost(time.perf_counter() - start, cpu)

    return run


def nanoseconds(cost: Cost) -> float:
    return cost.cpu / N * 1e9


if __name__ == "__main__":
    main()

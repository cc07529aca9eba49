"""The fault matrix at full size: what is false, what is missed, how soon a loss is told.

    python -m bench.faults [cells] [seed]

Cells are drawn from mishap × moment × version × owner × console, each with numbers of its own;
the same seed draws the same ones. Everything waits in the time of a leaping loop, so figures in
seconds are the watched world's, not this machine's.

`false` must be 0. `misses`: told as unknown though the entry lay open, must be 0. `unsure`: lost
in truth, told as unknown: right after a silence or without the console. `deceived`: false words
where a dead tunnel hid a living server until it restarted; nothing that can be asked for tells
that from a dead server, so these are counted apart.
"""

from __future__ import annotations

import logging
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping

from bench.ratio import line
from tests.whole.cells import OWNERS, VERSIONS, Cell, run
from tests.whole.judging import BOUND, Verdicts
from tests.whole.mishaps import DECEIVING, MISHAPS, MOMENTS

CELLS = 300
WITHOUT_CONSOLE = 0.2  # of all cells


def drawn(cells: int, seed: int) -> list[Cell]:
    """Different cells, drawn with that seed; every mishap about as often as every other."""
    rng = random.Random(seed)
    names = list(MISHAPS)
    return [
        Cell(
            names[n % len(names)],
            rng.choice(list(MOMENTS)),
            rng.choice(VERSIONS),
            rng.choice(OWNERS),
            seed * 1_000_000 + n,
            rng.random() >= WITHOUT_CONSOLE,
        )
        for n in range(cells)
    ]


def main(cells: int, seed: int) -> int:
    """Live through them and report; 1 if something false was said or missed."""
    logging.disable(logging.CRITICAL)  # lost sources are what this is about
    began = time.perf_counter()
    told = run(drawn(cells, seed))
    deceived = run([Cell(name, moment, seed=seed) for name in DECEIVING for moment in MOMENTS])
    for cell, one in told.items():
        for what in [*one.false, *one.misses]:
            print(f"{cell}: {what}")
    _report(told, deceived)
    print(f"{cells} cells, seed {seed}, {time.perf_counter() - began:.0f} s")
    return int(any(one.false or one.misses for one in told.values()))


def _report(told: Mapping[Cell, Verdicts], deceived: Mapping[Cell, Verdicts]) -> None:
    all_told = list(told.values())
    line("false verdicts", sum(len(one.false) for one in all_told), "0")
    line("misses: unknown, and the entry lay open", sum(len(one.misses) for one in all_told), "0")
    line("told lost", sum(len(one.lost_after) for one in all_told), "-")
    line("lost, told s after contact, at most", _most(all_told, "lost_after"), f"<= {BOUND:g}")
    line(
        "other ends, told s after contact, at most", _most(all_told, "told_after"), f"<= {BOUND:g}"
    )
    line("idle shown while something ran, s at most", max(o.idle_for for o in all_told), "<= 30")
    line("gone from the queue and open, s at most", max(o.missing_for for o in all_told), "-")
    line("unsure: lost, told as unknown", sum(len(one.unsure) for one in all_told), "-")
    line("phantoms of changed bytes", sum(one.phantoms for one in all_told), "-")
    line("deceived by a dead tunnel", sum(len(one.false) for one in deceived.values()), "-")
    unsure = Counter(
        cell.mishap if cell.logs else "without the console"
        for cell, one in told.items()
        if one.unsure
    )
    print("unsure in: " + ", ".join(f"{name} {count}" for name, count in unsure.most_common()))


def _most(told: list[Verdicts], field: str) -> float:
    return max((seconds for one in told for seconds in getattr(one, field)), default=0.0)


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:]]
    sys.exit(main(given[0] if given else CELLS, given[1] if len(given) > 1 else 0))

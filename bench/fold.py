"""How many events a second the fold takes. Bar: 300,000.

python bench/fold.py
"""

from __future__ import annotations

from bench.ratio import best, line, measure
from bench.workload import story

from headway.fold.folding import fold
from headway.model.entities import AnyEntity

COUNT = 100_000
ROUNDS = 5


def main() -> None:
    events = story(COUNT)

    def work() -> None:
        entities: dict[str, AnyEntity] = {}
        for event in events:
            fold(entities, event)

    cost = best([measure(work) for _ in range(ROUNDS)])
    line("fold, thousand events a CPU second", COUNT / cost.cpu / 1000, ">= 300")


if __name__ == "__main__":
    main()

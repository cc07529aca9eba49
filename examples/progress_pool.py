"""A pool of workers, each with a bar of its own, together one group.

python examples/progress_pool.py
"""

from __future__ import annotations

import multiprocessing
import time

from headway import group, track

PAUSE = 0.01  # seconds that a frame takes


def main() -> None:
    with group("chapter 3") as chapter:
        with multiprocessing.Pool(2) as pool:
            done = pool.map(page, range(4), chunksize=1)
        chapter.seal(*chapter.members())
        print(done, chapter.wait(timeout=60))


def page(number: int) -> int:
    for _ in track(range(20), f"page {number}"):
        time.sleep(PAUSE)
    return number


if __name__ == "__main__":
    main()

"""Never run, only type-checked: what reporting promises to a program that uses it.

Rule 1: if a change to this file is needed, users have to change theirs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from headway.progress import (
    Group,
    Job,
    ProgressManager,
    atrack,
    group,
    job,
    retrying,
    track,
    tracked,
)
from headway.tqdm import tqdm, trange


def loops(paths: list[Path]) -> Iterator[Path]:
    for path in track(paths, "paths", unit="file"):
        opened: Path = path
        yield opened
    for number in trange(3, desc="n"):
        doubled: int = number * 2
        print(doubled)
    bar: tqdm[str] = tqdm(["a"], total=1)
    bar.set_postfix(loss=0.1)


def jobs() -> str | None:
    with group("chapter") as chapter, job("page", total=None, steps=["ink"]) as page:
        one: Job = page
        one.advance(2)
        one.set(3, total=None)
        with one.step("ink", total=4) as step:
            step.advance()
        one.artifact(Path("x.png"), media="image/png")
        one.end("cancelled", why="no ink")
        whole: Group = chapter
        whole.seal(*whole.members())
        return whole.wait(timeout=1.0)


@tracked("paint")
def paint(size: int) -> float:
    return size / 2


@retrying(attempts=2, on=(OSError, ValueError))
async def fetch(url: str) -> bytes:
    return url.encode()


async def later(items: AsyncIterator[int]) -> float:
    async for number in atrack(items, "numbers"):
        print(number + 1)
    async with job("fetch"):
        print((await fetch("x")).decode())
    return paint(3)


def count(manager: ProgressManager) -> int:
    total: int = manager.register_task(1, task="cover", prompt="a castle")
    counted: bool = manager.complete_task(1, "cover")
    state = manager.get_state(1)
    return total if counted and state is None else state["total"] if state else 0

"""How good the first estimates are, beside the two that everybody else uses.

Runs mixed jobs of two models, four sizes and step counts, on a ComfyUI
(HEADWAY_COMFYUI_URL; a simulated one without it) while a plane watches it, and prints
which share of the estimates was within 25 % of the true remaining time, at the first
answer and half way, for jobs with at least `TRAINING` ended jobs of their family. The
same moments are scored for "elapsed divided by fraction" and for "the last two jobs'
mean". Each line ends with Headway's share over the best other.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import defaultdict
from contextlib import AsyncExitStack
from typing import Any

import aiohttp

from headway.model.views import JobView
from headway.plane import Plane
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sources.comfyui import ComfyUI, Settings
from headway.store.memory import MemoryStore

TRAINING = 10  # ended jobs of a family before one of it is scored
SCORED = 12  # scored jobs of each family
WITHIN = 0.25
FIRST = 2.0  # seconds after the start by which the first estimate must have been told
SIZES = ((128, 4), (128, 12), (192, 8), (256, 6))


async def main() -> None:
    async with AsyncExitStack() as stack:
        url = os.environ.get("HEADWAY_COMFYUI_URL")
        if url is None:
            url = (await stack.enter_async_context(SimComfyUI(speed=2.0))).url
        plane = await stack.enter_async_context(
            Plane(MemoryStore(), sources=[ComfyUI(Settings(name="bench", url=url))])
        )
        session = await stack.enter_async_context(aiohttp.ClientSession())
        models = await checkpoints(session, url)
        runs = await watch(plane, session, url, models)
    report(runs)


async def checkpoints(session: aiohttp.ClientSession, url: str) -> list[str]:
    async with session.get(f"{url}/object_info/CheckpointLoaderSimple") as answer:
        info = await answer.json()
    return info["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0][:2]


async def watch(
    plane: Plane, session: aiohttp.ClientSession, url: str, models: list[str]
) -> list[dict[str, Any]]:
    """Submit the jobs one after another, each followed from start to end."""
    rng = random.Random(7)
    plan = [model for model in models for _ in range(TRAINING + SCORED)]
    rng.shuffle(plan)
    runs: list[dict[str, Any]] = []
    for number, model in enumerate(plan):
        size, steps = rng.choice(SIZES)
        graph = workflows.text_to_image(
            seed=rng.randrange(1 << 30), steps=steps, width=size, height=size, model=model
        )
        mailbox = plane.hub.subscribe()
        async with session.post(f"{url}/prompt", json={"prompt": graph}) as answer:
            native = (await answer.json())["prompt_id"]
        runs.append({"model": model} | await follow(plane, mailbox, native))
        plane.hub.unsubscribe(mailbox)
        print(f"\r{number + 1}/{len(plan)}", end="", flush=True)
    print()
    return runs


async def follow(plane: Plane, mailbox: Any, native: str) -> dict[str, Any]:
    """Every (time, estimated end, fraction) that was told of one job."""
    told: list[tuple[float, float | None, float | None]] = []
    while True:
        await mailbox.wait()
        for change in mailbox.take()[0]:
            view = change.view
            if not isinstance(view, JobView) or view.native != native:
                continue
            end = view.estimate.end_at if view.estimate else None
            told.append((plane.clock(), end, view.fraction))
            if view.outcome is not None:
                return {"start": view.started_at, "end": view.ended_at, "told": told}


def report(runs: list[dict[str, Any]]) -> None:
    ended: dict[str, list[float]] = defaultdict(list)
    scores: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for run in runs:
        length = run["end"] - run["start"]
        if len(ended[run["model"]]) >= TRAINING:
            score(run, length, ended[run["model"]], scores)
        ended[run["model"]].append(length)
    for moment in ("at the start", "half way"):
        shares = {
            who: sum(hits) / len(hits) for (when, who), hits in scores.items() if when == moment
        }
        others = max(share for who, share in shares.items() if who != "headway")
        ratio = shares["headway"] / others if others else float("inf")
        text = "  ".join(f"{who} {share:.0%}" for who, share in shares.items())
        count = len(scores[moment, "headway"])
        print(f"{moment:13} within 25 %: {text}  ratio {ratio:.2f}  (n={count})")


def score(
    run: dict[str, Any],
    length: float,
    ended: list[float],
    scores: dict[tuple[str, str], list[bool]],
) -> None:
    for moment, at in (
        ("at the start", first_answer(run)),
        ("half way", run["start"] + length / 2),
    ):
        truth = run["end"] - at
        end, fraction = standing(run["told"], at)
        last_two = sum(ended[-2:]) / 2 - (at - run["start"])
        linear = (at - run["start"]) / fraction * (1 - fraction) if fraction else None
        answers = {
            "headway": end - at if end is not None else None,
            "elapsed/fraction": linear,
            "last two": last_two,
        }
        for who, rest in answers.items():
            scores[moment, who].append(
                rest is not None and abs(rest - truth) <= WITHIN * max(truth, 0.01)
            )


def first_answer(run: dict[str, Any]) -> float:
    """When the first estimate was told; `FIRST` after the start if none was by then."""
    latest = run["start"] + FIRST
    told = [when for when, end, _ in run["told"] if end is not None and when >= run["start"]]
    return min([*told, latest])


def standing(
    told: list[tuple[float, float | None, float | None]], at: float
) -> tuple[float | None, float | None]:
    """What was known at that moment."""
    before = [(end, fraction) for when, end, fraction in told if when <= at]
    return before[-1] if before else (None, None)


if __name__ == "__main__":
    asyncio.run(main())

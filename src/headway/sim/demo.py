"""A scripted afternoon at a shared ComfyUI, for `headway demo`.

Rule 1: it never ends by itself and can be cancelled anywhere.
Rule 2: at most LONGEST_QUEUE prompts wait; a full queue is left to run down before the next one
    comes.
Rule 3: with the same random numbers it tells the same story; nothing else is random in it.
Rule 4: it only does what clients do: submit, and now and then interrupt what runs.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sim.workflows import Graph

LONGEST_QUEUE = 5  # prompts that wait
PAUSE = (2.0, 22.0)  # seconds at speed 1.0 from one submission to the next
CHANGE_OF_MIND = (2.0, 6.0)  # seconds at speed 1.0 until somebody interrupts
INTERRUPTED = 0.07  # of all submissions are followed by an interrupt

SUBJECTS = (
    "a lighthouse at dusk",
    "an orchard in the rain",
    "a tram crossing an old bridge",
    "foxes in a snowy field",
    "a paper boat on a canal",
    "the night market from above",
)


@dataclass(frozen=True)
class Part:
    """Somebody who submits, how, and how often compared with the others."""

    client_id: str | None
    weight: float
    make: Callable[[random.Random], Graph]


def portrait(rng: random.Random) -> Graph:
    return workflows.text_to_image(
        seed=rng.randrange(10**6),
        steps=rng.choice((20, 25, 30)),
        width=512,
        height=768,
        prompt=rng.choice(SUBJECTS),
    )


def contact_sheet(rng: random.Random) -> Graph:
    return workflows.text_to_image(
        seed=rng.randrange(10**6),
        steps=12,
        width=384,
        height=384,
        batch=4,
        prompt=rng.choice(SUBJECTS),
    )


def ink(rng: random.Random) -> Graph:
    return workflows.image_with_lora(
        seed=rng.randrange(10**6), steps=20, prompt=rng.choice(SUBJECTS)
    )


def wallpaper(rng: random.Random) -> Graph:
    return workflows.tiled(
        seed=rng.randrange(10**6), steps=16, width=1024, height=576, prompt=rng.choice(SUBJECTS)
    )


def clip(rng: random.Random) -> Graph:
    return workflows.video(seed=rng.randrange(10**6), steps=10, frames=8)


def chime(rng: random.Random) -> Graph:
    return workflows.audio(duration=rng.uniform(1.0, 8.0))


def sketch(rng: random.Random) -> Graph:
    return workflows.text_to_image(seed=rng.randrange(10**6), steps=6, width=384, height=384)


def mistake(rng: random.Random) -> Graph:
    return workflows.failing(
        seed=rng.randrange(10**6), steps=8, tag="the upscaler ran out of memory"
    )


CAST = (
    Part("anna-browser", 4, portrait),
    Part("anna-browser", 2, contact_sheet),
    Part("studio-plugin", 3, ink),
    Part("studio-plugin", 2, wallpaper),
    Part("video-desk", 1.5, clip),
    Part("video-desk", 1, chime),
    Part(None, 3, sketch),
    Part("anna-browser", 0.8, mistake),
)


async def play(
    sim: SimComfyUI,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]],
    rng: random.Random,
) -> None:
    """Tell the story until cancelled. Pauses shrink with the simulation's speed."""
    while True:
        await sim.until(lambda: len(sim.pending) < LONGEST_QUEUE)
        part = rng.choices(CAST, weights=[part.weight for part in CAST])[0]
        tag = {"submitted_at": round(clock(), 3)}
        sim.submit(part.make(rng), client_id=part.client_id, extra_data=tag)
        if rng.random() < INTERRUPTED:
            await sleep(rng.uniform(*CHANGE_OF_MIND) / sim.speed)
            sim.interrupt(sim.running)
        await sleep(rng.uniform(*PAUSE) / sim.speed)

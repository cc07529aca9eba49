"""Node classes that behave oddly on purpose; each is something real custom nodes were seen to do.

Rule 1: their names begin with Bench, so that nobody takes them for core nodes.
"""

from headway.sim.comfyui.generation import STEPS, real
from headway.sim.comfyui.node import Blocked, Made, NodeClass, NodeRun, Picture


async def ticks(run: NodeRun, *, image: Picture, ticks: int, seconds: float, tag: str) -> Made:
    """A bar for the page and none on the console."""
    for tick in range(1, ticks + 1):
        await run.host.spend(seconds)
        run.report(tick, ticks)
    return Made((image,))


async def silent(run: NodeRun, *, image: Picture, seconds: float, tag: str) -> Made:
    """Long work without a word, deaf to interrupts."""
    await run.host.spend(seconds)
    return Made((image,))


async def bars(run: NodeRun, *, image: Picture, seconds: float, tag: str) -> Made:
    """Two bars after each other: value and maximum reset with no marker."""
    for total in (5, 3):
        for step in range(1, total + 1):
            await run.host.spend(seconds)
            run.report(step, total)
    return Made((image,))


async def clamped(run: NodeRun, *, image: Picture, ticks: int, seconds: float, tag: str) -> Made:
    """A full bar that goes on for as long again."""
    for tick in range(1, 2 * ticks + 1):
        await run.host.spend(seconds)
        run.report(min(tick, ticks), ticks)
    return Made((image,))


async def fail(run: NodeRun, *, image: Picture, tag: str) -> Made:
    raise ValueError(f"bench failure: {tag}")


async def block(run: NodeRun, *, image: Picture, tag: str) -> Made:
    """Hands on a value that must not be used."""
    return Made((Blocked(f"bench block: {tag}"),))


async def expand(run: NodeRun, *, image: Picture, ticks: int, seconds: float, tag: str) -> Made:
    """Runs two nodes of its own in its place."""
    inputs = {"image": image, "ticks": ticks, "seconds": seconds}
    first = {"class_type": "BenchSleep", "inputs": {**inputs, "tag": f"{tag} first"}}
    second = {
        "class_type": "BenchSleep",
        "inputs": {**inputs, "image": ["1", 0], "tag": f"{tag} second"},
    }
    return Made(expands_to={"1": first, "2": second})


IMAGE = ["IMAGE", {}]
TAG = ["STRING", {}]
SECONDS = real(1.0, 0.0, 3600.0)
TICKING = {"image": IMAGE, "ticks": STEPS, "seconds": SECONDS, "tag": TAG}
TIMED = {"image": IMAGE, "seconds": SECONDS, "tag": TAG}
TAGGED = {"image": IMAGE, "tag": TAG}
MAKES = ("IMAGE",)

CLASSES = {
    "BenchSleep": NodeClass(ticks, TICKING, MAKES),
    "BenchSilent": NodeClass(silent, TIMED, MAKES),
    "BenchBars": NodeClass(bars, TIMED, MAKES),
    "BenchClamped": NodeClass(clamped, TICKING, MAKES),
    "BenchFail": NodeClass(fail, TAGGED, MAKES),
    "BenchBlock": NodeClass(block, TAGGED, MAKES),
    "BenchExpand": NodeClass(expand, TICKING, MAKES),
    "BenchAsync": NodeClass(ticks, TICKING, MAKES, is_async=True),
}

"""Time as the simulated server spends it: a table of seconds, a speed, and a hold for everything.

Rule 1: nobody else reads a clock or sleeps; a test that passes its own clock and sleep owns all
    time.
Rule 2: a duration lasts its seconds divided by `speed`: 1.0 is life-like, 20.0 is twenty times as
    fast, `math.inf` does not wait at all. Seconds asked for by a fault switch are real ones and not
    divided.
Rule 3: while frozen nothing goes on: no step, no answer, no frame. Nothing is lost either.
"""

import random
from collections.abc import Awaitable, Callable, Mapping

from headway.sim.comfyui.change import Change

#: seconds at speed 1.0, for 512x512 pixels where size matters; a node class, or a part of its work
SECONDS: Mapping[str, float] = {
    "CheckpointLoaderSimple": 2.4,  # with nothing of it in memory
    "LoraLoader": 0.3,
    "CLIPTextEncode": 0.15,
    "KSampler": 0.35,  # one step
    "KSampler warm-up": 0.5,  # added to the first step of every run
    "VAEDecode": 0.8,
    "VAEDecodeTiled": 0.02,  # one tile
    "SaveImage": 0.05,  # one picture
    "SaveVideo": 1.5,
    "SaveAudio": 0.2,
    "loading": 0.3,  # moving one model to the device
    "teardown": 0.008,  # between the last event of a run and its entry in the history
    "between": 0.01,  # between two runs: nothing is running and something may be pending
}

JITTER = 0.08  # real steps differ by about so much from one to the next


class Pace:
    """The simulation's own time."""

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        speed: float,
        seconds: Mapping[str, float],
        rng: random.Random,
    ) -> None:
        self.now = clock
        self.speed = speed
        self.frozen = False
        self._sleep = sleep
        self._seconds = {**SECONDS, **seconds}
        self._rng = rng
        self._change = Change()

    def stamp(self) -> int:
        """Now in milliseconds, as messages carry it."""
        return int(self.now() * 1000)

    def seconds(self, what: str) -> float:
        """What the table says; nothing for work it does not name."""
        return self._seconds.get(what, 0.0)

    async def spend(self, seconds: float) -> None:
        """Let so many seconds of simulated work pass, give or take the jitter."""
        await self._sleep(seconds * self._rng.uniform(1 - JITTER, 1 + JITTER) / self.speed)
        await self.thawed()

    async def wait(self, seconds: float) -> None:
        """Let so many real seconds pass."""
        await self._sleep(seconds)

    def freeze(self, frozen: bool) -> None:
        self.frozen = frozen
        self._change.happened()

    async def thawed(self) -> None:
        """Return at once, or when the freeze ends."""
        await self._change.until(lambda: not self.frozen)

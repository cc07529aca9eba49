"""A loop whose time is its own: where nobody has anything to do, it leaps to the next timer.

    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        runner.run(an_hour_of_it())

Rule 1: time moves only while nothing else can: no byte waits to be read and no thread works.
    A slow or busy machine is therefore no slower in the loop's own time.
Rule 2: everything is awaited as usual, over real sockets of this process; only the waiting
    is left out. What other processes do in real time has no place here.
Rule 3: the kernel may take a moment to bring bytes from one of our sockets to another, so a
    real moment is waited for each stretch of leaps.
"""

import asyncio
import math
import selectors
from typing import Any

STRETCH = 0.1  # seconds leaped at most for each real moment
MOMENT = 0.001  # real seconds
WORK = 0.05  # real seconds between two looks while a thread works
BEGINNING = 1_000.0  # seconds: a loop that never was young has no special times


class LeapingLoop(asyncio.SelectorEventLoop):
    """An event loop that does not wait. `epoch` is what `wall()` says at its beginning."""

    def __init__(self, *, epoch: float = 1_900_000_000.0) -> None:
        self._now = BEGINNING
        self._epoch = epoch
        self._threads = 0
        super().__init__(_Leaping(selectors.DefaultSelector(), self))

    def time(self) -> float:
        return self._now

    def wall(self) -> float:
        """The date by this loop, in seconds since 1970: a clock for those who ask for one."""
        return self._epoch + self._now - BEGINNING

    def leap(self, seconds: float) -> None:
        """Let so much time pass at once."""
        self._now += seconds

    @property
    def is_working_elsewhere(self) -> bool:
        """Whether a thread does something that this loop waits for."""
        return self._threads > 0

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        future = super().run_in_executor(executor, func, *args)
        self._threads += 1
        future.add_done_callback(self._came_back)
        return future

    def _came_back(self, future: Any) -> None:
        self._threads -= 1


class _Leaping(selectors.BaseSelector):
    """A selector that leaps instead of waiting."""

    def __init__(self, real: selectors.BaseSelector, loop: LeapingLoop) -> None:
        self._real, self._loop = real, loop
        self._leaped = math.inf  # since the last real moment

    def select(self, timeout: float | None = None) -> Any:
        ready = self._real.select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is None or self._loop.is_working_elsewhere:
            return self._real.select(WORK if self._loop.is_working_elsewhere else None)
        step = min(timeout, STRETCH)
        if self._leaped + step > STRETCH:
            ready, self._leaped = self._real.select(MOMENT), 0.0
            if ready:
                return ready
        self._leaped += step
        self._loop.leap(step)
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> Any:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> Any:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> Any:
        return self._real.modify(fileobj, events, data)

    def close(self) -> None:
        self._real.close()

    def get_map(self) -> Any:
        return self._real.get_map()

from __future__ import annotations

import pytest

from headway.server.flow import LOOKS, Flow, TooSlow
from headway.server.gate import PENDING


class Pipe:
    """A transport whose buffer holds what the test says, look after look."""

    def __init__(self, *sizes: int) -> None:
        self.sizes = list(sizes)
        self.closing = False

    def get_write_buffer_size(self) -> int:
        return self.sizes.pop(0) if len(self.sizes) > 1 else self.sizes[0]

    def is_closing(self) -> bool:
        return self.closing


class Watch:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def flow(pipe: Pipe, *, patience: float = 1.0) -> tuple[Flow, Watch]:
    watch = Watch()
    made = Flow(
        pipe,  # type: ignore[arg-type]
        patience=patience,
        clock=lambda: watch.now,
        wait=watch.sleep,
    )
    return made, watch


async def test_a_buffer_with_room_is_not_waited_for() -> None:
    way, watch = flow(Pipe(PENDING))

    await way.room()

    assert watch.now == 0.0


async def test_a_reader_that_takes_little_by_little_is_waited_for() -> None:
    big = PENDING + 1_000
    way, watch = flow(Pipe(*range(big, PENDING - 1, -1)), patience=0.05)

    await way.room()

    assert watch.now > 10 * 0.05


async def test_a_reader_that_takes_nothing_is_too_slow() -> None:
    way, watch = flow(Pipe(PENDING + 1))

    with pytest.raises(TooSlow):
        await way.room()

    assert 1.0 < watch.now <= 1.0 + 2 / LOOKS


async def test_a_reader_that_has_gone_is_not_waited_for() -> None:
    pipe = Pipe(PENDING + 1)
    pipe.closing = True

    with pytest.raises(ConnectionResetError):
        await flow(pipe)[0].room()

"""Which offset comes next.

Rule 1: an offset is given out only if a block up to it was reserved in the file before
or in the same transaction: none is used twice, also after kill -9.
Rule 2: an offset that is committed is greater than every one that any other process may
have given out: whoever finds that another one reserved behind it leaves the rest of its
block unused (`leave`). So nothing ever lies below a cursor that somebody was told, also
if the process that told it is killed before it wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apsw

from headway.store.queries import named

SIZE = 1_000  # offsets reserved beyond those needed

_SQL = named("write")


class Blocks:
    """The writer's block of offsets. `last`: the greatest one that anybody was told of."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute: Callable[..., Any] = connection.execute
        self.last = 0
        self._next = 1
        self._end = 0

    def start(self, reserved: int) -> None:
        """Begin above everything that was ever reserved."""
        self.last = self._end = reserved
        self._next = reserved + 1

    def take(self, n: int) -> int:
        """The first of `n` offsets in a row. `reserve` must have made room."""
        first = self._next
        if n:
            self._next = first + n
            self.last = self._next - 1
        return first

    def has_room(self, n: int) -> bool:
        """True if `n` more can be given out without a look into the file."""
        return self._next + n <= self._end

    def reserve(self, n: int) -> None:
        """Make room for `n` more. Inside a transaction."""
        if self._next + n <= self._end:
            return
        ((reserved,),) = self._execute(_SQL["counter"], ("reserved",)).fetchall()
        if reserved != self._end:  # another process has the block behind ours
            self._next = reserved + 1
        self._end = self._next + n + SIZE
        self._execute(_SQL["set_counter"], ("reserved", self._end))

    def leave(self, reserved: int) -> None:
        """Another process reserved up to there, and may have told of any of it."""
        if reserved > self._end:
            self._next, self._end = reserved + 1, reserved

    def saw(self, greatest: int) -> None:
        """Another process gave out `greatest`, and we are about to tell of it."""
        self.last = max(self.last, greatest)

    def give_back(self) -> None:
        """What was reserved and never given out may be given out later, if none is behind it."""
        ((reserved,),) = self._execute(_SQL["counter"], ("reserved",)).fetchall()
        if reserved == self._end and self.last < reserved:
            self._execute(_SQL["set_counter"], ("reserved", self.last))

    def state(self) -> tuple[int, int, int]:
        """For `restore` after a rollback."""
        return self.last, self._next, self._end

    def restore(self, state: tuple[Any, ...]) -> None:
        """What was given out in a transaction that failed was told to nobody."""
        self.last, self._next, self._end = state

"""Where the socket's reader and the asker lay down what came, for the one who hears it.

Rule 1: the reader never waits: a socket that is not drained freezes the messages of all
    clients of that server.
Rule 2: bounded in number and bytes. At the bound what is superseded goes first (levels:
    a later progress_state holds all of an earlier one), then the oldest frames; answers
    to our own questions never go. What went is counted, and the queue is looked at again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import msgspec

MOST_FRAMES = 5_000
MOST_BYTES = 64 * 1024 * 1024

LEVELS = (b'{"type": "progress', b'{"type":"progress', b'{"type": "status"', b'{"type":"status"')


class Came(msgspec.Struct, frozen=True):
    """Something that came. `what`: a frame's bytes, or an answer, or the end."""

    at: float
    what: Any
    frame: bool = False


class Inbox:
    """One reader, one asker, one who hears."""

    def __init__(self) -> None:
        self._items: deque[Came] = deque()
        self._frames = 0
        self._bytes = 0
        self._there = asyncio.Event()
        self.dropped = 0

    def frame(self, data: bytes, at: float) -> None:
        """A frame came; at the bound something older goes."""
        self._items.append(Came(at, data, True))
        self._frames += 1
        self._bytes += len(data)
        if self._frames > MOST_FRAMES or self._bytes > MOST_BYTES:
            self._conflate()
        self._there.set()

    def answer(self, what: Any, at: float) -> None:
        """An answer came, or the end."""
        self._items.append(Came(at, what))
        self._there.set()

    async def take(self, *, within: float) -> list[Came]:
        """All that came; nothing after so many seconds. Cancelling loses nothing."""
        try:
            async with asyncio.timeout(within):
                await self._there.wait()
        except TimeoutError:
            return []
        self._there.clear()
        items = list(self._items)
        self._items.clear()
        self._frames = self._bytes = 0
        return items

    def _conflate(self) -> None:
        before = self._frames
        kept = [one for one in self._items if not (one.frame and one.what.startswith(LEVELS))]
        frames = [one for one in kept if one.frame]
        while frames and (len(frames) > MOST_FRAMES // 2 or _size(frames) > MOST_BYTES // 2):
            frames = frames[len(frames) // 2 + 1 :]
        staying = {id(one) for one in frames}
        self._items = deque(one for one in kept if not one.frame or id(one) in staying)
        self._frames, self._bytes = len(frames), _size(frames)
        self.dropped += before - self._frames


def _size(frames: list[Came]) -> int:
    return sum(len(one.what) for one in frames)

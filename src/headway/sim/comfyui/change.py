"""Waiting until something is true, without polling and without missing it.

Rule 1: whoever changes what others may wait for calls `happened()` after the change.
Rule 2: a waiter looks first and waits second, so a change that came early is seen.
"""

import asyncio
from collections.abc import Callable


class Change:
    """Wakes everybody who waits for a condition, each time anything changed."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def happened(self) -> None:
        """Let every waiter look again."""
        self._next.set()
        self._next = asyncio.Event()

    async def until(self, condition: Callable[[], object]) -> None:
        """Return as soon as the condition holds; at once if it does already. Safe to cancel."""
        while not condition():
            await self._next.wait()

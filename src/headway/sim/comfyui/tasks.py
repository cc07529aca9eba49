"""Tasks that live as long as a context, whose error stays its own.

Rule 1: leaving the context cancels what is left and waits for it.
Rule 2: an error of the body is raised as it is. A TaskGroup around a body would wrap it, and a test
    that fails would then show a group of one error in the place of that error.
Rule 3: an error of a task ends the body and is raised as a group of errors.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Self


class Tasks:
    """The tasks of one context."""

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._running: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        self.cancel()
        await self._group.__aexit__(None, None, None)

    def start(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._group.create_task(coroutine)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def cancel(self) -> None:
        for task in self._running:
            task.cancel()

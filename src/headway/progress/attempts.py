"""A function that may be tried again, each try as an attempt of one job.

Rule 1: an attempt that broke is failed; the job only once no attempt is left.
Rule 2: what the function raised last is raised; nothing else is.
"""

from __future__ import annotations

import time
from functools import wraps

from headway.progress.jobs import Job
from headway.progress.loops import COROUTINE, flags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])


def retrying(
    attempts: int = 3,
    *,
    on: type[Exception] | tuple[type[Exception], ...] = Exception,
    pause: float = 0.0,
    title: str = "",
    **more: Any,
) -> Callable[[F], F]:
    """Call a function, or a coroutine function, up to `attempts` times until it returns.

    It is called again after an error of the kinds `on`, `pause` seconds later. `more` as for
    `job`; the job is `current()` inside.
    """

    def decorate(function: F) -> F:
        name = title or getattr(function, "__name__", "")
        make = _awaited if flags(function) & COROUTINE else _called
        return make(function, max(int(attempts), 1), on, pause, {"title": name, **more})  # type: ignore[return-value]

    return decorate


def _called(
    function: Callable[..., Any], attempts: int, on: Any, pause: float, more: dict[str, Any]
) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **kw: Any) -> Any:
        with Job(**more) as job:
            for _ in range(attempts - 1):
                try:
                    return function(*args, **kw)
                except on as error:
                    job._broke(error)
                time.sleep(pause)
                job.start()
            return function(*args, **kw)

    return call


def _awaited(
    function: Callable[..., Any], attempts: int, on: Any, pause: float, more: dict[str, Any]
) -> Callable[..., Any]:
    @wraps(function)
    async def call(*args: Any, **kw: Any) -> Any:
        import asyncio

        async with Job(**more) as job:
            for _ in range(attempts - 1):
                try:
                    return await function(*args, **kw)
                except on as error:
                    job._broke(error)
                await asyncio.sleep(pause)
                job.start()
            return await function(*args, **kw)

    return call

"""Loops and functions that say how far they are.

Rule 1: a loop costs one addition an item; it is begun with its first item.
Rule 2: a loop that is left early, by `break` or by an error, ends as unknown: the two look
alike from here. (In a `with job(...)` block they do not.)
"""

from __future__ import annotations

from functools import wraps

from headway.progress.jobs import Job

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
    from typing import Any, TypeVar

    T = TypeVar("T")
    F = TypeVar("F", bound=Callable[..., Any])

COROUTINE, GENERATOR, ASYNC_GENERATOR = 0x80, 0x20, 0x200  # inspect.CO_…


def track(
    items: Iterable[T], title: str = "", *, total: float | None = None, **more: Any
) -> Iterator[T]:
    """The items, counted as they are done. `more` as for `job`.

    `total` is taken from the items where they know their number.
    """
    return _counted(items, title, length(items) if total is None else total, more)


def atrack(
    items: AsyncIterable[T], title: str = "", *, total: float | None = None, **more: Any
) -> AsyncIterator[T]:
    """The same for `async for`."""
    return _acounted(items, title, total, more)


def tracked(title: str = "", **more: Any) -> Callable[[F], F]:
    """Make each call of a function, or of a coroutine function, a job. `more` as for `job`."""

    def decorate(function: F) -> F:
        name = title or getattr(function, "__name__", "")
        make = _awaited if flags(function) & COROUTINE else _called
        return make(function, name, more)  # type: ignore[return-value]

    return decorate


def length(items: Any) -> int | None:
    """How many they are, where they know it themselves."""
    try:
        return len(items)
    except Exception:  # most iterables have no length, and one of theirs may raise anything
        return None


def flags(function: Any) -> int:
    """What kind of function it is, as `inspect` would say; that module costs too much."""
    return int(getattr(getattr(function, "__code__", None), "co_flags", 0))


def _counted(items: Iterable[T], title: str, total: Any, more: dict[str, Any]) -> Iterator[T]:
    job = Job(title, total=total, **more)
    done = 0
    try:
        for item in items:
            yield item
            done += 1
            job.done = done
    except BaseException as error:
        _broke(job, error)
        raise
    job.close()


async def _acounted(
    items: AsyncIterable[T], title: str, total: Any, more: dict[str, Any]
) -> AsyncIterator[T]:
    job = Job(title, total=total, **more)
    done = 0
    try:
        async for item in items:
            yield item
            done += 1
            job.done = done
    except BaseException as error:
        _broke(job, error)
        raise
    job.close()


def _broke(job: Job, error: BaseException) -> None:
    if isinstance(error, GeneratorExit):
        job.end("unknown", why=f"the loop was left after {job.done}")
    else:
        job._broke(error, final=True)


def _called(function: Callable[..., Any], title: str, more: dict[str, Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **kw: Any) -> Any:
        with Job(title, **more):
            return function(*args, **kw)

    return call


def _awaited(function: Callable[..., Any], title: str, more: dict[str, Any]) -> Callable[..., Any]:
    @wraps(function)
    async def call(*args: Any, **kw: Any) -> Any:
        with Job(title, **more):
            return await function(*args, **kw)

    return call

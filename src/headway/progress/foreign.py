"""Bars of others: tqdm's, and the callbacks of diffusers. Neither is imported here by need.

Rule 1: a foreign bar is read by the thread; the loop that it belongs to costs what it did.
Rule 2: what is patched can be taken back, and is left alone where it is not as expected.
Rule 3: a callback is a plain function: whatever takes such a function can be watched.
"""

from __future__ import annotations

import threading
import weakref
from functools import wraps

from headway.progress.jobs import Job
from headway.progress.voice import voice, warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MOST = 1_000  # bars that are watched at once

_lock = threading.Lock()
_patched: dict[str, Any] = {}


def watch_tqdm(**more: Any) -> Callable[[], None]:
    """See the bars of all that uses tqdm from now on; call the answer to see no more.

    Each bar becomes a job; `more` as for `job`. Without tqdm nothing is done.
    """
    with _lock:
        if not _patched:
            _patch(more)
    return _restore


def diffusers_callback(
    job: Job, total: int | None = None
) -> Callable[[Any, int, Any, dict[str, Any]], dict[str, Any]]:
    """A function for `callback_on_step_end` of a diffusers pipeline: its steps are the job's.

    `total`: the number of steps, where the pipeline does not say it (`num_timesteps`).
    """

    def on_step_end(
        pipe: Any, step: int, timestep: Any, callback_kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        steps = getattr(pipe, "num_timesteps", None) if total is None else total
        try:
            job.set(step + 1, total=steps, unit="step")
        except TypeError:
            warn(f"a step is a number, not {type(step).__name__}")
        return callback_kwargs

    return on_step_end


def _patch(more: dict[str, Any]) -> None:
    try:
        from tqdm.std import tqdm  # type: ignore[import-untyped]
    except ImportError:
        warn("tqdm is not installed: there are no bars to watch")
        return
    kept = {name: vars(tqdm)[name] for name in ("__init__", "close")}  # as they stand there
    begin, close = tqdm.__init__, tqdm.close

    @wraps(begin)
    def __init__(bar: Any, *args: Any, **kw: Any) -> None:
        begin(bar, *args, **kw)
        _guarded(lambda: _begin(bar, more))

    @wraps(close)
    def closed(bar: Any) -> None:
        _guarded(lambda: _end(bar))
        close(bar)

    tqdm.__init__, tqdm.close = __init__, closed
    _patched.update(tqdm=tqdm, kept=kept, ours=(__init__, closed))


def _restore() -> None:
    with _lock:
        if not _patched:
            return
        tqdm, ours = _patched["tqdm"], _patched["ours"]
        if (tqdm.__init__, tqdm.close) == ours:
            for name, one in _patched["kept"].items():
                setattr(tqdm, name, one)
        else:
            warn("somebody else has patched tqdm since: its bars are still watched")
            return
        _patched.clear()


def _begin(bar: Any, more: dict[str, Any]) -> None:
    looks = voice().looks
    if getattr(bar, "disable", True) or len(looks) >= MOST:
        return  # a disabled one does not count
    title = str(getattr(bar, "desc", "") or "").removesuffix(": ")
    settings: dict[str, Any] = {
        "unit": str(getattr(bar, "unit", "")),
        "show": False,
        "kind": "tqdm",
    } | more
    job = Job(title, total=getattr(bar, "total", None), **settings)
    bar._headway_job = job
    known, token = weakref.ref(bar), object()
    looks[token] = lambda: _look(known, job, looks, token)


def _look(known: weakref.ref[Any], job: Job, looks: dict[object, Any], token: object) -> None:
    bar = known()
    if bar is None or job.ended:
        looks.pop(token, None)
        return
    job.set(getattr(bar, "n", None), total=getattr(bar, "total", None))


def _end(bar: Any) -> None:
    job = getattr(bar, "_headway_job", None)
    if job is None or job.ended:
        return
    n, total = getattr(bar, "n", None), getattr(bar, "total", None)
    job.set(n, total=total)
    finish(job, n, total)


def finish(job: Job, n: Any, total: Any) -> None:
    """How a bar ended that was closed at `n` of `total`."""
    if _is_less(n, total):
        job.end("unknown", why=f"its bar was closed at {n} of {total}")
    else:
        job.close()


def _is_less(n: Any, total: Any) -> bool:
    try:
        return bool(total and n < total)
    except TypeError:
        return False  # a bar without a total, or with one that is no number


def _guarded(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception as error:  # another version of tqdm may be anything
        warn(f"a bar of tqdm cannot be watched: {error!r}")

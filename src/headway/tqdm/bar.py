"""The bar: tqdm's class.

Rule 1: `n` is the job's counter: nothing is printed, measured or compared in the loop.
Rule 2: a bar that is closed before its total ends as unknown; one in a `with` block that an
error leaves ends as failed.
Rule 3: `disable=True` is a bar of nothing: it counts nothing and tells nobody.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from headway.progress.foreign import finish
from headway.progress.jobs import Job
from headway.progress.loops import length
from headway.tqdm import meter

T = TypeVar("T")


_SHOWN = (
    "ncols",
    "nrows",
    "ascii",
    "unit",
    "unit_scale",
    "bar_format",
    "postfix",
    "unit_divisor",
    "initial",
    "colour",
)


class _Nobody:
    """The counter of a disabled bar."""

    def __init__(self, total: float | None) -> None:
        self.done: float = 0
        self.total = total


class tqdm(Generic[T]):
    """A bar over `iterable`, or one that `update` moves. A context manager."""

    monitor_interval = 10
    monitor = None
    _lock: Any = threading.RLock()

    def __init__(
        self,
        iterable: Iterable[T] | None = None,
        desc: str | None = None,
        total: float | None = None,
        leave: bool | None = True,
        file: Any = None,
        ncols: int | None = None,
        mininterval: float = 0.1,
        maxinterval: float = 10.0,
        miniters: float | None = None,
        ascii: bool | str | None = None,  # noqa: A002
        disable: bool | None = False,
        unit: str = "it",
        unit_scale: bool | float = False,
        dynamic_ncols: bool = False,
        smoothing: float = 0.3,
        bar_format: str | None = None,
        initial: float = 0,
        position: int | None = None,
        postfix: Any = None,
        unit_divisor: float = 1000,
        write_bytes: bool = False,
        lock_args: tuple[Any, ...] | None = None,
        nrows: int | None = None,
        colour: str | None = None,
        delay: float = 0.0,
        gui: bool = False,
        **kwargs: Any,
    ) -> None:
        self.iterable = iterable
        self.desc = desc or ""
        self.leave, self.fp, self.ncols, self.nrows = leave, file or sys.stderr, ncols, nrows
        self.mininterval, self.maxinterval = mininterval, maxinterval
        self.miniters, self.dynamic_miniters = miniters or 0, miniters is None
        self.ascii, self.disable, self.gui = bool(ascii) if ascii is None else ascii, disable, gui
        self.unit, self.unit_scale, self.unit_divisor = unit, unit_scale, unit_divisor
        self.dynamic_ncols, self.smoothing, self.bar_format = dynamic_ncols, smoothing, bar_format
        self.initial, self.pos, self.delay, self.colour = initial, -(position or 0), delay, colour
        self.lock_args, self.write_bytes = lock_args, write_bytes
        self.postfix: Any = None
        self.start_t = self.last_print_t = time.time()
        self.last_print_n = initial
        known = length(iterable) if total is None and iterable is not None else total
        self.disable = disable if disable is not None else not _is_terminal(self.fp)
        self._job: Job | _Nobody = _Nobody(known) if disable else self._begun(known, file, kwargs)
        self._job.done = initial
        if isinstance(postfix, dict):
            self.set_postfix(postfix)
        elif postfix:
            self.set_postfix_str(str(postfix))

    def _begun(self, total: float | None, file: Any, more: dict[str, Any]) -> Job:
        given = {"total": total, "unit": self.unit, "show": file is None and not self.disable}
        return Job(self.desc, **(given | more))

    # -- the counter

    @property
    def n(self) -> float:
        """How much is done."""
        return self._job.done

    @n.setter
    def n(self, done: float) -> None:
        self._job.done = done

    @property
    def total(self) -> float | None:
        """How much there is; None: not known."""
        return self._job.total

    @total.setter
    def total(self, total: float | None) -> None:
        self._job.total = total

    def __iter__(self) -> Iterator[T]:
        job, done = self._job, self._job.done
        try:
            for item in self.iterable or ():
                yield item
                done += 1
                job.done = done
        finally:
            self.close()

    def update(self, n: float | None = 1) -> bool | None:
        """So much more is done."""
        if not self.disable:
            self._job.done += 1 if n is None else n
        return None

    def reset(self, total: float | None = None) -> None:
        """Begin anew, with another total if one is given."""
        self._job.done = 0
        self.start_t = self.last_print_t = time.time()
        if total is not None:
            self._job.total = total

    def close(self) -> None:
        """It is over. Twice is once."""
        if isinstance(self._job, Job) and not self._job.ended:
            finish(self._job, self.n, self.total)

    def clear(self, nolock: bool = False) -> None:
        """The terminal is not ours to clear."""

    def refresh(self, nolock: bool = False, lock_args: tuple[Any, ...] | None = None) -> bool:
        """It is drawn ten times a second in any case."""
        return True

    def display(self, msg: str | None = None, pos: int | None = None) -> bool:
        """It is drawn ten times a second in any case."""
        return True

    def unpause(self) -> None:
        """Time that passed is measured as it passed."""

    def moveto(self, n: int) -> None:
        """Bars stand in order of their beginning."""

    # -- words

    def set_description(self, desc: str | None = None, refresh: bool | None = True) -> None:
        """What it is about."""
        self.set_description_str(f"{desc}: " if desc else "", refresh)

    def set_description_str(self, desc: str | None = None, refresh: bool | None = True) -> None:
        """What it is about, without a colon."""
        before, self.desc = self.desc, desc or ""
        if isinstance(self._job, Job):
            if not before:
                self._job.tell(title=self.desc.removesuffix(": "))
            self._doing()

    def set_postfix(
        self, ordered_dict: Any = None, refresh: bool | None = True, **kwargs: Any
    ) -> None:
        """Values that stand beside it."""
        given = {**dict(ordered_dict or {}), **dict(sorted(kwargs.items()))}
        self.set_postfix_str(", ".join(f"{name}={_short(one)}" for name, one in given.items()))

    def set_postfix_str(self, s: str = "", refresh: bool | None = True) -> None:
        """Words that stand beside it."""
        self.postfix = str(s)
        self._doing()

    def _doing(self) -> None:
        if isinstance(self._job, Job):
            parts = [self.desc.removesuffix(": "), self.postfix or ""]
            self._job.doing(" ".join(part for part in parts if part))

    @property
    def format_dict(self) -> dict[str, Any]:
        """What `format_meter` takes."""
        said = {name: getattr(self, name) for name in _SHOWN}
        elapsed = 0.0 if self.disable else time.time() - self.start_t
        return (
            {"n": self.n, "total": self.total, "elapsed": elapsed, "rate": None}
            | said
            | {"prefix": self.desc}
        )

    def __str__(self) -> str:
        return self.format_meter(**self.format_dict)

    __repr__ = __str__

    format_sizeof = staticmethod(meter.sizeof)
    format_interval = staticmethod(meter.interval)
    format_num = staticmethod(meter.number)

    @staticmethod
    def format_meter(
        n: float,
        total: float | None,
        elapsed: float,
        ncols: int | None = None,
        prefix: str | None = "",
        ascii: bool | str = False,  # noqa: A002
        unit: str = "it",
        unit_scale: bool | float = False,
        rate: float | None = None,
        bar_format: str | None = None,
        postfix: Any = None,
        unit_divisor: float = 1000,
        initial: float = 0,
        colour: str | None = None,
        **extra_kwargs: Any,
    ) -> str:
        """A bar in words."""
        return meter.meter(
            n,
            total,
            elapsed,
            ncols=ncols,
            prefix=prefix or "",
            ascii=ascii,
            unit=unit,
            unit_scale=unit_scale,
            rate=rate,
            bar_format=bar_format,
            postfix=postfix,
            unit_divisor=unit_divisor,
            initial=initial,
            extra=extra_kwargs,
        )

    @staticmethod
    def status_printer(file: Any) -> Callable[[str], None]:
        """A function that writes a line over the one before it."""
        longest = [0]

        def write(line: str) -> None:
            file.write("\r" + line.ljust(longest[0]))
            file.flush()
            longest[0] = max(longest[0], len(line))

        return write

    # -- the class

    @classmethod
    def write(cls, s: str, file: Any = None, end: str = "\n", nolock: bool = False) -> None:
        """Print a line."""
        out = sys.stdout if file is None else file
        out.write(s + end)

    @classmethod
    @contextmanager
    def external_write_mode(cls, file: Any = None, nolock: bool = False) -> Iterator[None]:
        """A block that prints."""
        yield

    @classmethod
    def set_lock(cls, lock: Any) -> None:
        """Keep a lock for `get_lock`; none is needed here."""
        cls._lock = lock

    @classmethod
    def get_lock(cls) -> Any:
        """The lock that was set."""
        return cls._lock

    @classmethod
    @contextmanager
    def wrapattr(
        cls,
        stream: Any,
        method: str,
        total: float | None = None,
        bytes: bool = True,  # noqa: A002
        **kwargs: Any,
    ) -> Generator[Any, None, None]:
        """The stream, with `method` ("read" or "write") moving a bar."""
        scale: dict[str, Any] = {"unit": "B", "unit_scale": True, "unit_divisor": 1024}
        with cls(total=total, **((scale if bytes else {}) | kwargs)) as bar:
            yield _Stream(stream, method, bar)

    # -- what a list can do

    def __len__(self) -> int:
        known = length(self.iterable)
        return known if known is not None else int(self.total or 0)

    def __bool__(self) -> bool:
        if self.total is not None:
            return self.total > 0
        if self.iterable is None:
            raise TypeError("bool() of a bar without an iterable and a total")
        return bool(self.iterable)

    def __contains__(self, item: object) -> bool:
        return item in self.iterable if self.iterable is not None else False  # type: ignore[operator]

    def __reversed__(self) -> Iterator[T]:
        kept, self.iterable = self.iterable, reversed(self.iterable)  # type: ignore[call-overload]
        try:
            yield from self
        finally:
            self.iterable = kept

    def __hash__(self) -> int:
        return id(self)

    def __enter__(self) -> tqdm[T]:
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is not None and isinstance(self._job, Job) and not self._job.ended:
            self._job._broke(error, final=True)
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_job"):
            self.close()


class _Stream:
    """A stream one of whose methods moves a bar."""

    def __init__(self, stream: Any, method: str, bar: tqdm[Any]) -> None:
        self._stream = stream
        self._bar = bar
        setattr(self, method, self._read if method == "read" else self._counted(method))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _read(self, *args: Any, **kw: Any) -> Any:
        data = self._stream.read(*args, **kw)
        self._bar.update(len(data))
        return data

    def _counted(self, method: str) -> Callable[..., Any]:
        def call(data: Any, *args: Any, **kw: Any) -> Any:
            answer = getattr(self._stream, method)(data, *args, **kw)
            self._bar.update(len(data))
            return answer

        return call


def trange(*args: int, **kwargs: Any) -> tqdm[int]:
    """A bar over `range`."""
    return tqdm(range(*args), **kwargs)


def _short(value: Any) -> str:
    return meter.number(value) if isinstance(value, int | float) else str(value).strip()


def _is_terminal(file: Any) -> bool:
    try:
        return bool(file.isatty())
    except (AttributeError, ValueError):
        return False

"""Jobs of this process, and their steps.

Rule 1: a counter is a plain number that the thread reads; `advance` does nothing else.
Rule 2: a job ends once; what is said of it afterwards is not heard.
Rule 3: leaving its block is success; an exception is a failure, an interrupt a cancel. One
that is forgotten ends as unknown: nobody can say how it went.
Rule 4: nothing raises, whatever it is given.
"""

from __future__ import annotations

import os
import threading
from contextvars import ContextVar

from headway.progress.naming import job_key, new_id, source_name
from headway.progress.voice import SILENT, Line, voice, warn
from headway.progress.wording import fate_of, is_there, path_of, said_of, traceback_of, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType
    from typing import Any, Final, Self

    from headway.model.words import Basis, Outcome

GROUP, PARENT = "HEADWAY_GROUP", "HEADWAY_PARENT"
LONGEST_TITLE = 200  # characters
MOST_OUTPUTS = 100  # files that one job names
MOST_LEVELS = 64  # names of readings of one job


class _Same:
    """Stands for "as it was", where None means "not known"."""

    __slots__ = ()


SAME: Final = _Same()

_current: ContextVar[Job | None] = ContextVar("headway_job", default=None)
inside: ContextVar[str] = ContextVar("headway_group", default="")
"""The id of the group whose block we are in."""
standings: dict[str, dict[str, str]] = {}
"""Group id → how this process's jobs of it ended; of groups whose block is open."""


class Job:
    """One piece of work of this process. Made by `job`.

    `done` is what is finished, `total` how much there is (None: not known), `key` its name
    on the plane, `attempt` counts from 1. A context manager, also of `async with`.
    """

    __slots__ = (
        "__weakref__",
        "_levels",
        "_line",
        "_lock",
        "_outputs",
        "_standing",
        "_steps",
        "_token",
        "_voice",
        "attempt",
        "done",
        "ended",
        "key",
        "total",
        "unit",
    )

    def __init__(
        self,
        title: str = "",
        *,
        total: float | None = None,
        kind: str = "",
        unit: str = "",
        meta: Mapping[str, Any] | None = None,
        steps: Iterable[str] | None = None,
        group: str | None = None,
        parent: str | None = None,
        source: str | None = None,
        native: str | None = None,
        basis: Basis = "reported",
        queued: bool = False,
        show: bool | None = None,
        standing: dict[str, str] | None = None,
    ) -> None:
        self.done: float = 0
        self.total = total
        self.unit = unit
        self.attempt = 1
        self.ended = False
        self.key = job_key(source or source_name(), native or new_id())
        self._voice = voice()
        self._line = Line(self.key, basis, title=words(title)[:LONGEST_TITLE])
        self._line.show = show is not False and not queued
        self._lock = threading.Lock()
        self._levels: dict[str, Any] = {}
        self._outputs: list[dict[str, Any]] = []
        self._steps: list[Step] = []
        self._token: Any = None
        facts = _facts(meta, kind, steps, group, parent)
        # How the group's own jobs ended; "" while they have not.
        self._standing = standing or standings.get(facts[0].get("group", ""), standing)
        if self._standing is not None:
            self._standing[self.key] = ""
        if not self._voice.takes():
            self._voice = SILENT
            return
        self._voice.say("registered", self._line, payload=facts)
        if queued:
            self._voice.say("queued", self._line)
        else:
            self.start()

    def __repr__(self) -> str:
        return f"<Job {self._line.title!r} {self.done}/{self.total}>"

    def advance(self, n: float = 1) -> None:
        """So much more is done."""
        self.done += n

    def set(
        self, done: float | None = None, *, total: float | _Same | None = SAME, unit: str = ""
    ) -> None:
        """So much is done, of so much. Less than before, or another total, is a new run."""
        _set(self, done, total, unit)

    def start(self) -> None:
        """Work on it begins; for a job that was queued."""
        if self.ended:
            return
        self._voice.say("started", self._line, self.attempt)
        self._voice.watch(self._line, self)

    def step(
        self, name: str, *, total: float | None = None, unit: str = "", parent: str = ""
    ) -> Step:
        """A part of it begins, with a bar of its own; leaving its block ends it."""
        return Step(self, name, total=total, unit=unit, parent=parent)

    def doing(self, text: str) -> None:
        """What it does now, in words; "" is nothing."""
        self._level("activity", "", text)

    def reading(self, field: str, value: Any) -> None:
        """A named value as it is now; only the newest counts."""
        self._level("reading", field, value)

    def tell(self, **meta: Any) -> None:
        """More facts about it; each is believed as it was first said."""
        if not self.ended:
            self._voice.say("told", self._line, payload=meta)

    def artifact(self, path: str | os.PathLike[str], *, name: str = "", media: str = "") -> None:
        """A file that it made. It cannot succeed while one of them is not there."""
        where = os.path.abspath(path_of(path))
        if len(self._outputs) >= MOST_OUTPUTS:
            warn(f"a job names at most {MOST_OUTPUTS} files")
        elif not self.ended:
            found = {"n": len(self._outputs), "name": words(name or os.path.basename(where))}
            self._outputs.append({**found, "media": media, "place": {"path": where}})

    def close(self) -> None:
        """It is done, unless it has ended already."""
        missing = [one["name"] for one in self._outputs if not is_there(one["place"]["path"])]
        if missing:
            self.end("failed", why=f"its file is not there: {missing[0]}")
        else:
            self.end("succeeded")

    def fail(
        self, why: str = "", *, detail: str = "", evidence: str = "", final: bool = True
    ) -> None:
        """It broke. `detail`: a traceback, kept apart. Not `final`: another attempt follows."""
        self.end("failed", why=why, detail=detail, evidence=evidence, final=final)

    def cancel(self, why: str = "", *, evidence: str = "") -> None:
        """Somebody stopped it."""
        self.end("cancelled", why=why, evidence=evidence)

    def retry(self, why: str = "") -> None:
        """This attempt failed, and the next one begins."""
        self.end("failed", why=why, final=False)
        if not self.ended:
            self.start()

    def end(
        self,
        outcome: Outcome,
        *,
        why: str = "",
        detail: str = "",
        evidence: str = "",
        final: bool = True,
    ) -> None:
        """It ended so. The first end counts; one that is not `final` counts for its attempt."""
        final = final or outcome in ("succeeded", "cancelled")
        with self._lock:
            if self.ended:
                return
            sample, self.ended = self._sample(), final
            for line in (self._line, *[step._line for step in self._steps]):
                self._voice.forget(line)
            if not final:
                self.done = 0
                self.attempt += 1
            elif self._standing is not None:
                self._standing[self.key] = outcome
        if self._outputs and final:
            self._voice.say("told", self._line, payload={"outputs": self._outputs})
        said = (outcome, final, why, evidence, detail, sample, self._taken())
        self._voice.say("ended", self._line, sample[-1], said)

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _leave(self)
        if error is None:
            self.close()
        else:
            self._broke(error, final=True)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, trace)

    def __del__(self) -> None:
        if not getattr(self, "ended", True) and hasattr(self, "_standing"):
            self._left()

    def _broke(self, error: BaseException, *, final: bool = False) -> None:
        fate = fate_of(error) if final else "failed"
        self.end(fate, why=said_of(error), detail=traceback_of(error), final=final)

    def _left(self) -> None:
        # Nobody can say any more how it went.
        if self._voice is not SILENT:
            self.end("unknown", why="it was left without an end")

    def _level(self, kind: str, field: str, value: Any) -> None:
        if self.ended or (len(self._levels) >= MOST_LEVELS and field not in self._levels):
            return
        self._levels[field if kind == "reading" else ""] = (kind, value)
        self._voice.wake.set()

    def _taken(self) -> dict[str, Any]:
        # An exchange, not a copy and a clear: what is said meanwhile stays.
        taken, self._levels = self._levels, {}
        return taken

    def _sample(self) -> tuple[Any, ...]:
        return self.done, self.total, self.unit, self.attempt


class Step:
    """A part of a job with a bar of its own. Made by `Job.step`. A context manager."""

    __slots__ = ("__weakref__", "_job", "_line", "attempt", "done", "ended", "total", "unit")

    def __init__(self, job: Job, name: str, *, total: float | None, unit: str, parent: str) -> None:
        self.done: float = 0
        self.total = total
        self.unit = unit
        self.ended = job.ended
        self.attempt = job.attempt
        name = words(name)[:LONGEST_TITLE]
        self._job = job
        self._line = Line(job.key, job._line.basis, step=name, title=name)
        self._line.show = job._line.show
        if job.ended or not job._voice.takes():
            self.ended = True
            return
        job._steps = [step for step in job._steps if not step.ended]
        job._steps.append(self)
        job._voice.say("step_started", self._line, self.attempt, (name, parent))
        job._voice.watch(self._line, self)

    def advance(self, n: float = 1) -> None:
        """So much more is done."""
        self.done += n

    def set(
        self, done: float | None = None, *, total: float | _Same | None = SAME, unit: str = ""
    ) -> None:
        """So much is done, of so much. Less than before, or another total, is a new run."""
        _set(self, done, total, unit)

    def close(self, *, cached: bool = False) -> None:
        """It is over. `cached`: it did not have to run. Twice is once."""
        if self.ended:
            return
        self.ended = True
        said = (cached, self._line.title, self._sample())
        self._job._voice.say("step_ended", self._line, self.attempt, said)
        self._job._voice.forget(self._line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:  # a step that broke is not finished
            self.close()

    def _left(self) -> None:
        return  # the job's end says what is to be said

    def _taken(self) -> dict[str, Any]:
        return {}

    def _sample(self) -> tuple[Any, ...]:
        return self.done, self.total, self.unit, self.attempt


def current() -> Job | None:
    """The job whose block we are in."""
    return _current.get()


def _set(counter: Job | Step, done: float | None, total: float | _Same | None, unit: str) -> None:
    if not isinstance(total, _Same):
        counter.total = total
    if done is not None:
        counter.done = done
    if unit:
        counter.unit = unit


def _facts(
    meta: Mapping[str, Any] | None,
    kind: str,
    steps: Iterable[str] | None,
    group: str | None,
    parent: str | None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(ours, theirs): facts with a meaning of their own, and the owner's."""
    outer = current()
    ours = {
        "job_kind": words(kind),
        "needed": [words(one) for one in steps or ()],
        "group": (inside.get() or os.environ.get(GROUP, "")) if group is None else group,
        "parent": (outer.key if outer else os.environ.get(PARENT, ""))
        if parent is None
        else parent,
    }
    return {name: value for name, value in ours.items() if value}, _mapping(meta)


def _mapping(meta: Mapping[str, Any] | None) -> dict[str, Any]:
    try:
        return {words(name): value for name, value in dict(meta or {}).items()}
    except (TypeError, ValueError):
        warn(f"meta is a mapping of names to values, not {type(meta).__name__}")
        return {}


def _leave(job: Job) -> None:
    token, job._token = job._token, None
    if token is None:
        return
    try:
        _current.reset(token)
    except (ValueError, RuntimeError):  # left in another context than it was entered in
        return

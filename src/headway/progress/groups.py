"""Jobs that belong together, of this process and of its children.

Rule 1: a group is complete when its exact members were named (`seal`) and all of them are
resolved; until then nobody says how much of it is done.
Rule 2: jobs made in its block belong to it, also those of child processes: they inherit
HEADWAY_GROUP. With several groups open side by side the environment has the one entered
last: hand `environ()` to the child then.
Rule 3: waiting asks, and asks again; it is the one thing here that blocks.
"""

from __future__ import annotations

import os
import time

from headway.progress.jobs import GROUP, LONGEST_TITLE, Job, inside, standings
from headway.progress.loops import length, track
from headway.progress.naming import group_key, new_id
from headway.progress.voice import Line, voice, warn
from headway.progress.wording import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, Self, TypeVar

    from headway.model.views import GroupView

    T = TypeVar("T")

SOONEST, LATEST = 0.05, 0.5  # seconds between two looks of who waits

_entered: list[Group] = []
_before: list[str | None] = []


class Group:
    """Made by `group`. `id` is what another process joins it by. A context manager."""

    def __init__(self, name: str = "", id: str | None = None) -> None:  # noqa: A002
        self.id = id or new_id()
        self.key = group_key(self.id)
        self.name = name
        self._line = Line(self.key, "reported", title=name)
        self._standing: dict[str, str] = {}
        self._sealed: frozenset[str] | None = None
        self._token: Any = None
        self._voice = voice()
        if name:
            self._voice.say("told", self._line, payload={"title": words(name)[:LONGEST_TITLE]})

    def __repr__(self) -> str:
        return f"<Group {self.name!r} {self.id}>"

    def job(self, title: str = "", **more: Any) -> Job:
        """A job of this group. `more` as for `job`."""
        if self._sealed is not None:
            warn("a job was added to a group that is sealed: it is in no count of it")
        return Job(title, group=self.id, standing=self._standing, **more)

    def track(self, items: Iterable[T], title: str = "", **more: Any) -> Iterator[T]:
        """The items of a loop that belongs to this group. `more` as for `track`."""
        more = {"total": length(items), "group": self.id, "standing": self._standing} | more
        return track(items, title, **more)

    def seal(self, *keys: str, also: Iterable[str] = ()) -> None:
        """These are all: the jobs of this process made in its block or by its methods, and those
        of the given keys.

        Jobs of child processes are not known here: `members()` asks for them. Only the first
        seal counts.
        """
        self.seal_exactly([*self._standing, *keys, *also])

    def seal_exactly(self, keys: Iterable[str]) -> None:
        """These keys are all, whatever jobs this object made."""
        if self._sealed is not None:
            warn("a group is sealed once: what was said then holds")
            return
        self._sealed = frozenset(keys)
        self._voice.say("sealed", self._line, payload=self._sealed)

    def members(self) -> list[str]:
        """The keys of its jobs as far as they are known, those of other processes included.

        Raises: HeadwayError if nobody can be asked.
        """
        from headway.transport.asking import members

        voice().flush()
        return sorted({*self._standing, *members(self.id)})

    def view(self) -> GroupView | None:
        """How it stands, as everybody sees it; None if nobody has heard of it yet.

        Raises: HeadwayError if nobody can be asked.
        """
        from headway.transport.asking import group

        voice().flush()
        return group(self.id)

    def wait(self, timeout: float | None = None) -> str | None:
        """How it went, once it is complete; None after `timeout` seconds.

        "succeeded" if all did, "partial" if some, else "cancelled" or "failed".
        """
        until = None if timeout is None else time.monotonic() + timeout
        pause = SOONEST
        while True:
            result = self._result()
            left = None if until is None else until - time.monotonic()
            if result is not None or (left is not None and left <= 0.0):
                return result
            time.sleep(pause if left is None else min(pause, left))
            pause = min(pause * 1.5, LATEST)

    async def await_all(self, within: float | None = None) -> str | None:
        """`wait` for a coroutine, `within` seconds. Cancelling it loses nothing."""
        import asyncio

        until = None if within is None else time.monotonic() + within
        pause = SOONEST
        while True:
            result = await asyncio.to_thread(self._result)
            left = None if until is None else until - time.monotonic()
            if result is not None or (left is not None and left <= 0.0):
                return result
            await asyncio.sleep(pause if left is None else min(pause, left))
            pause = min(pause * 1.5, LATEST)

    def environ(self) -> dict[str, str]:
        """The environment of a child process whose jobs belong to this group."""
        return {**os.environ, GROUP: self.id}

    def __enter__(self) -> Self:
        self._token = inside.set(self.id)
        if not _entered:
            _before[:] = [os.environ.get(GROUP)]
        _entered.append(self)
        standings[self.id] = self._standing
        os.environ[GROUP] = self.id
        return self

    def __exit__(self, *_: object) -> None:
        token, self._token = self._token, None
        if self in _entered:
            _entered.remove(self)
            standings.pop(self.id, None)
        last = _entered[-1].id if _entered else _before[0] if _before else None
        if last is None:
            os.environ.pop(GROUP, None)
        else:
            os.environ[GROUP] = last
        try:
            inside.reset(token)
        except (TypeError, ValueError, RuntimeError):  # left in another context
            return

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self.__exit__()

    def _result(self) -> str | None:
        own = self._standing
        if self._sealed is not None and self._sealed <= own.keys():
            ends = [own[key] for key in self._sealed]
            return result_of(ends) if all(ends) else None
        from headway.errors import HeadwayError

        try:
            seen = self.view()
        except HeadwayError as error:
            warn(f"a group cannot be asked about: {error}")
            return None
        return seen.result if seen is not None and seen.complete else None


def result_of(ends: list[str]) -> str:
    """How a complete group went, as `headway.fold.groups` says it."""
    succeeded = ends.count("succeeded")
    if succeeded == len(ends):
        return "succeeded"
    if succeeded:
        return "partial"
    return "cancelled" if "cancelled" in ends else "failed"

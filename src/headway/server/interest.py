"""What one reader wants: topics, a filter, the jobs whose steps it follows.

Rule 1: what changed and does not match the filter is told as gone, because the reader may
know it: from before it matched no more, or from another filter that it had.
Rule 2: a reader that began with a snapshot under this very filter knows nothing of other
sources and keys than the filter's: of these it is told nothing at all (`begin_anew`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from functools import lru_cache

from headway.model.keys import Kind, join, kind_of, source_of
from headway.store.contract import Change
from headway.talk.messages import KIND_OF, Filter, Topic, matches

OWNED: frozenset[Kind] = frozenset({"job", "source", "worker"})  # their source never changes


NOBODY: frozenset[str] = frozenset()  # one for all: most readers follow no job


class Interest:
    """What one reader wants. `jobs` are those whose steps it follows."""

    __slots__ = ("_filter", "_filters", "_kinds", "_narrows", "_part", "jobs", "narrow")

    def __init__(self, topics: Iterable[Topic], wanted: Filter, *, narrow: bool = False) -> None:
        self.jobs: Set[str] = NOBODY
        self.narrow = narrow
        self._kinds = _kinds(frozenset(topics))
        self._filter = wanted
        self._filters = bool(wanted)
        self._narrows = bool(wanted.source or wanted.key)
        self._part = join(wanted.source) if wanted.source else ""

    def follow(self, job: str) -> None:
        """The steps of this job are wanted too."""
        self.jobs = self.jobs | {job}

    def leave(self, job: str) -> None:
        """The steps of this job are wanted no more; twice is once."""
        self.jobs = self.jobs - {job}

    def wants(self, change: Change) -> bool:
        """True if the change is of a subscribed topic, or a step of a followed job."""
        if self.narrow and self._part and not self.jobs and self._is_elsewhere(change.key):
            return False
        kind = kind_of(change.key)
        if kind == "step":
            return bool(self.jobs) and change.key.rpartition("~")[0] in self.jobs
        if kind not in self._kinds:
            return False
        return not (self.narrow and self._narrows) or self._may_match(change.key, kind)

    def begin_anew(self, snapshot: Sequence[Change]) -> Sequence[Change]:
        """The reader forgets what it had: what of a snapshot it is to be shown."""
        self.narrow = True
        return [change for change in snapshot if self.shows(change)] if self._filters else snapshot

    def shows(self, change: Change) -> bool:
        """True if it matches the filter; else it is told as gone."""
        if not self._filters or kind_of(change.key) == "step":
            return True
        return matches(self._filter, change.view)

    def _is_elsewhere(self, key: str) -> bool:
        # Of every change every reader asks this: what needs decoding is looked at later.
        part = key.partition("~")[0]
        return part != self._part and part != "" and "%" not in part

    def _may_match(self, key: str, kind: Kind) -> bool:
        wanted = self._filter
        if wanted.key and wanted.key != key:
            return False
        return not wanted.source or kind not in OWNED or source_of(key) == wanted.source


@lru_cache(maxsize=64)
def _kinds(topics: frozenset[Topic]) -> frozenset[Kind]:
    return frozenset(KIND_OF[topic] for topic in topics)

"""What one reader wants: topics, a filter, the jobs whose steps it follows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from headway.model.keys import Kind, kind_of
from headway.store.contract import Change
from headway.talk.messages import KIND_OF, Filter, Topic, matches


class Interest:
    """What one reader wants. `jobs` are those whose steps it follows."""

    __slots__ = ("_filter", "_filters", "_kinds", "jobs")

    def __init__(self, topics: Iterable[Topic], wanted: Filter) -> None:
        self.jobs: set[str] = set()
        self._kinds: frozenset[Kind] = frozenset(KIND_OF[topic] for topic in topics)
        self._filter = wanted
        self._filters = bool(wanted)

    def wants(self, change: Change) -> bool:
        """True if the change is of a subscribed topic, or a step of a followed job."""
        kind = kind_of(change.key)
        if kind == "step":
            return bool(self.jobs) and change.key.rpartition("~")[0] in self.jobs
        return kind in self._kinds

    def parted(self, changes: Sequence[Change]) -> tuple[Sequence[Change], list[str]]:
        """What to show, and the keys of what changed but does not match the filter."""
        if not self._filters:
            return changes, []
        shown, gone = [], []
        for change in changes:
            if self._shows(change):
                shown.append(change)
            else:
                gone.append(change.key)
        return shown, gone

    def _shows(self, change: Change) -> bool:
        return kind_of(change.key) == "step" or matches(self._filter, change.view)

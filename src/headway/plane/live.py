"""What is live: every unfinished entity but steps, as last told.

Rule 1: only an edge begins or ends what is live: of a level no view is made for that.
"""

from __future__ import annotations

from collections.abc import Iterable

from headway.model.keys import kind_of
from headway.model.views import GroupView, JobView
from headway.model.words import RESOLVED
from headway.plane.deaths import PROCESS
from headway.store.contract import Change


class Live:
    """`changes` by key; `owned` are the jobs that a process answers for."""

    def __init__(self) -> None:
        self.changes: dict[str, Change] = {}
        self.owned: set[str] = set()
        self._keys: dict[str, dict[str, None]] = {}  # by source, as it stands in keys

    def tell(self, changes: Iterable[Change]) -> None:
        """Take in what changed."""
        known = self.changes
        for change in changes:
            if not change.edge and change.key in known:
                known[change.key] = change
            elif kind_of(change.key) != "step":  # its view is made only for who looks at it
                self._turn(change)

    def of(self, part: str) -> list[Change]:
        """What is live of a source, by the first part of its keys."""
        return [self.changes[key] for key in self._keys.get(part, ())]

    def _turn(self, change: Change) -> None:
        key = change.key
        part = key.partition("~")[0]
        if _is_over(change):
            self.owned.discard(key)
            if self.changes.pop(key, None) is not None:
                keys = self._keys[part]
                del keys[key]
                if not keys:
                    del self._keys[part]
            return
        self.changes[key] = change
        self._keys.setdefault(part, {})[key] = None
        if _is_owned(change):
            self.owned.add(key)


def _is_over(change: Change) -> bool:
    view = change.view
    if isinstance(view, JobView):
        return view.phase in RESOLVED
    return isinstance(view, GroupView) and view.complete


def _is_owned(change: Change) -> bool:
    return isinstance(change.view, JobView) and PROCESS in change.view.meta

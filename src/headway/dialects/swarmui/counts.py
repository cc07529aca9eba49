"""Counts: of one session, of all of them, and of all the others.

Rule 1: `waiting` counts what was asked for and is not done, live ones included.
Rule 2: others = all − ours, never less than nothing.
Rule 3: the two answers are not of one moment: a change of the others is news once two
    readings in a row agree about it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from headway.dialects.comfyui.wire import Skip, mapping, text, whole

MOST = 1_000_000


class Counts(NamedTuple):
    """Images. `waiting`: not done; `live`: hold a slot; `loading`: model loads."""

    waiting: int = 0
    live: int = 0
    loading: int = 0
    waiting_backends: int = 0

    @property
    def unfinished(self) -> int:
        """What is not done, whichever of the counters is ahead."""
        return max(self.waiting, self.live)

    def minus(self, ours: Counts) -> Counts:
        """What is left without ours."""
        return Counts(*(max(a - b, 0) for a, b in zip(self, ours, strict=True)))


class Status(NamedTuple):
    """An answer of GetCurrentStatus or GetGlobalStatus. `trouble`: why it cannot generate."""

    counts: Counts
    word: str = ""
    trouble: str = ""


#: words about the back ends that mean that nothing can be generated
UNABLE = frozenset({"empty", "all_disabled", "idle", "disabled"})


def read_status(value: dict[str, Any]) -> Status | Skip:
    """The counts in an answer or a message."""
    said = value.get("status")
    if not isinstance(said, dict):
        return Skip("status: no counts")
    names = ("waiting_gens", "live_gens", "loading_models", "waiting_backends")
    found = [whole(said.get(name)) for name in names]
    if any(one is None or not 0 <= one <= MOST for one in found):
        return Skip("status: counts that are none")
    ends = mapping(value.get("backend_status"))
    word = text(ends.get("status"), limit=40)
    trouble = text(ends.get("message")) if word in UNABLE else ""
    return Status(Counts(*(one or 0 for one in found)), word, trouble)


class Others:
    """What the others do, as far as two readings agree."""

    def __init__(self) -> None:
        self._before: Counts | None = None
        self.told: Counts | None = None

    def heard(self, everybody: Counts, ours: Counts) -> bool:
        """A reading. Whether the others are known by it; False: look again soon."""
        found = everybody.minus(ours)
        if found in (self._before, self.told):
            self.told = found
        self._before = found
        return self.told == found

    def forget(self) -> None:
        """The connection is new: what was is not."""
        self._before = self.told = None

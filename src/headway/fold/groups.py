"""Groups: who belongs, and how the whole stands.

Rule 1: open (no seal): the members are those known, the total is "so far", there is no
fraction and it is never complete.
Rule 2: sealed: the members are exactly the sealed ids; known jobs outside are strays,
kept and shown apart, in no count.
Rule 3: two different seals: nothing is said about the whole.
Rule 4: the counts partition the total: succeeded + failed + cancelled + lost + unknown
+ active + waiting; a sealed member nobody has heard of waits.
"""

from __future__ import annotations

from collections import Counter

from headway.model.entities import Group, Tally
from headway.model.keys import readable, split
from headway.model.views import GroupView
from headway.model.words import ACTIVE, RESOLVED, Phase

MILLION = 1_000_000


class Rollcall:
    """How each known member of one group stands, and the tally of them all.

    Placing a member costs the same however large the group is.
    """

    def __init__(self, seals: list[list[str]] | None = None) -> None:
        self._standing: dict[str, tuple[str, int]] = {}
        self._counts: Counter[str] = Counter()
        self._micro = 0
        self._strays = 0
        self._members: frozenset[str] | None = None
        self.seal(seals or [])

    def seal(self, seals: list[list[str]]) -> None:
        """Count anew after the group's seals changed."""
        self._members = frozenset(seals[0]) if len(seals) == 1 else None
        standing, self._standing = self._standing, {}
        self._counts, self._micro, self._strays = Counter(), 0, 0
        for key, (bucket, micro) in standing.items():
            self._add(key, bucket, micro)

    def place(self, key: str, phase: Phase, fraction: float | None) -> None:
        """Say how a member stands now."""
        if key in self._standing:
            self._remove(key)
        self._add(key, bucket_of(phase), int((fraction or 0.0) * MILLION))

    def leave(self, key: str) -> None:
        """Say that a member turned out to belong elsewhere."""
        if key in self._standing:
            self._remove(key)

    def tally(self) -> Tally:
        """The counts as they stand; without a seal over the known members."""
        unheard = 0 if self._members is None else len(self._members) - self._counts.total()
        counts = dict(self._counts)
        counts["waiting"] = counts.get("waiting", 0) + unheard
        return Tally(**counts, strays=self._strays, micro=self._micro)

    def _counted(self, key: str) -> bool:
        return self._members is None or key in self._members

    def _add(self, key: str, bucket: str, micro: int) -> None:
        self._standing[key] = (bucket, micro)
        if not self._counted(key):
            self._strays += 1
            return
        self._counts[bucket] += 1
        self._micro += micro

    def _remove(self, key: str) -> None:
        bucket, micro = self._standing.pop(key)
        if not self._counted(key):
            self._strays -= 1
            return
        self._counts[bucket] -= 1
        self._micro -= micro


def bucket_of(phase: Phase) -> str:
    """Which of the counts a phase belongs to."""
    if phase in RESOLVED:
        return phase
    return "active" if phase in ACTIVE else "waiting"


def group_view(group: Group) -> GroupView:
    """What readers see of a group."""
    tally = group.tally
    resolved = tally.succeeded + tally.failed + tally.cancelled + tally.lost + tally.unknown
    total = resolved + tally.active + tally.waiting
    conflict = len(group.seals) > 1
    sealed = len(group.seals) == 1
    complete = sealed and resolved == total
    meta = {name: value for one in group.registrations for name, value in one.meta.items()}
    return GroupView(
        key=group.key,
        id=readable(split(group.key)[2]),
        title=str(meta.pop("title", "")),
        sealed=sealed,
        seal_conflict=conflict,
        complete=complete,
        result=result_of(tally, total) if complete else None,
        total=None if conflict else total,
        succeeded=tally.succeeded,
        failed=tally.failed,
        cancelled=tally.cancelled,
        lost=tally.lost,
        unknown=tally.unknown,
        active=tally.active,
        waiting=tally.waiting,
        strays=tally.strays,
        fraction=_fraction(tally, total) if sealed else None,
        meta=meta,
    )


def result_of(tally: Tally, total: int) -> str:
    """How a complete group went: succeeded, cancelled, failed or partial."""
    if tally.succeeded == total:
        return "succeeded"
    if tally.succeeded:
        return "partial"
    return "cancelled" if tally.cancelled else "failed"


def _fraction(tally: Tally, total: int) -> float:
    return tally.micro / MILLION / total if total else 1.0

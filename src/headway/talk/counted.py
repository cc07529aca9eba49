"""Counts of one server: how many generations, at least how many, and what cannot be seen.

Rule 1: the count is null where the work of others cannot be seen; what is certain stands in
    `generations_running_at_least`.
Rule 2: a guess is never added to a count.
"""

from __future__ import annotations

from typing import Any

from headway.model.keys import source_of
from headway.model.views import JobView, SourceView
from headway.talk.amounts import age_of, summed, worst
from headway.talk.backends import TYPES

SEVERAL = "; "  # between the reasons in the reading `unseen` of a source
GENERATES = frozenset({"comfyui", "swarmui"})
"""Kinds of servers whose unseen work makes the count of generations unknown."""


def counts_of(
    source: SourceView | None, state: str, jobs: list[JobView], now: float
) -> dict[str, Any]:
    readings = source.readings if source else {}
    said = summed(readings.get("running"), readings.get("waiting"))
    reached = state in ("online", "wedged")
    floor = _floor(len(jobs), said or 0, readings.get("others")) if reached else 0
    reasons = unseen_of(source, state)
    age = 0.0 if reached else age_of(source.since if source else None, now)
    basis = worst(one.basis for one in jobs) if jobs and len(jobs) >= floor else "observed"
    estimate = readings.get("estimated_running") if reached else None
    return {
        "generations_running": None if reasons else floor,
        "generations_running_basis": None if reasons else basis,
        "generations_running_age": None if reasons else age,
        "generations_running_at_least": floor,
        "generations_running_at_least_basis": basis,
        "generations_running_at_least_age": age,
        "generations_estimated": estimate,
        "generations_estimated_basis": "inferred" if estimate is not None else None,
        "generations_estimated_age": age if estimate is not None else None,
        "unseen": reasons,
    }


def _floor(jobs: int, said: int, others: Any) -> int:
    # Where others are counted apart, jobs of ours stand beside them, never among them.
    theirs = summed(others) or 0
    return max(jobs, said - theirs) + theirs


def unseen_of(source: SourceView | None, state: str) -> list[str]:
    """Why the count is not known, one line a reason; [] where it is known."""
    if source is None:
        return []
    name = source.title or source_of(source.key)
    said = _reasons_of(source, state)
    return [f"{name}: {one}" for one in said if one]


def _reasons_of(source: SourceView, state: str) -> list[str]:
    kind = str(source.meta.get("source_kind", ""))
    if state == "unwatched":
        what = TYPES.get(kind, kind or "server")
        return [f"{what} seen, not watched yet"] if kind in GENERATES else []
    if state == "unreachable":
        why = str(source.readings.get("unreachable") or "")
        return ["cannot be reached" + (f" ({why})" if why else "")]
    if state == "unknown":
        return ["not asked yet"]
    return str(source.readings.get("unseen") or "").split(SEVERAL)


def count_of(
    name: str, readings: dict[str, Any], now: float, source: SourceView | None
) -> dict[str, Any]:
    value = readings.get(name)
    return {
        name: value,
        f"{name}_basis": None if value is None else "observed",
        f"{name}_age": None if value is None or source is None else age_of(source.updated_at, now),
    }

"""Amounts of the answer of `status`: times, durations, ages, and the worst of several bases.

Rule 1: None stays None: what is not known has no amount.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from headway.model.words import BASIS_RANK


def iso(at: float | None) -> str | None:
    """A time as ISO 8601 with its zone (UTC), to the millisecond."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def brief(seconds: float | None) -> str | None:
    """A duration in the seed's way: "45.0s", "2.5m", "1.1h"."""
    if seconds is None:
        return None
    for size, unit in ((3600.0, "h"), (60.0, "m")):
        if seconds >= size:
            return f"{seconds / size:.1f}{unit}"
    return f"{seconds:.1f}s"


def milliseconds(seconds: Any) -> str | None:
    return f"{seconds * 1000:.0f}ms" if isinstance(seconds, int | float) else None


def age_of(at: float | None, now: float) -> float | None:
    return None if at is None else round(max(now - at, 0.0), 3)


def rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def worst(bases: Iterable[str]) -> str:
    return min(bases, key=lambda basis: BASIS_RANK[basis], default="observed")  # type: ignore[index]


def summed(*numbers: Any) -> int | None:
    said = [int(one) for one in numbers if isinstance(one, int | float)]
    return sum(said) if said else None

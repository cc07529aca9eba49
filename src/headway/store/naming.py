"""Where keys lie in the index of keys.

Rule 1: people type the beginning of a key or of a native id; both are ranges of keys.
"""

from __future__ import annotations

from collections.abc import Iterable

from headway.model.keys import join, split

LAST = "\U0010ffff"  # sorts after every character of a key


def upper(prefix: str) -> str:
    """The end of the range of keys that start with `prefix`."""
    return prefix + LAST


def native_ranges(sources: Iterable[str], prefix: str) -> list[tuple[str, str]]:
    """The ranges of keys whose native id starts with `prefix`."""
    starts = [join(source, prefix) for source in sources if source and prefix]
    return [(start, upper(start)) for start in starts]


def native_of(key: str) -> str:
    """The native id in a job's key."""
    return split(key)[1]

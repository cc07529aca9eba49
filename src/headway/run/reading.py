"""What a line can say. Values only: named tuples, because the command waits for the import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

SCALES = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}


class Bar(NamedTuple):
    """`done` of `total`; None: the total was not said.

    `level`: 0 is all of the command's work, 1 a part of it, whose share in the whole is
    not known; None: as its place among the bars says, the uppermost being the whole.
    """

    done: float
    total: float | None = None
    unit: str = ""
    label: str = ""
    level: int | None = None


class Reading(NamedTuple):
    """What was read: bars, the whole one first; `doing`: in words, "" if nothing new.

    `limit` is a reader's own memory of a total that was said before its bar.
    """

    bars: tuple[Bar, ...] = ()
    doing: str = ""
    limit: float | None = None
    exact: bool = False


Read = Callable[[str, Reading | None], Reading | None]
Begin = Callable[[Sequence[str]], Reading | None]


class Reader(NamedTuple):
    """One program's way of writing.

    `marks`: a line without any of them says nothing in this way. `read` is given the line
    and what this reader read last. `begin` makes the first "last" from the command's
    words, where these tell what lines do not.
    """

    name: str
    marks: tuple[str, ...]
    read: Read
    begin: Begin = lambda _: None


def bar(one: Bar) -> Reading:
    """A reading of one bar."""
    return Reading(bars=(one,))


def scaled(number: str, scale: str = "") -> float | None:
    """ "12.5", "M" as 12500000.0; None if it is too long to be meant."""
    if len(number) > 18:
        return None
    try:
        return float(number) * SCALES[scale]
    except (KeyError, ValueError):
        return None


def clock(text: str) -> float | None:
    """Seconds of "01:02:03.5", "2:03" or "3.5"; None if it is none of these."""
    total = 0.0
    parts = text.split(":")
    if len(parts) > 3 or len(text) > 20:
        return None
    for part in parts:
        if not part.replace(".", "", 1).isdigit() or not part.isascii():
            return None
        total = total * 60.0 + float(part)
    return total

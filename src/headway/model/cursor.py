"""Where a reader stands: (epoch, offset), opaque text outside.

Rule 1: offsets only grow within an epoch and are never used twice.
Rule 2: another epoch means another file: nothing of the old one can be resumed.
"""

from __future__ import annotations

from typing import NamedTuple

from headway.errors import UsageError


class Cursor(NamedTuple):
    """The point up to which a reader has seen every change."""

    epoch: str
    offset: int

    @property
    def text(self) -> str:
        """The cursor as it goes over the wire."""
        return f"{self.epoch}.{self.offset}"


def parse(text: str) -> Cursor:
    """The cursor from its text. Raises: UsageError if it is none."""
    epoch, dot, offset = text.rpartition(".")
    if not dot or not epoch or not offset.isascii() or not offset.isdigit() or len(offset) > 18:
        raise UsageError(f"not a cursor: {text[:60]!r}", "leave it out to get a snapshot")
    return Cursor(epoch, int(offset))

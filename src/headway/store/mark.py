"""The mark: how far a store was when it was last served, written down beside it.

Rule 1: a store that is behind its mark was put back from an older copy.
"""

from __future__ import annotations

from pathlib import Path

from headway.errors import UsageError
from headway.host.paths import write_private
from headway.model.cursor import Cursor, parse


def high_water(path: str) -> tuple[str, int] | None:
    """How far the store was when it was last served; None if nobody wrote it down.

    A file that is behind it was restored from an older copy, and gets a new epoch.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        cursor = parse(text.strip())
    except (OSError, UnicodeDecodeError, UsageError):
        return None
    return cursor.epoch, cursor.offset


def leave_mark(path: str, cursor: Cursor) -> None:
    """Write down how far the store is."""
    write_private(path, cursor.text)

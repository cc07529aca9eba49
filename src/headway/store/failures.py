"""What SQLite says, in words that an operator can act on.

Rule 1: every error of the library becomes a StoreError with a hint; the file is left
as it is.
"""

from __future__ import annotations

from pathlib import Path

import apsw

from headway.errors import StoreError

BUSY = 5.0  # seconds to wait for another program that writes

_MEANING: tuple[tuple[type[BaseException], str, str], ...] = (
    (
        apsw.NotADBError,
        "is not a store of Headway",
        "name another file, or move this one away",
    ),
    (
        apsw.CorruptError,
        "is damaged",
        "move it away to begin anew, or put a good copy in its place",
    ),
    (
        apsw.FullError,
        "cannot grow: the disk is full",
        "free some space; writing then goes on by itself",
    ),
    (
        apsw.BusyError,
        f"was held by another program for more than {BUSY:g} s",
        "see what else has it open, and try again",
    ),
    (
        apsw.LockedError,
        "is locked by another program",
        "see what else has it open, and try again",
    ),
    (
        apsw.ReadOnlyError,
        "cannot be written",
        "check the rights of the file and of its directory",
    ),
    (
        apsw.CantOpenError,
        "cannot be opened",
        "check that the directory exists and that its rights allow it",
    ),
    (
        apsw.PermissionsError,
        "cannot be read",
        "check the rights of the file and of its directory",
    ),
    (
        apsw.IOError,
        "cannot be read or written: the disk reports an error",
        "check the disk; try again once it answers",
    ),
)


def store_error(exc: BaseException, path: Path) -> StoreError:
    """The error of the library as one of ours. Use as `raise … from exc`."""
    for kind, what, hint in _MEANING:
        if isinstance(exc, kind):
            return StoreError(f"{path} {what}", hint)
    return StoreError(f"{path}: {exc}", "see `headway doctor`")

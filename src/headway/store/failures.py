"""What SQLite says, in words that an operator can act on.

Rule 1: every error of the library becomes a StoreError with a hint; the file is left
as it is.
Rule 2: a disk without room is called full, whatever SQLite makes of it: where it wanted
shared memory or a log, it says "I/O error".
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import apsw

from headway.errors import StoreError
from headway.host.drives import free_bytes

BUSY = 5.0  # seconds to wait for another program that writes
LEAST = 65_536  # bytes; a disk with less room is full: so much is a fresh log with its memory

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


def store_error(
    exc: BaseException, path: Path, *, free: Callable[[Path], int | None] = free_bytes
) -> StoreError:
    """The error of the library as one of ours. Use as `raise … from exc`.

    `free` tells how many bytes have room beside the file.
    """
    full = isinstance(exc, apsw.IOError | apsw.CantOpenError) and _is_full(free(path))
    said: BaseException = apsw.FullError() if full else exc
    for kind, what, hint in _MEANING:
        if isinstance(said, kind):
            return StoreError(f"{path} {what}", hint)
    return StoreError(f"{path}: {exc}", "see `headway doctor`")


def _is_full(room: int | None) -> bool:
    return room is not None and room < LEAST

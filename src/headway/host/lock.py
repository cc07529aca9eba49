"""One process at a time: a lock that the system takes back when its holder dies.

Rule 1: it goes with the process, however that ends: a killed holder never locks out the
next one, and nothing has to be cleaned up.
Rule 2: the file only carries the lock and its holder's number; it stays where it is,
because who removed it would let two hold "the" lock.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

AWAY = 1 << 30  # where Windows locks a byte: behind what is written, so that others can read that


class Taken(Exception):
    """Another process, `pid`, holds the lock; 0 if it has not said who it is."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"process {pid} holds it")
        self.pid = pid


@contextmanager
def held(path: str) -> Iterator[None]:
    """The lock at `path`, held while the block lasts. Raises: Taken, OSError; never waits."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _lock(handle):
            raise Taken(_holder(handle))
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        yield
    finally:
        os.close(handle)  # and with it goes the lock


def _holder(handle: int) -> int:
    text = os.read(handle, 32).decode("ascii", "replace")
    return int(text) if text.isdigit() else 0


def _lock(handle: int) -> bool:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(handle, AWAY, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

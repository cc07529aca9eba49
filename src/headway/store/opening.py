"""From a path to a connection, or to the reason why not.

Rule 1: look first. A file that is not ours, is newer, damaged or lies on a network
drive is refused before anything is written to it.
Rule 2: a new file comes into being whole, in one transaction, or not at all.
Rule 3: migrations only go forward.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

import apsw

from headway.errors import StoreError
from headway.store.failures import BUSY, store_error
from headway.store.queries import migrations

APPLICATION = 0x48647779  # "Hdwy" in the file's header
CACHE = 16_384  # KiB of pages kept in memory by each connection
LONGEST_LOG = 67_108_864  # bytes that the write-ahead log keeps after a checkpoint

IsNetwork = Callable[[Path], bool]


def connect(path: Path, *, is_network: IsNetwork | None = None) -> apsw.Connection:
    """A connection that may write; the file is made if there is none.

    Raises: StoreError if the file cannot be used as it is.
    """
    refuse_network(path, is_network)
    _refuse_missing_directory(path)
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    return _opened(path, flags, _prepare)


def connect_reader(path: Path, *, is_network: IsNetwork | None = None) -> apsw.Connection:
    """A connection that only reads. Raises: StoreError, also if there is no file."""
    refuse_network(path, is_network)
    if not path.exists():
        raise StoreError(f"{path} does not exist", "nothing was stored yet")
    return _opened(path, apsw.SQLITE_OPEN_READONLY, _check_readable)


def refuse_network(path: Path, is_network: IsNetwork | None) -> None:
    """Raises: StoreError if the path lies on a network drive, where locks lie."""
    if (is_network or _is_network)(path):
        raise StoreError(
            f"{path} lies on a network drive, whose locks cannot be trusted",
            "choose a directory on a disk of this machine",
        )


def _is_network(path: Path) -> bool:
    from headway.host import drives  # only needed once, and never by tests

    return drives.is_network(str(path))


def _refuse_missing_directory(path: Path) -> None:
    if not path.parent.is_dir():
        raise StoreError(f"there is no directory {path.parent}", "create it, or name another file")


def _opened(
    path: Path, flags: int, prepare: Callable[[apsw.Connection, Path], None]
) -> apsw.Connection:
    connection = None
    try:
        connection = apsw.Connection(str(path), flags)
        connection.set_busy_timeout(int(BUSY * 1000))
        prepare(connection, path)
    except BaseException as exc:
        if connection is not None:
            connection.close(True)
        if isinstance(exc, apsw.Error):
            raise store_error(exc, path) from exc
        raise
    return connection


def _prepare(connection: apsw.Connection, path: Path) -> None:
    fresh = _is_fresh(connection, path)
    refuse_unwritable(connection, path)
    connection.pragma("cache_size", -CACHE)
    connection.pragma("temp_store", "memory")
    if fresh:
        connection.pragma("auto_vacuum", "none")
    connection.pragma("journal_mode", "wal")
    connection.pragma("journal_size_limit", LONGEST_LOG)
    connection.pragma("synchronous", "full")
    _migrate(connection)


def _check_readable(connection: apsw.Connection, path: Path) -> None:
    if _is_fresh(connection, path):
        raise StoreError(f"{path} is empty", "nothing was stored yet")
    connection.pragma("cache_size", -CACHE)
    connection.pragma("temp_store", "memory")
    known = max(migrations())
    found = connection.pragma("user_version")
    if found < known:
        raise StoreError(f"{path} is of an older Headway", "start `headway serve` once")


def _is_fresh(connection: apsw.Connection, path: Path) -> bool:
    """True if nothing is in the file yet. Raises: StoreError if it is not ours, or newer."""
    application = connection.pragma("application_id")
    tables = connection.execute("select count(*) from sqlite_schema").fetchall()[0][0]
    if application == 0 and tables == 0:
        return True
    if application != APPLICATION:
        raise StoreError(f"{path} belongs to another program", "name another file")
    found, known = connection.pragma("user_version"), max(migrations())
    if found > known:
        raise StoreError(
            f"{path} was written by a newer Headway (tables {found}, known {known})",
            "upgrade Headway, or name another file",
        )
    return False


def refuse_unwritable(connection: apsw.Connection, path: Path) -> None:
    """Raises: StoreError if the connection cannot write."""
    # Without the right to write, SQLite opens the file for reading and says nothing.
    if connection.readonly("main"):
        raise StoreError(
            f"{path} cannot be written", "check the rights of the file and of its directory"
        )


def _migrate(connection: apsw.Connection) -> None:
    if connection.pragma("user_version") >= max(migrations()):
        return
    connection.execute("begin immediate")
    try:
        found = connection.pragma("user_version")  # another program may have been quicker
        for number, script in migrations().items():
            if number > found:
                connection.execute(script)
                connection.execute(f"pragma user_version = {number}")
        if found == 0:
            connection.execute(f"pragma application_id = {APPLICATION}")
            epoch = secrets.token_hex(5)
            connection.execute("insert into counters (name, value) values ('epoch', ?)", (epoch,))
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise

"""The newest jobs in a store's file, for a command that must not take longer than Python.

Rule 1: import-light: the interpreter's own SQLite, and no JSON: the file's bodies are
taken apart by SQL.
Rule 2: read-only, and never in a process that has the store open to write: two SQLite
libraries on one file release each other's locks.
Rule 3: what it shows was so when it was written; nobody was asked since.
"""

import os

TYPE_CHECKING = False  # importing typing would take longer than the rest
if TYPE_CHECKING:
    from typing import Any

TABLES = 1  # the newest number in store/sql that this module can read
APPLICATION = 0x48647779
BUSY = 2.0  # seconds to wait where the file is held
FIELDS = (
    *("key", "source", "phase", "title"),
    *("queued_at", "started_at", "ended_at", "updated_at", "basis", "why"),
)


def glance(
    path: "str | os.PathLike[str]", *, limit: int = 50, source: str = "", outcome: str = ""
) -> "list[dict[str, Any]] | None":
    """The newest jobs as plain data, fields as in a job's view; None if there is no store.

    Unfinished ones come first. Raises: StoreError if it cannot be read.
    """
    rows = newest(path, limit=limit, source=source, outcome=outcome)
    return None if rows is None else [_job(row) for row in rows]


def newest(
    path: "str | os.PathLike[str]", *, limit: int = 50, source: str = "", outcome: str = ""
) -> "list[tuple[Any, ...]] | None":
    """The same as tuples, in the order of `FIELDS`."""
    name = os.fspath(path)
    if not os.path.exists(name):
        return None
    try:
        import _sqlite3 as sqlite  # the package around it takes longer to import
    except ImportError:
        import sqlite3 as sqlite  # type: ignore[no-redef]
    try:
        connection = sqlite.connect(_uri(name), uri=True, timeout=BUSY)
        try:
            _check(connection, name)
            asked = {"limit": limit, "source": source, "outcome": outcome}
            found: list[tuple[Any, ...]] = connection.execute(_statement(), asked).fetchall()
        finally:
            connection.close()
    except sqlite.Error as exc:
        raise _refusal(f"{name} cannot be read: {exc}", "see `headway doctor`") from exc
    return found


def _job(row: "tuple[Any, ...]") -> "dict[str, Any]":
    job = dict(zip(FIELDS, row, strict=True))
    native = row[0].split("~")[1]
    if "%" in native:
        from urllib.parse import unquote  # rare

        native = unquote(native, errors="replace")
    job["native"] = native
    job["fraction"] = 1.0 if row[2] == "succeeded" else None
    return job


def _check(connection: "Any", name: str) -> None:
    application = connection.execute("pragma application_id").fetchone()[0]
    if application != APPLICATION:
        raise _refusal(f"{name} is not a store of Headway", "name another file")
    tables = connection.execute("pragma user_version").fetchone()[0]
    if tables > TABLES:
        raise _refusal(f"{name} was written by a newer Headway", "upgrade Headway")


def _refusal(message: str, hint: str) -> Exception:
    from headway.errors import StoreError

    return StoreError(message, hint)


def _statement() -> str:
    place = os.path.join(os.path.dirname(__file__), "sql", "glance.sql")
    with open(place, encoding="utf-8") as file:
        return file.read()


def _uri(name: str) -> str:
    path = os.path.abspath(name).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    path = path.replace(os.sep, "/")
    return f"file:{path if path.startswith('/') else '/' + path}?mode=ro"

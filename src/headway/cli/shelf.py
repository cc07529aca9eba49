"""What was known when somebody last looked: the store, read without a server.

Rule 1: a row that is not over is "last seen so", never "is so".
Rule 2: nothing is written.
"""

from __future__ import annotations

import os
from typing import Any

import msgspec

from headway.errors import UsageError
from headway.host import paths
from headway.store.contract import Query, Reading
from headway.store.sqlite import SqliteStore


class Shelf:
    """The store of this user on this machine, read only."""

    asked = False  # its answers are of the last look

    def __init__(self, store: Reading) -> None:
        self._store = store

    def jobs(self, *, limit: int, **filters: Any) -> list[dict[str, Any]]:
        """Jobs by filter, up to `limit`."""
        page = self._store.find(Query(limit=limit, **filters))
        return [msgspec.to_builtins(view) for view in page.views]

    def job(self, key: str) -> dict[str, Any]:
        """The job with that key, or the only one that begins so. Raises: UsageError."""
        keys = self._store.resolve(key)
        if len(keys) != 1 and key not in keys:
            several = f"one of: {', '.join(keys[:5])}" if keys else "`headway jobs` lists them"
            raise UsageError(
                f"{'several jobs begin' if keys else 'no job begins'} so: {key!r}", several
            )
        view = self._store.get(key if key in keys else keys[0])
        found: dict[str, Any] = msgspec.to_builtins(view)
        return found

    def steps(self, key: str) -> list[dict[str, Any]]:
        """The steps of the job with that key."""
        return [msgspec.to_builtins(step) for step in self._store.steps(key)]


def shelf() -> Shelf | None:
    """The store; None where there is none yet. Raises: StoreError if it cannot be read."""
    path = paths.store_file(paths.state_dir())
    return Shelf(SqliteStore.reader(path)) if os.path.exists(path) else None

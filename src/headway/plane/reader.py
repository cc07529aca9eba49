"""Reads that do not disturb the writer.

Rule 1: long reads (lists, counts, records, the past) run on a connection and a thread
of their own; short ones that must see unflushed levels run between two commits.
Rule 2: a job in an answer is shown as last told, not as last flushed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from headway.plane.writer import Writer
from headway.store.contract import Change, Page, Store

FROM_MEMORY = frozenset({"get", "meta", "steps", "live", "cursor", "changes"})


class Reader:
    """Answers the store's reading methods, asynchronously."""

    def __init__(self, store: Store, writer: Writer, live: Mapping[str, Change]) -> None:
        self._store = store
        self._writer = writer
        self._live = live
        self._side: Any = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="headway-reader")

    async def read(self, method: str, *args: Any, **kw: Any) -> Any:
        """The store's answer. Raises: what the store raises."""
        side = self._side_store()
        if method in FROM_MEMORY or side is None:
            return await self._writer.call(getattr(self._store, method), *args, **kw)
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(
            self._thread, lambda: getattr(side, method)(*args, **kw)
        )
        return self._as_told(answer) if isinstance(answer, Page) else answer

    def close(self) -> None:
        """Close the reading connection and end its thread."""
        if self._side is not None:
            self._thread.submit(self._side.close)
        self._thread.shutdown(wait=True)

    def _side_store(self) -> Any:
        # A store in memory has no second connection: it is asked between two commits.
        if self._side is None and (path := getattr(self._store, "path", None)):
            self._side = type(self._store).reader(path)  # type: ignore[attr-defined]
        return self._side

    def _as_told(self, page: Page) -> Page:
        views = [
            self._live[view.key].view if view.key in self._live else view for view in page.views
        ]
        return msgspec.structs.replace(page, views=views)

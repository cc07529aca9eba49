"""What the plane asks of every source.

Rule 1: entering `connect` means: reached and identified; the first batch is a full
    report of everything that is known, the rest are changes.
Rule 2: a source that is lost raises `SourceLost`, from entering or from the iterator,
    and nothing else. What it heard before is handed out first.
Rule 3: whether a source is in contact is told by the plane alone, never by the source.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import msgspec

from headway.model.events import AnyEvent
from headway.model.views import JobView, SourceView


class Artefact(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a job made, as it comes: an HTTP status, headers worth passing on, bytes.

    Whoever got one must call `close`, also when `body` was read to its end.
    """

    status: int
    headers: Mapping[str, str]
    body: AsyncIterator[bytes]
    close: Callable[[], Awaitable[None]]


class Source(Protocol):
    """A watched system."""

    name: str
    kind: str

    def connect(
        self, known: Sequence[JobView], source: SourceView | None
    ) -> AbstractAsyncContextManager[AsyncIterator[list[AnyEvent]]]:
        """Watch it. `known`: its unfinished jobs in the store. Raises: SourceLost."""
        ...

    async def artefact(
        self,
        place: dict[str, Any],
        *,
        range: str | None = None,  # noqa: A002 - its name in HTTP
    ) -> Artefact:
        """A file that a job names. Raises: UsageError for a place that is none, SourceLost."""
        ...

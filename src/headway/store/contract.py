"""What every store can do, and the values it answers with.

Rule 1: a change is a whole entity as it was when it was told, never a difference.
Rule 2: what changes neither state nor past yields no change.
Rule 3: `append` may be repeated: after a StoreError nothing of the batch counts as
told, and the same call does it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from headway.fold.views import view as view_of
from headway.model.cursor import Cursor
from headway.model.events import AnyEvent
from headway.model.keys import Kind
from headway.model.records import Record
from headway.model.views import AnyView, JobView, StepView
from headway.store.bodies import entity_from

FARTHEST = 5_000  # changes that a cursor may lie behind; beyond that a snapshot is cheaper
HOUR = 3600.0  # seconds; the grain in which ends are counted
WIDEST = 8_000  # rows that a search without an index of its own looks at, newest first


class Change:
    """One entity as it was at `offset`. `edge`: a new edge was among the causes.

    The view is made when it is first looked at: most changes are conflated away unseen.
    """

    __slots__ = ("_body", "_revised", "_view", "edge", "key", "offset")

    def __init__(
        self,
        offset: int,
        key: str,
        view: AnyView | None = None,
        edge: bool = False,
        body: bytes | str = b"",
        revised: bool = False,
    ) -> None:
        self.offset = offset
        self.key = key
        self.edge = edge
        self._view = view
        self._body = body
        self._revised = revised

    @property
    def view(self) -> AnyView:
        """The entity as readers see it. A job's says `revised` if a told outcome was corrected."""
        seen = self._view
        if seen is None:
            seen = view_of(entity_from(self._body))
            if self._revised and isinstance(seen, JobView):
                seen = msgspec.structs.replace(seen, revised=True)
            self._view, self._body = seen, b""
        return seen

    def __repr__(self) -> str:
        return f"Change({self.offset}, {self.key!r}, edge={self.edge})"


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which entities to list; "" and None do not filter.

    With `text` or `group` the newest known come first; else what is active, then what
    ended, each newest first. `after` is the `next` of the page before.
    """

    kind: Kind = "job"
    source: str = ""
    outcome: str = ""
    phase: str = ""
    group: str = ""
    text: str = ""
    active: bool | None = None
    after: str = ""
    limit: int = 50


class Page(msgspec.Struct, frozen=True):
    """Some views, and where the next page starts ("" if there is none).

    `bounded`: only the newest `WIDEST` rows were searched, and there are more.
    """

    views: list[AnyView]
    next: str = ""
    bounded: bool = False


class Past(msgspec.Struct, frozen=True):
    """One edge as it was told, without the text that is kept as a payload."""

    offset: int
    kind: str
    at: float
    attempt: int
    body: AnyEvent


class Count(msgspec.Struct, frozen=True):
    """How many jobs of `source` ended so in that hour since the epoch."""

    source: str
    outcome: str
    hour: int
    n: int


class Sample(msgspec.Struct, frozen=True):
    """One reading of a machine, such as the memory of a GPU; kept for seven days."""

    at: float
    key: str
    field: str
    value: float


class Reading(Protocol):
    """What can be asked of a store, also from a reader in another thread."""

    def cursor(self) -> Cursor:
        """The epoch, and an offset up to which everything is in what the store answers."""

    def changes(self, since: Cursor, limit: int = FARTHEST) -> list[Change]:
        """Entities changed after `since`, each once, newest value, in order of offset.

        Raises: CursorExpired if it is of another epoch, below the floor, above the
        head, or more than `limit` behind.
        """

    def live(self) -> list[Change]:
        """Every active job and group and every source, worker and daemon; no steps."""

    def get(self, key: str) -> AnyView | None:
        """The entity, or None if nothing is known of it."""

    def meta(self, key: str) -> dict[str, Any]:
        """All that was registered of the entity, fields that views hide included; {} if nothing."""

    def steps(self, job: str) -> list[StepView]:
        """The steps of a job in order of their start."""

    def past(self, key: str, *, limit: int = 1000) -> list[Past]:
        """The edges of an entity, oldest first; of more than `limit` the newest."""

    def payload(self, key: str, name: str) -> str | None:
        """A big text kept apart, such as the "detail" of how the last attempt ended."""

    def find(self, query: Query) -> Page:
        """One page of a list. Raises: UsageError if `after` is no page of ours."""

    def resolve(self, prefix: str, limit: int = 10) -> list[str]:
        """Keys of jobs whose key or native id starts with `prefix`, sorted."""

    def counts(self, *, since_hour: int = 0) -> list[Count]:
        """How many jobs ended how, by source and hour; jobs pruned since included."""

    def totals(self) -> list[Count]:
        """How many jobs ever ended how, by source; `hour` is 0; pruned ones included."""

    def records(
        self, *, signature: str = "", family: str = "", source: str = "", limit: int = 50
    ) -> list[Record]:
        """What is remembered of finished jobs, newest end first."""

    def samples(self, key: str, field: str, *, since: float = 0.0) -> list[Sample]:
        """Readings of a machine, oldest first."""

    def close(self) -> None:
        """Let go of the file, with everything written."""


class Store(Reading, Protocol):
    """The one writer. Every method may raise StoreError."""

    def append(self, events: Sequence[AnyEvent]) -> list[Change]:
        """Fold admitted events; with an edge among them they are on disk on return.

        The changes are in order of offset, with those that other processes wrote and
        nobody was told of yet. Levels alone stay in memory until an edge or `flush`.
        """

    def flush(self) -> None:
        """Write levels that are only in memory, without waiting for the disk."""

    def dirty(self) -> bool:
        """True if levels are only in memory."""

    def outside(self) -> list[Change]:
        """What other processes wrote and nobody was told of yet."""

    def sample(self, samples: Sequence[Sample]) -> None:
        """Keep readings of machines; not synced."""

    def prune(
        self, now: float, *, days: float = 90, size: int = 2_000_000_000, jobs: int = 200
    ) -> int:
        """Forget one slice of the oldest finished jobs beyond `days` or `size` bytes.

        Also makes one slice of day-old steps compact. Returns how many jobs were
        forgotten or made compact: call again until 0.
        """

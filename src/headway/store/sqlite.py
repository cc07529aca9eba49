"""The store in a file.

Rule 1: one object, used by one thread at a time; another thread has its own `reader`.
Rule 2: what is asked of it includes the levels that are only in memory: they are
flushed first, where the answer comes from the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from headway.errors import StoreError
from headway.fold.views import meta_of, view
from headway.model.cursor import Cursor
from headway.model.events import AnyEvent
from headway.model.records import Record
from headway.model.views import AnyView, StepView
from headway.store.bodies import entity_from
from headway.store.contract import FARTHEST, Change, Count, Page, Past, Query, Sample
from headway.store.opening import IsNetwork, connect
from headway.store.reading import Reader
from headway.store.retention import Retention
from headway.store.writer import Durability, Writer


class SqliteStore:
    """A `Store` in one SQLite file. Made by `open`."""

    def __init__(self, path: Path, reader: Reader, writer: Writer, retention: Retention) -> None:
        self.path = path
        self._reader = reader
        self._writer = writer
        self._retention = retention
        self._closed = False

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        durability: Durability = "full",
        high_water: tuple[str, int] | None = None,
        is_network: IsNetwork | None = None,
    ) -> SqliteStore:
        """The store at `path`, made if there is none.

        `high_water` is the (epoch, offset) last seen of this file: if the file has less,
        it was put back from an older copy, and gets a new epoch.
        Raises: StoreError if the file cannot be used as it is.
        """
        path = Path(path)
        connection = connect(path, is_network=is_network)
        writer = Writer(connection, path, durability)
        try:
            writer.start(high_water)
        except BaseException:
            connection.close(True)
            raise
        return cls(path, Reader(connection, path), writer, Retention(connection))

    @staticmethod
    def reader(path: str | Path, *, is_network: IsNetwork | None = None) -> Reader:
        """A read-only look at the same file, for another thread or process."""
        return Reader.open(Path(path), is_network=is_network)

    def append(self, events: Sequence[AnyEvent]) -> list[Change]:
        """Fold admitted events; with an edge among them they are on disk on return."""
        return self._writer.append(events)

    def flush(self) -> None:
        """Write levels that are only in memory, without waiting for the disk."""
        self._writer.flush()

    def dirty(self) -> bool:
        """True if levels are only in memory."""
        return self._writer.dirty()

    def outside(self) -> list[Change]:
        """What other processes wrote and nobody was told of yet."""
        return self._writer.outside()

    def sample(self, samples: Sequence[Sample]) -> None:
        """Keep readings of machines; not synced."""
        self._writer.sample(samples)

    def prune(
        self, now: float, *, days: float = 90, size: int = 2_000_000_000, jobs: int = 200
    ) -> int:
        """Forget one slice of the oldest finished jobs; call again until 0."""
        self._writer.flush()
        return self._retention.prune(self._writer, now, days=days, size=size, jobs=jobs)

    def close(self) -> None:
        """Write what is in memory and let go of the file; twice is once."""
        if self._closed:
            return
        self._closed = True
        try:
            self._writer.end()
        finally:
            self._reader.close()

    def cursor(self) -> Cursor:
        """The epoch, and the last offset that anybody was told of."""
        return Cursor(self._writer.epoch, self._writer.last())

    def changes(self, since: Cursor, limit: int = FARTHEST) -> list[Change]:
        """Entities changed after `since`, each once, newest value, in order of offset."""
        return self._settled().changes(since, limit)

    def live(self) -> list[Change]:
        """Every active job and group and every source, worker and daemon; no steps."""
        self._writer.ready()
        return self._writer.present.live()

    def get(self, key: str) -> AnyView | None:
        """The entity, or None if nothing is known of it."""
        self._writer.ready()
        row = self._writer.present.rows.get(key)
        return view(entity_from(row.body)) if row else self._reader.get(key)

    def meta(self, key: str) -> dict[str, Any]:
        """All that was registered of the entity; {} if nothing."""
        self._writer.ready()
        row = self._writer.present.rows.get(key)
        return meta_of(entity_from(row.body)) if row else self._reader.meta(key)

    def steps(self, job: str) -> list[StepView]:
        """The steps of a job in order of their start."""
        return self._settled().steps(job)

    def past(self, key: str, *, limit: int = 1000) -> list[Past]:
        """The edges of an entity, oldest first; of more than `limit` the newest."""
        return self._reader.past(key, limit=limit)

    def payload(self, key: str, name: str) -> str | None:
        """A big text kept apart, of the last attempt that has one."""
        return self._reader.payload(key, name)

    def find(self, query: Query) -> Page:
        """One page of a list."""
        return self._settled().find(query)

    def resolve(self, prefix: str, limit: int = 10) -> list[str]:
        """Keys of jobs whose key or native id starts with `prefix`, sorted."""
        return self._settled().resolve(prefix, limit)

    def counts(self, *, since_hour: int = 0) -> list[Count]:
        """How many jobs ended how, by source and hour."""
        return self._reader.counts(since_hour=since_hour)

    def totals(self) -> list[Count]:
        """How many jobs ever ended how, by source."""
        return self._reader.totals()

    def records(
        self, *, signature: str = "", family: str = "", source: str = "", limit: int = 50
    ) -> list[Record]:
        """What is remembered of finished jobs, newest end first."""
        settled = self._settled()
        return settled.records(signature=signature, family=family, source=source, limit=limit)

    def samples(self, key: str, field: str, *, since: float = 0.0) -> list[Sample]:
        """Readings of a machine, oldest first."""
        return self._reader.samples(key, field, since=since)

    def _settled(self) -> Reader:
        if self._closed:
            raise StoreError(f"{self.path} was closed", "open it again")
        self._writer.flush()
        return self._reader

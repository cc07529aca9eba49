"""Send events to where they belong, and say what became of them.

Rule 1: a server that was named (HEADWAY_URL) and does not answer gets its events later,
from the outbox; of one that is not named, "does not answer" means that none runs, and
the local store takes them.
Rule 2: after a failure the next try waits `PAUSE`, doubled up to `LONGEST_PAUSE`; what is
sent meanwhile is kept at once. (A program that reports must not stand still.)
Rule 3: what killed processes had still to say (`left`) goes out with it.
Rule 4: a batch goes out in pieces of at most 1,000 events and a megabyte, in order.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, Self

import msgspec

from headway.errors import Refused, Unreachable, UsageError
from headway.fold.admit import admit
from headway.host import paths
from headway.model.events import AnyEvent
from headway.store.contract import Store
from headway.transport.left import folder, left
from headway.transport.outbox import Outbox
from headway.transport.place import Place, find
from headway.transport.wire import Wire

PIECE = 1_000  # events
PIECE_BYTES = 900_000
PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds
LOOK_AGAIN = 1.0  # seconds for which a place found is believed

Receipt = Literal["stored", "kept"]
OpenStore = Callable[[str], Store]

_encode = msgspec.json.Encoder().encode


class Sender:
    """Blocking; for one thread. `open_store` opens the local store at a path."""

    def __init__(
        self,
        *,
        env: Mapping[str, str] | None = None,
        open_store: OpenStore | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._env = os.environ if env is None else env
        self._open_store = open_store or _sqlite
        self._clock = clock
        self._place: Place | None = None
        self._looked_at = float("-inf")
        self._adopted_at = float("-inf")
        self._wire: Wire | None = None
        self._outbox: Outbox | None = None
        self._store: Store | None = None
        self._pause = PAUSE
        self._not_before = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, events: Sequence[AnyEvent]) -> Receipt:
        """Send the events. "stored": on disk where they belong; "kept": here, for later.

        Raises: UsageError or Refused if they are not taken (nothing is kept then);
        StoreError if there is nowhere to put them.
        """
        if not events:
            return "stored"
        self._adopt()
        return self._send(events)

    def flush(self) -> bool:
        """Try to deliver what is kept; True if nothing is left."""
        self._adopt()
        place = self._find()
        if place is None or not place.remote:
            return True
        return self._delivered(self._box(place))

    def close(self) -> None:
        """Let go of connections and files. What is kept stays on disk."""
        if self._wire is not None:
            self._wire.close()
        if self._store is not None:
            self._store.close()
        self._wire = self._store = None

    def _send(self, events: Sequence[AnyEvent]) -> Receipt:
        place = self._find()
        if place is None:
            return self._to_store(events)
        if place.remote:
            return self._to_remote(place, events)
        try:
            self._post([_encode(event) for event in events])
        except (Unreachable, Refused):  # it stopped, or another one took its port
            self._looked_at = float("-inf")
            return self._to_store(events)
        return "stored"

    def _adopt(self) -> None:
        now = self._clock()
        if 0.0 <= now - self._adopted_at < LOOK_AGAIN:
            return
        self._adopted_at = now
        place = self._find()
        url = place.url if place is not None and place.remote else ""
        found = left(folder(self._env), url, now)
        if found.events:
            self._send(found.events)
        found.forget()

    def _find(self) -> Place | None:
        now = self._clock()
        if now - self._looked_at >= LOOK_AGAIN or now < self._looked_at:
            found, self._looked_at = find(self._env), now
            if found != self._place:
                self.close()
                self._place = found
                self._outbox = None
        return self._place

    def _to_remote(self, place: Place, events: Sequence[AnyEvent]) -> Receipt:
        box = self._box(place)
        if self._clock() < self._not_before or not self._delivered(box):
            box.keep(events)
            return "kept"
        try:
            self._post([_encode(event) for event in events])
        except Unreachable:
            self._wait_longer()
            box.keep(events)
            return "kept"
        return "stored"

    def _delivered(self, box: Outbox) -> bool:
        waiting = box.waiting()
        try:
            for piece in _pieces(waiting):
                self._post_what_is_taken(piece)
                box.delivered(len(piece))
        except (Unreachable, Refused):
            self._wait_longer()
            return False
        self._pause = PAUSE
        return True

    def _post_what_is_taken(self, piece: list[bytes]) -> None:
        # One event that is not taken must not hold up the others for ever.
        try:
            self._post(piece)
        except UsageError:
            for event in piece if len(piece) > 1 else ():
                self._post_what_is_taken([event])

    def _post(self, events: list[bytes]) -> None:
        assert self._place is not None
        if self._wire is None:
            self._wire = Wire(self._place)
        for piece in _pieces(events):
            self._wire.post(piece)

    def _to_store(self, events: Sequence[AnyEvent]) -> Receipt:
        now = self._clock()
        admitted = [admit(event, now) for event in events]
        if self._store is None:
            directory = paths.make_private(paths.state_dir(env=self._env))
            self._store = self._open_store(paths.store_file(directory))
        self._store.append(admitted)
        self._store.flush()
        return "stored"

    def _wait_longer(self) -> None:
        self._not_before = self._clock() + self._pause
        self._pause = min(self._pause * 2.0, LONGEST_PAUSE)

    def _box(self, place: Place) -> Outbox:
        if self._outbox is None:
            directory = os.path.join(paths.state_dir(env=self._env), "outbox")
            self._outbox = Outbox(directory, place.url)
        return self._outbox


def _pieces(events: list[bytes]) -> Iterator[list[bytes]]:
    piece: list[bytes] = []
    size = 0
    for event in events:
        if piece and (len(piece) >= PIECE or size + len(event) > PIECE_BYTES):
            yield piece
            piece, size = [], 0
        piece.append(event)
        size += len(event) + 1
    if piece:
        yield piece


def _sqlite(path: str) -> Store:
    from headway.store.sqlite import SqliteStore

    return SqliteStore.open(path)

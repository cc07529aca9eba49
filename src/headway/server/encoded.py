"""Each change encoded once, whoever receives it.

Rule 1: an offset stands for one value of one entity: what was encoded for it is right
for every reader of the same standing.
Rule 2: at the bound the oldest goes; whoever still needs it encodes it again.
Rule 3: a frame holds what fits `LARGEST` bytes and at least one change, so that what
waits for a slow reader is bounded in bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headway.model.cursor import Cursor
from headway.model.views import AnyView
from headway.server.interest import Interest
from headway.server.privacy import public
from headway.server.wire import Frame
from headway.store.contract import Change
from headway.talk import messages

ENTITIES = 8_192  # encoded entities that are kept
FRAMES = 64  # encoded frames that are kept: readers in step get the same
LARGEST = 65_536  # bytes of entities in one frame

_encode = msgspec.json.Encoder().encode


class Encoded:
    """Changes and frames as bytes."""

    def __init__(self) -> None:
        self._entities: dict[tuple[int, str, bool, bool], bytes] = {}
        self._frames: dict[tuple[object, ...], Frame] = {}

    def first(
        self, changes: Sequence[Change], head: Cursor, interest: Interest, *, everything: bool
    ) -> tuple[Frame, Cursor, Sequence[Change]]:
        """The first frame of these changes, where its reader then stands, and the rest.

        `head` is where the reader stands after all of them.
        """
        shown: list[Change] = []
        gone: list[str] = []
        size = count = 0
        for change in changes:
            shows = interest.shows(change)
            size += len(self.entity(change, everything=everything) if shows else change.key)
            if size > LARGEST and count:
                break
            count += 1
            shown.append(change) if shows else gone.append(change.key)
        rest = changes[count:]
        cursor = Cursor(head.epoch, changes[count - 1].offset) if rest else head
        return self.frame(cursor.text, shown, gone, everything=everything), cursor, rest

    def frame(
        self, cursor: str, shown: Sequence[Change], gone: Sequence[str], *, everything: bool
    ) -> Frame:
        """The `changes` frame. `everything` False: as a reader without a token sees it."""
        offsets = tuple([change.offset for change in shown])
        key = (cursor, everything, offsets, tuple(gone))
        found = self._frames.get(key)
        if found is None:
            entities = [self.entity(change, everything=everything) for change in shown]
            payload = messages.changes(cursor, entities, gone)
            found = self._frames[key] = Frame(payload, cursor)
            if len(self._frames) > FRAMES:
                del self._frames[next(iter(self._frames))]
        return found

    def entity(self, change: Change, *, everything: bool) -> bytes:
        """The changed entity's view."""
        key = (change.offset, change.key, getattr(change.view, "revised", False), everything)
        found = self._entities.get(key)
        if found is None:
            found = self._entities[key] = view_bytes(change.view, everything=everything)
            if len(self._entities) > ENTITIES:
                del self._entities[next(iter(self._entities))]
        return found


def view_bytes(view: AnyView, *, everything: bool) -> bytes:
    """The view as JSON, whole or as a reader without a token sees it."""
    return _encode(view if everything else public(view))

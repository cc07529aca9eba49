"""Each change encoded once, whoever receives it.

Rule 1: an offset stands for one value of one entity: what was encoded for it is right
for every reader of the same standing.
Rule 2: at the bound the oldest goes; whoever still needs it encodes it again.
Rule 3: a frame holds what fits `LARGEST` bytes and at least one change, so that what
waits for a slow reader is bounded in bytes.
"""

from __future__ import annotations

from collections import OrderedDict
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
        # Ordered: to find the first of a plain dict is slow after many were taken from it.
        self._entities: OrderedDict[tuple[int, str, bool, bool], bytes] = OrderedDict()
        self._frames: OrderedDict[tuple[object, ...], Frame] = OrderedDict()

    def first(
        self, changes: Sequence[Change], head: Cursor, interest: Interest, *, everything: bool
    ) -> tuple[Frame, Cursor, Sequence[Change]]:
        """The first frame of these changes, where its reader then stands, and the rest.

        `head` is where the reader stands after all of them. `everything` False: as a
        reader without a token sees them.
        """
        offsets: list[int] = []
        entities: list[bytes] = []
        gone: list[str] = []
        size = 0
        for change in changes:
            shown = interest.shows(change)
            entity = self.entity(change, everything=everything) if shown else b""
            size += len(entity) or len(change.key)
            if size > LARGEST and (entities or gone):
                break
            if shown:
                offsets.append(change.offset)
                entities.append(entity)
            else:
                gone.append(change.key)
        count = len(entities) + len(gone)
        rest = changes[count:]
        cursor = Cursor(head.epoch, changes[count - 1].offset) if rest else head
        key = (cursor.text, everything, tuple(offsets), tuple(gone))
        return self._frame(key, entities, gone), cursor, rest

    def _frame(
        self, key: tuple[object, ...], entities: Sequence[bytes], gone: Sequence[str]
    ) -> Frame:
        found = self._frames.get(key)
        if found is None:
            cursor = str(key[0])
            payload = messages.changes(cursor, entities, gone)
            found = self._frames[key] = Frame(payload, cursor)
            if len(self._frames) > FRAMES:
                self._frames.popitem(last=False)
        return found

    def entity(self, change: Change, *, everything: bool) -> bytes:
        """The changed entity's view."""
        view = change.view
        key = (change.offset, change.key, getattr(view, "revised", False), everything)
        found = self._entities.get(key)
        if found is None:
            found = self._entities[key] = view_bytes(view, everything=everything)
            if len(self._entities) > ENTITIES:
                self._entities.popitem(last=False)
        return found


def view_bytes(view: AnyView, *, everything: bool) -> bytes:
    """The view as JSON, whole or as a reader without a token sees it."""
    return _encode(view if everything else public(view))

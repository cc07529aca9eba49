"""Entities, events and records as text in the file.

Rule 1: JSON, so that any SQLite shell can read a store without us.
Rule 2: an event's body holds only what its columns do not: the key, the kind, the time
and the attempt are columns; its `detail` is a payload.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import msgspec

from headway.model import events as ev
from headway.model.entities import AnyEntity, Group
from headway.model.events import AnyEvent, Event
from headway.model.records import Record

KINDS: dict[type[Event], int] = {
    ev.Registered: 1,
    ev.Queued: 2,
    ev.Started: 3,
    ev.Finishing: 4,
    ev.StepStarted: 5,
    ev.StepEnded: 6,
    ev.Ended: 7,
    ev.Sealed: 8,
}
"""How an edge is called in the file; numbers are never used again."""

CLASSES: dict[int, type[Event]] = {number: cls for cls, number in KINDS.items()}

_COLUMNS = {"key", "at", "attempt", "detail"}

encode = msgspec.json.Encoder().encode
entity_from = msgspec.json.Decoder(AnyEntity).decode
entities_from = msgspec.json.Decoder(list[AnyEntity]).decode
record_from = msgspec.json.Decoder(Record).decode
strings_from = msgspec.json.Decoder(list[list[str]]).decode
_fields_from = msgspec.json.Decoder(dict[str, Any]).decode


def _bodily(cls: type[Event]) -> tuple[attrgetter[Any], type[msgspec.Struct]]:
    fields = [one for one in msgspec.structs.fields(cls) if one.name not in _COLUMNS]
    shape = [(one.name, Any, msgspec.field(default=one.default)) for one in fields]
    required = [
        (one.name, Any) if one.required else full for one, full in zip(fields, shape, strict=True)
    ]
    body = msgspec.defstruct(f"{cls.__name__}Body", sorted(required, key=len), omit_defaults=True)
    return attrgetter(*body.__struct_fields__), body


_BODILY = {cls: _bodily(cls) for cls in KINDS}


def event_body(event: AnyEvent) -> str:
    """An edge without what is in its columns."""
    values_of, body = _BODILY[type(event)]
    return encode(body(*values_of(event))).decode()


def event_from(kind: int, key: str, at: float, attempt: int, body: str) -> AnyEvent:
    """The inverse of `event_body`."""
    fields = _fields_from(body)
    made: AnyEvent = msgspec.convert(  # type: ignore[assignment]
        fields | {"key": key, "at": at, "attempt": attempt}, CLASSES[kind] | None
    )
    return made


def body_of(entity: AnyEntity) -> bytes:
    """The entity as it lies in its row.

    A group's seals may name ten thousand members, and its row is written whenever one
    of them moves: the row has a digest of each seal, the ids are a payload.
    """
    if type(entity) is Group and entity.seals:
        digests = [[ev.hash_ids(seal)] for seal in entity.seals]
        return encode(msgspec.structs.replace(entity, seals=digests))
    return encode(entity)


def without_detail(event: AnyEvent) -> AnyEvent:
    """The edge as it is kept: what it says at length is a payload."""
    if type(event) is ev.Ended and event.detail:
        return msgspec.structs.replace(event, detail="")
    return event

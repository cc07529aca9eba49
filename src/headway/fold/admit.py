"""The border: what may become an event of ours, and with which time.

Rule 1: an implausible `at` is replaced by the time of receipt, and marked, before it
is stored: one wrong clock never reorders everybody's past.
Rule 2: what does not fit is told back in words a sender can act on, never half stored.
Rule 3: whatever is admitted can be encoded: text that no encoder takes (half a
surrogate pair, as in the name of a file) is repaired, any other such value refused.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

import msgspec

from headway.errors import UsageError
from headway.fold.clock import believable
from headway.fold.folding import fits
from headway.model.events import AnyEvent, Progress
from headway.model.keys import kind_of

LARGEST_META = 16_384  # bytes of one registration; bigger things are payloads

_encode = msgspec.json.Encoder(order="deterministic").encode  # the joins compare so


def admit(event: AnyEvent, received_at: float) -> AnyEvent:
    """The event as it may be stored. Raises: UsageError if it may not be."""
    if not fits(event):
        what = type(event).__name__.lower()
        raise UsageError(f"{what} does not fit a {kind_of(event.key)}: {event.key[:80]!r}")
    event = _encodable(event)
    _check_counts(event)
    meta = getattr(event, "meta", None)
    if meta is not None and len(_encode(meta)) > LARGEST_META:
        raise UsageError(f"meta of {event.key[:80]!r} is larger than {LARGEST_META} bytes")
    if believable(event.at, received_at):
        return event
    return msgspec.structs.replace(event, at=received_at, replaced=True)


def _encodable(event: AnyEvent) -> AnyEvent:
    try:
        _encode(event)
    except UnicodeEncodeError:
        return _repaired(event)
    except (TypeError, ValueError, OverflowError, RecursionError) as exc:
        raise UsageError(f"{event.key[:80]!r} has a value that is no JSON: {exc}") from exc
    return event


def _repaired(event: AnyEvent) -> AnyEvent:
    fields = {name: _readable(getattr(event, name)) for name in event.__struct_fields__}
    return _encodable(type(event)(**fields))


def _readable(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case list() | tuple():
            return [_readable(one) for one in value]
        case dict():
            return {_readable(name): _readable(one) for name, one in value.items()}
        case None | bool() | int() | float():
            return value
    raise UsageError(f"a value is no JSON: {type(value).__name__}")


def _check_counts(event: AnyEvent) -> None:
    counts = [event.done, event.total] if isinstance(event, Progress) else []
    if event.attempt < 1 or not all(one is None or (isfinite(one) and one >= 0) for one in counts):
        raise UsageError(
            f"{event.key[:80]!r} has a count below its least: {counts or event.attempt}"
        )

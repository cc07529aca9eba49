"""The border: what may become an event of ours, and with which time.

Rule 1: an implausible `at` is replaced by the time of receipt, and marked, before it
is stored: one wrong clock never reorders everybody's past.
Rule 2: what does not fit is told back in words a sender can act on, never half stored.
"""

from __future__ import annotations

import msgspec

from headway.errors import UsageError
from headway.fold.clock import believable
from headway.fold.folding import fits
from headway.model.events import AnyEvent
from headway.model.keys import kind_of

LARGEST_META = 16_384  # bytes of one registration; bigger things are payloads

_encode = msgspec.json.Encoder().encode


def admit(event: AnyEvent, received_at: float) -> AnyEvent:
    """The event as it may be stored. Raises: UsageError if it may not be."""
    if not fits(event):
        what = type(event).__name__.lower()
        raise UsageError(f"{what} does not fit a {kind_of(event.key)}: {event.key[:80]!r}")
    meta = getattr(event, "meta", None)
    if meta is not None and len(_encode(meta)) > LARGEST_META:
        raise UsageError(f"meta of {event.key[:80]!r} is larger than {LARGEST_META} bytes")
    if believable(event.at, received_at):
        return event
    return msgspec.structs.replace(event, at=received_at, replaced=True)

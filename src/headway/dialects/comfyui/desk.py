"""What all ears share: the events to tell, the wishes, and what could not be read.

Rule 1: every event is made here, so that each has an observer, a time of ours and a basis.
Rule 2: the server's stamps are translated to our clock and never lie in our future.
Rule 3: skips are counted without bound and sampled with one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from headway.model.events import AnyEvent, Event
from headway.model.keys import join
from headway.model.words import Basis

MOST_REASONS = 50  # kinds of skips that are kept apart
SHOWN_REASONS = 8
OLDEST_STAMP = 89 * 86_400.0  # seconds: an older one is not believed

WantKind = Literal["listing", "graphs", "history", "recent", "raw_logs"]


class Want(msgspec.Struct, frozen=True):
    """Ask the server this next. `native` and `key`: whose history."""

    kind: WantKind
    native: str = ""
    key: str = ""


class Desk:
    """Where the ears lay down what they heard."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.key = join(source)
        self.offset = 0.0  # seconds by which the server's clock is ahead of ours
        self._events: list[AnyEvent] = []
        self._wants: dict[Want, None] = {}
        self._reasons: Counter[str] = Counter()
        self._told: dict[str, Any] = {}

    def say(
        self, kind: type[Event], key: str, at: float, *, basis: Basis = "observed", ear: str = "",
        **fields: Any,
    ) -> None:  # fmt: skip
        """Tell an event. `ear`: which of ours heard it, where two may disagree."""
        observer = f"{self.source}/{ear}" if ear else self.source
        self._events.append(kind(key=key, at=at, observer=observer[:256], basis=basis, **fields))  # type: ignore[arg-type]

    def add(self, events: Iterable[AnyEvent]) -> None:
        """Tell events that were made elsewhere."""
        self._events += events

    def want(self, kind: WantKind, *, native: str = "", key: str = "") -> None:
        """Wish for an answer."""
        self._wants[Want(kind, native, key)] = None

    def missed(self, *reasons: str) -> None:
        """Something could not be read."""
        for reason in reasons:
            known = reason in self._reasons or len(self._reasons) < MOST_REASONS
            self._reasons[reason if known else "other"] += 1

    def changed(self, name: str, value: Any) -> bool:
        """Remember what was told last under that name; True if this is another value."""
        if name in self._told and self._told[name] == value:
            return False
        self._told[name] = value
        return True

    def forget(self) -> None:
        """Tell everything once more: whoever listens is new."""
        self._told.clear()

    def stamp(self, milliseconds: float | None, at: float) -> float | None:
        """A time of the server's in our clock, at most `at`; None if it says nothing."""
        if milliseconds is None or milliseconds <= 0:
            return None
        found = milliseconds / 1000.0 - self.offset
        return min(found, at) if found > at - OLDEST_STAMP else None

    @property
    def skipped(self) -> int:
        """How many things could not be read."""
        return self._reasons.total()

    def reasons(self) -> list[str]:
        """The most frequent reasons, with their counts."""
        return [f"{count} × {reason}" for reason, count in self._reasons.most_common(SHOWN_REASONS)]

    def take(self) -> tuple[list[AnyEvent], list[Want]]:
        """All that was laid down since the last time."""
        events, wants = self._events, list(self._wants)
        self._events, self._wants = [], {}
        return events, wants

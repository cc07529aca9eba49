"""What a process says, as events.

Rule 1: whatever the work gave becomes an event that is admitted, or is left out with a
warning: a number that is none is not known, what is no JSON is told as text, what is too
long is cut.
Rule 2: a run of a bar is numbered here: `done` fell, or the total is another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any

import msgspec

from headway.errors import UsageError
from headway.fold.admit import LARGEST_META, admit
from headway.model.events import (
    Activity,
    AnyEvent,
    Ended,
    Progress,
    Queued,
    Reading,
    Registered,
    Sealed,
    Started,
    StepEnded,
    StepStarted,
)
from headway.progress.voice import Line, warn

WORD, TEXT, DETAIL = 256, 4096, 262_144  # characters, as in headway.model.events


class Teller:
    """Records and samples to events, under the name of one observer."""

    def __init__(self, observer: str, process: str) -> None:
        self._observer = observer
        self._process = process

    def events(self, record: tuple[Any, ...]) -> Iterator[AnyEvent]:
        """The events of one record, admitted."""
        kind, line, at, attempt, payload = record
        # Of its jobs' edges the process itself is the witness, whatever its bars are read from.
        basis = line.basis if line.step else "reported"
        said = {"at": at, "observer": self._observer, "basis": basis, "attempt": attempt}
        for event in _KINDS[kind](self, line, said, payload):
            admitted = _admitted(event, at)
            if admitted is not None:
                yield admitted

    def progress(self, line: Line, sample: tuple[Any, ...], at: float) -> AnyEvent | None:
        """The bar as it stands; None if that was told, or is nothing that can be told."""
        if sample == line.told:
            return None
        before, line.told = line.told, sample
        done, total = count(sample[0]), count(sample[1])
        if done is None or (not done and total is None and before is None):
            return None  # a bar without a number is none
        if before is not None and before[3] == sample[3]:
            fell = done < (count(before[0]) or 0.0)
            line.run += fell or total != count(before[1])
        event = Progress(
            key=line.key,
            at=at,
            observer=self._observer,
            basis=line.basis,  # type: ignore[arg-type]
            attempt=sample[3],
            done=done,
            total=total,
            step=line.step,
            run=line.run,
            unit=text(sample[2], WORD),
        )
        return _admitted(event, at)

    def level(
        self, line: Line, field: str, level: tuple[str, Any], at: float, attempt: int = 1
    ) -> AnyEvent | None:
        """An activity or a reading, as it is now."""
        kind, value = level
        said: dict[str, Any] = {"at": at, "observer": self._observer, "basis": line.basis}
        if kind == "activity":
            event: AnyEvent = Activity(key=line.key, text=text(value, TEXT), **said)
        else:
            event = Reading(key=line.key, field=text(field, WORD), value=plain(value), **said)
        return _admitted(event, at)

    def _registered(self, line: Line, said: dict[str, Any], payload: Any) -> Iterator[AnyEvent]:
        ours, theirs = payload
        own = {"title": line.title, "process": self._process}
        meta = _meta(theirs) | ours | {name: value for name, value in own.items() if value}
        yield from _fitting(line, said, meta, {*ours, *own})

    def _told(self, line: Line, said: dict[str, Any], payload: Any) -> Iterator[AnyEvent]:
        yield from _fitting(line, said, _meta(payload), set())

    def _ended(self, line: Line, said: dict[str, Any], payload: Any) -> Iterator[AnyEvent]:
        outcome, final, why, evidence, detail, sample, levels = payload
        yield from self._last(line, sample, said["at"])
        for field, level in levels.items():
            told = self.level(line, field, level, said["at"])
            if told is not None:
                yield told
        yield Ended(
            key=line.key,
            outcome=outcome,
            final=final,
            why=text(why, TEXT),
            evidence=text(evidence, TEXT),
            detail=text(detail, DETAIL, lines=True),
            **said,
        )

    def _step_ended(self, line: Line, said: dict[str, Any], payload: Any) -> Iterator[AnyEvent]:
        cached, name, sample = payload
        yield from self._last(line, sample, said["at"])
        yield StepEnded(key=line.key, step=line.step, cached=bool(cached), name=name, **said)

    def _last(self, line: Line, sample: Any, at: float) -> Iterator[AnyEvent]:
        last = self.progress(line, sample, at)
        if last is not None:
            yield last


def count(value: Any) -> float | None:
    """A number from 0, or None: not known, or none at all."""
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = -1.0
    if isfinite(number) and number >= 0.0:
        return number
    warn("a bar was given something that is no number from 0: it counts as not known")
    return None


def text(value: Any, most: int, *, lines: bool = False) -> str:
    """Words that can be shown, at most so many characters."""
    try:
        said = str(value)[:most]
    except Exception:  # a __str__ of the user's own
        said = type(value).__name__
    if said.isprintable():
        return said
    kept = "\n\t" if lines else ""
    return "".join([_shown(one, kept) for one in said])


def plain(value: Any) -> Any:
    """The value as JSON has it; what JSON has not is told as text."""
    try:
        return msgspec.json.decode(msgspec.json.encode(value, enc_hook=str))
    except Exception:  # any object may be among it
        return text(value, TEXT)


def _shown(one: str, kept: str) -> str:
    if one.isprintable() or one in kept:
        return one
    return " " if one in "\r\n\t" else "�"


def _meta(given: dict[str, Any]) -> dict[str, Any]:
    return {text(name, WORD): plain(value) for name, value in given.items()}


def _fitting(
    line: Line, said: dict[str, Any], meta: dict[str, Any], ours: set[str]
) -> Iterator[AnyEvent]:
    if len(msgspec.json.encode(meta)) > LARGEST_META:
        warn(
            f"facts of a job may take {LARGEST_META} bytes in all: those of its owner are left out"
        )
        meta = {name: value for name, value in meta.items() if name in ours}
    if meta:
        yield Registered(key=line.key, meta=meta, **said)


def _admitted(event: AnyEvent, at: float) -> AnyEvent | None:
    try:
        return admit(event, at)
    except UsageError as error:
        warn(f"something cannot be reported: {error}")
        return None


def _plainly(kind: type[AnyEvent]) -> Callable[..., Iterator[AnyEvent]]:
    def tell(_: Teller, line: Line, said: dict[str, Any], __: Any) -> Iterator[AnyEvent]:
        yield kind(key=line.key, **said)

    return tell


def _step_started(_: Teller, line: Line, said: dict[str, Any], payload: Any) -> Iterator[AnyEvent]:
    name, parent = payload
    yield StepStarted(key=line.key, step=line.step, name=name, parent=text(parent, WORD), **said)


def _sealed(_: Teller, line: Line, said: dict[str, Any], payload: Any) -> Iterator[AnyEvent]:
    yield Sealed(key=line.key, ids=sorted(payload), **said)


_KINDS: dict[str, Callable[..., Iterator[AnyEvent]]] = {
    "registered": Teller._registered,
    "told": Teller._told,
    "queued": _plainly(Queued),
    "started": _plainly(Started),
    "step_started": _step_started,
    "step_ended": Teller._step_ended,
    "ended": Teller._ended,
    "sealed": _sealed,
}

"""The thread: what was said and what is measured, on its way.

Rule 1: edges go at once, levels every `PERIOD`; between two batches lies a `GAP`.
Rule 2: what cannot be sent now waits, in order, and is tried again ever more rarely. While
it waits nothing is measured, and no more than `MOST` records are taken along.
Rule 3: it sleeps while nothing is open and nothing waits.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from headway.errors import HeadwayError, UsageError
from headway.fold.admit import admit
from headway.host.process import identity
from headway.model.events import AnyEvent, Reading, Registered
from headway.progress.naming import part, source_name
from headway.progress.screen import Screen
from headway.progress.telling import Teller
from headway.progress.voice import MOST, Line, Stop, Voice, warn
from headway.transport.left import folder, leave
from headway.transport.place import URL
from headway.transport.sender import Sender

PERIOD = 0.1  # seconds between two looks at the counters
GAP = 0.01  # seconds between two batches at least
BATCH = 1_000  # records taken along at once
PAUSE, LONGEST_PAUSE = 0.2, 15.0  # seconds until what failed is tried again
AGAIN = 1.0  # seconds between looks at what was kept on disk


def speak(voice: Voice, stop: Stop) -> None:
    """Send until `stop`, then once more."""
    with Sender() as sender:
        mouth = Mouth(voice, sender)
        voice.rescue = mouth.rescue
        while not stop.now:
            voice.wake.wait(mouth.patience())
            voice.wake.clear()
            mouth.turn()
            time.sleep(0.0 if stop.now else GAP)
        mouth.turn(last=True)


class Mouth:
    """One thread's work, a turn at a time."""

    def __init__(
        self, voice: Voice, sender: Sender, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        here = identity()
        self._voice = voice
        self._sender = sender
        self._clock = clock
        self._teller = Teller(f"{here.host}:{here.pid}", here.text)
        self._screen = Screen()
        self._pending: list[AnyEvent] = []
        self._introduced: set[str] = set()
        self._kept = False
        self._told_left_out = 0
        self._pause = PAUSE
        self._not_before = 0.0

    def patience(self) -> float | None:
        """How long there is nothing to do unless somebody says something; None: for ever."""
        if self._pending:
            return max(self._not_before - self._clock(), GAP)
        if self._voice.live or self._voice.looks:
            return PERIOD
        return AGAIN if self._kept else None

    def turn(self, *, last: bool = False) -> None:
        """Take what was said, look at what is measured, send it."""
        tickets = [self._voice.tickets.popleft() for _ in range(len(self._voice.tickets))]
        self._look()
        if len(self._pending) < MOST:
            self._take(everything=bool(tickets) or last)
        if tickets or last or self._clock() >= self._not_before:
            self._send()
        self._screen.show(self._voice)
        if last:
            self._screen.close()
        for ticket in tickets:
            ticket.left = not self._pending and not self._voice.records
            ticket.done.set()

    def rescue(self) -> None:
        """At the end of the process, from another thread: leave on disk what could not be sent."""
        records = self._voice.records
        while records:
            self._take_along(records.popleft())
        url = os.environ.get(URL, "").rstrip("/")
        if self._pending:
            leave(folder(), url, list(self._pending))

    def _look(self) -> None:
        for look in list(self._voice.looks.values()):
            try:
                look()
            except Exception as error:  # a foreign bar: it may be anything
                warn(f"a bar cannot be read: {error!r}")

    def _take(self, *, everything: bool) -> None:
        records = self._voice.records
        n = len(records) if everything else min(len(records), BATCH)
        for _ in range(n):
            record = records.popleft()
            self._introduce(record[1], record[2])
            self._guarded(self._take_along, record)
        if not self._not_before:
            self._measure()

    def _measure(self) -> None:
        at = time.time()
        for line, ref in list(self._voice.live.items()):
            counter = ref()
            if counter is not None and not counter.ended:
                self._guarded(self._sample, line, counter, at)

    def _take_along(self, record: tuple[Any, ...]) -> None:
        self._pending.extend(self._teller.events(record))

    def _sample(self, line: Line, counter: Any, at: float) -> None:
        told = self._teller.progress(line, counter._sample(), at)
        found = [told] if told is not None else []
        for field, level in counter._taken().items():
            one = self._teller.level(line, field, level, at)
            found += [one] if one is not None else []
        self._pending += found

    def _guarded(self, work: Callable[..., None], *given: Any) -> None:
        try:
            work(*given)
        except Exception as error:  # what the work gave may be anything; the rest goes on
            warn(f"something cannot be reported: {error!r}")

    def _introduce(self, line: Line, at: float) -> None:
        # Who reports is known before what it reports.
        source = line.key.partition("~")[0]
        if not source or source in self._introduced:
            return
        self._introduced.add(source)
        meta = {"source_kind": "program"}
        self._pending.append(Registered(key=source, at=at, meta=meta, observer="program"))

    def _send(self) -> None:
        self._tell_left_out()
        try:
            if self._pending:
                self._kept = self._sent(self._pending) == "kept"
                self._pending = []
            elif self._kept:
                self._kept = not self._sender.flush()
        except (HeadwayError, OSError) as error:
            warn(f"nothing can be reported for now, and the work goes on: {error}")
            self._not_before = self._clock() + self._pause
            self._pause = min(self._pause * 2.0, LONGEST_PAUSE)
        else:
            self._pause, self._not_before = PAUSE, 0.0
            self._voice.delivered()

    def _sent(self, events: list[AnyEvent]) -> str:
        try:
            return self._sender.send(events)
        except UsageError as error:
            # What one event has wrong must not cost the others.
            if len(events) == 1:
                warn(f"something was not taken: {error}")
                return "stored"
            half = len(events) // 2
            return max(self._sent(events[:half]), self._sent(events[half:]), key=len)

    def _tell_left_out(self) -> None:
        n = self._voice.left_out
        if n == self._told_left_out:
            return
        self._told_left_out = n
        at = time.time()
        event = Reading(
            key=part(source_name()), at=at, field="left_out", value=n, observer=str(os.getpid())
        )
        self._pending.append(admit(event, at))

"""Supervision: lost is news, back-off is bounded, no source takes another down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.errors import SourceLost
from headway.model.events import AnyEvent, Presence, Queued
from headway.model.views import JobView, SourceView
from headway.plane.supervise import LONGEST_WAIT, PATIENT, SHORT_WAIT, supervise, wait_before

Script = list[list[AnyEvent] | Exception]


class Scripted:
    """A source that plays one script for each connection: batches, then an error."""

    name, kind = "comfy", "comfyui"

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.connections = 0

    @asynccontextmanager
    async def connect(
        self, known: Sequence[JobView], source: SourceView | None
    ) -> AsyncIterator[AsyncIterator[list[AnyEvent]]]:
        self.connections += 1
        script = self.scripts.pop(0) if self.scripts else [SourceLost("nothing left to play")]
        if script and isinstance(script[0], Exception):
            raise script[0]
        yield self._play(script)

    async def _play(self, script: Script) -> AsyncIterator[list[AnyEvent]]:
        for batch in script:
            if isinstance(batch, Exception):
                raise batch
            yield batch


async def watched(source: Scripted, *, until: int) -> list[AnyEvent]:
    """What `source` makes known until its connection number `until` was tried."""
    told: list[AnyEvent] = []

    async def report(events: Sequence[AnyEvent]) -> None:
        told.extend(events)

    async def sleep(_: float) -> None:
        if source.connections >= until:
            raise asyncio.CancelledError

    watching = supervise(
        source, report=report, known=lambda _: ([], None), clock=lambda: 7.0, sleep=sleep
    )
    with pytest.raises(asyncio.CancelledError):
        await watching
    return told


def presence(told: list[AnyEvent]) -> list[str]:
    return [event.presence for event in told if isinstance(event, Presence)]


async def test_a_connection_that_breaks_is_told_and_made_again() -> None:
    job = Queued(key="comfy~x~1", at=1.0)
    source = Scripted([[job], SourceLost("gone")], [[job]])

    told = await watched(source, until=2)

    assert presence(told) == ["seen", "missing", "seen", "missing"]
    assert told.count(job) == 2


async def test_contact_is_told_in_one_breath_with_the_full_report() -> None:
    job = Queued(key="comfy~x~1", at=1.0)
    source, breaths = Scripted([[job], [job]]), []

    async def report(events: Sequence[AnyEvent]) -> None:
        breaths.append((presence(list(events)), job in events))
        if len(breaths) == 2:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await supervise(
            source, report=report, known=lambda _: ([], None), clock=lambda: 7.0, sleep=_no_sleep
        )

    assert breaths == [(["seen"], True), ([], True)]


async def _no_sleep(_: float) -> None:
    return


async def test_an_unforeseen_error_is_also_only_a_lost_source() -> None:
    source = Scripted([ZeroDivisionError("bug")], [[]])

    told = await watched(source, until=2)

    assert presence(told) == ["missing", "seen", "missing"]


async def test_a_source_that_stays_away_is_told_missing_once() -> None:
    source = Scripted(*[[SourceLost("refused")] for _ in range(4)])

    assert presence(await watched(source, until=4)) == ["missing"]


@given(st.integers(1, 10_000), st.floats(0, 1e7), st.floats(0, 1))
def test_every_wait_is_bounded(tries: int, lost_for: float, jitter: float) -> None:
    wait = wait_before(tries, lost_for, jitter)

    assert 0 < wait <= (SHORT_WAIT if lost_for < PATIENT else LONGEST_WAIT)

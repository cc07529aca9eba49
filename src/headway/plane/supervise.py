"""Keep a source connected: the only place that reconnects.

Rule 1: a lost source is news: it is told once as missing, with what was wrong, and once
as seen again, in one breath with its full report: what was last seen before is never
shown as being so now. Its jobs keep their phases: nothing is lost by silence.
Rule 2: the wait doubles from `FIRST_WAIT`; for `PATIENT` seconds it stays under
`SHORT_WAIT` (a restart takes seconds), later under `LONGEST_WAIT`; a fifth is jitter.
Rule 3: a source that fails in an unforeseen way is also only lost: one source never
takes another, or the plane, down.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable, Sequence

from headway.errors import HeadwayError, SourceLost
from headway.model.events import AnyEvent, Presence, Reading
from headway.model.keys import join
from headway.model.views import JobView, SourceView
from headway.model.words import Seen
from headway.sources.contract import Source

log = logging.getLogger(__name__)

FIRST_WAIT = 0.5  # seconds
SHORT_WAIT = 4.0  # seconds: "lost" is due within 5 s of contact
LONGEST_WAIT = 60.0  # seconds
PATIENT = 300.0  # seconds

Report = Callable[[Sequence[AnyEvent]], Awaitable[None]]
Known = Callable[[str], tuple[Sequence[JobView], SourceView | None]]
Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


async def supervise(
    source: Source, *, report: Report, known: Known, clock: Clock, sleep: Sleep
) -> None:
    """Watch `source` until cancelled."""
    tries, lost_at, told = 0, clock(), ""
    while True:
        try:
            async with source.connect(*known(source.name)) as feed:
                log.info("source.complete name=%s", source.name)
                first = contact(source.name, clock(), why="")
                first += watched_again(known(source.name)[1], clock())
                async for events in feed:
                    await report([*first, *events])
                    tries, told, first = 0, "", []
            problem: Exception = SourceLost("the connection ended")
        except Exception as error:  # a task root: whatever it was, it is news
            problem = error
        lost_at = clock() if tries == 0 else lost_at
        why = _reason(problem)
        if why != told:
            log.warning("source.failed name=%s why=%s", source.name, why)
            await _tell_lost(contact(source.name, lost_at, why=why), report=report)
            told = why
        tries += 1
        await sleep(wait_before(tries, clock() - lost_at, random.random()))


def wait_before(tries: int, lost_for: float, jitter: float) -> float:
    """Seconds to wait before try number `tries` + 1; `jitter` in 0..1."""
    longest = SHORT_WAIT if lost_for < PATIENT else LONGEST_WAIT
    wait = min(FIRST_WAIT * 2.0 ** min(tries - 1, 20), longest)
    return wait * (0.8 + 0.2 * jitter)


def contact(name: str, at: float, *, why: str) -> list[AnyEvent]:
    """That a source is in contact (`why` ""), or is not, and why not.

    Only the plane says this, so that two observers never disagree about it.
    """
    key = join(name)
    seen: Seen = "missing" if why else "seen"
    return [
        Presence(key=key, at=at, observer="headway", basis="observed", presence=seen),
        Reading(
            key=key, at=at, observer="headway", basis="observed", field="unreachable", value=why
        ),
    ]


def watched_again(source: SourceView | None, at: float) -> list[AnyEvent]:
    """That a source which was only seen, or was forgotten, is watched from now on."""
    if source is None or source.readings.get("watched") is not False:
        return []
    key, field = source.key, "watched"
    return [Reading(key=key, at=at, observer="headway", basis="observed", field=field, value=True)]


def _reason(problem: Exception) -> str:
    if isinstance(problem, HeadwayError):
        return str(problem)[:500] or "not reachable"
    log.exception("source.failed", exc_info=problem)
    return f"an error of ours: {type(problem).__name__}"


async def _tell_lost(events: Sequence[AnyEvent], *, report: Report) -> None:
    try:
        await report(events)
    except HeadwayError as error:
        log.error("store.failed why=%s", error)

"""Kill -9 a server at random moments under load, and look what became of what it promised.

    python -m bench.crash [--rounds 200] [--seed N]

Programs post jobs, step by step, and note what was acknowledged; readers follow the
stream and go on from their cursor in the server's next life. One round in five ends
while the server still starts. At the end everybody finishes in peace, and then:

Rule 1: every acknowledged edge is in the past that the file holds.
Rule 2: no offset is used twice: what a later life tells is above everything that an
earlier one told, to anybody, in a frame or in an answer.
Rule 3: a reader never has to begin anew, and ends with the server's own state.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Iterator
from contextlib import ExitStack, aclosing
from pathlib import Path
from typing import Any

import aiohttp
import apsw
import msgspec
from bench.processes import Served, process_of, served, started

from headway.client import Client
from headway.errors import HeadwayError
from headway.host import paths
from headway.model.cursor import parse
from headway.model.events import (
    EDGES,
    AnyEvent,
    Ended,
    Progress,
    Queued,
    Registered,
    Started,
    StepEnded,
    StepStarted,
)
from headway.model.views import JobView
from headway.store.sqlite import SqliteStore

ROUNDS = 200
TELLERS, READERS = 4, 3
LONGEST_LIFE = 0.25  # seconds under load
LONGEST_BIRTH = 0.6  # seconds; some are killed before they answer
STILLBORN = 0.2  # of all rounds
PEACE = 60.0  # seconds in which all must have finished at the end
BEFORE_AGAIN = 0.02  # seconds until what was not acknowledged is told again
LOOK = 0.05  # seconds between two looks whether a reader has caught up

GAP = """
select (select ifnull(max(offset), 0) from (
            select max(offset) as offset from entities
            union all select max(offset) from events)),
       (select value from counters where name = 'reserved')
"""
INSIDE = """
select offset, key from entities where offset > ?1 and offset <= ?2
union all select offset, 'event of ' || entity from events where offset > ?1 and offset <= ?2
"""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What came out. `reused`: cursors of a later life that are not above all before."""

    lives: int
    acknowledged: int
    lost: list[str]
    reused: list[str]
    frames: int
    anew: int
    strayed: list[str]
    damaged: list[str]

    @property
    def good(self) -> bool:
        """True if every promise was kept."""
        return not (self.lost or self.reused or self.anew or self.strayed or self.damaged)


class Told:
    """Every cursor that anybody was told, life by life.

    A cursor stands for all offsets up to it, so the offsets between are looked for in the
    file: at each end there is a gap between what was committed and what was reserved, any
    of which may have been told, and no later life may put anything into it.
    """

    def __init__(self) -> None:
        self.before = 0
        self.now = 0
        self.reused: list[str] = []
        self.gaps: list[tuple[int, int]] = []

    def note(self, cursor: str) -> None:
        """A cursor of the life that runs. Each must be above those of the lives before."""
        offset = parse(cursor).offset
        if offset <= self.before:
            self.reused.append(cursor)
        self.now = max(self.now, offset)

    def killed(self, state: Path) -> None:
        """A life ended: what it left in the file."""
        self.before = max(self.before, self.now)
        for head, reserved in _rows(state, GAP):
            self.gaps.append((head, reserved))
            if self.now > reserved:
                self.reused.append(f"{self.now} was told, and only {reserved} reserved")

    def check(self, state: Path) -> None:
        """Look into every gap."""
        for gap in self.gaps:
            for offset, what in _rows(state, INSIDE, gap):
                self.reused.append(f"{what} has {offset}, of {gap} that an earlier life had")


class Teller:
    """A program that reports its jobs one after the other, and again until acknowledged."""

    def __init__(self, name: str, told: Told) -> None:
        self.acknowledged: list[AnyEvent] = []
        self.finishing = False
        self._told = told
        self._work = _work(name)
        self._batch: list[AnyEvent] = []

    async def tell(self, url: str, headers: dict[str, str]) -> None:
        """Report to that server until cancelled, or `finishing` and the job at hand is over."""
        async with aiohttp.ClientSession(url, headers=headers) as session:
            while not (self.finishing and not self._batch and self._is_over()):
                self._batch = self._batch or next(self._work)
                try:
                    await self._post(session)
                except (aiohttp.ClientError, OSError):
                    await asyncio.sleep(BEFORE_AGAIN)

    def _is_over(self) -> bool:
        return bool(self.acknowledged) and isinstance(self.acknowledged[-1], Ended)

    async def _post(self, session: aiohttp.ClientSession) -> None:
        body = msgspec.json.encode({"events": self._batch})
        kind = {"Content-Type": "application/json"}
        async with session.post("/api/v1/events", data=body, headers=kind) as answer:
            said = await answer.json()
            if answer.status == 200:
                self.acknowledged += [one for one in self._batch if type(one) in EDGES]
                self._batch = []
                self._told.note(said["cursor"])


class Follower:
    """A reader of the stream: its place, and what it knows of each job."""

    def __init__(self, told: Told) -> None:
        self.jobs: dict[str, JobView] = {}
        self.cursor: str | None = None
        self.frames = 0
        self.anew = 0
        self._told = told

    async def follow(self, url: str, token: str) -> None:
        """Follow one life until cancelled."""
        try:
            async with (
                Client(url, token) as client,
                aclosing(client.changes(self.cursor, topics=["jobs"], max_rate=60.0)) as stream,
            ):
                async for news in stream:
                    self._hear(news)
        except HeadwayError:
            return  # killed before it greeted; the next life is another connection

    def _hear(self, news: Any) -> None:
        if news.fresh:
            self.anew += self.cursor is not None
            self.jobs.clear()
        self.cursor = news.cursor
        self.frames += 1
        if news.entities:
            self._told.note(news.cursor)
        self.jobs.update({one.key: one for one in news.entities})


class Town:
    """Everybody who lives longer than a server."""

    def __init__(self) -> None:
        self.told = Told()
        self.tellers = [Teller(f"teller{number}", self.told) for number in range(TELLERS)]
        self.followers = [Follower(self.told) for _ in range(READERS)]

    async def life(self, url: str, token: str, end: Awaitable[None]) -> None:
        """Everybody at work beside one server, until its end."""
        headers = {"Authorization": f"Bearer {token}"}
        work = [
            *(asyncio.create_task(one.tell(url, headers)) for one in self.tellers),
            *(asyncio.create_task(one.follow(url, token)) for one in self.followers),
        ]
        await end
        for one in work:
            one.cancel()
        ends = await asyncio.gather(*work, return_exceptions=True)
        for one in (end for end in ends if isinstance(end, Exception)):
            raise one

    async def peace(self, server: Served) -> list[str]:
        """All finish and catch up; the readers whose state is not the server's then."""
        for one in self.tellers:
            one.finishing = True
        async with asyncio.timeout(PEACE), asyncio.TaskGroup() as group:
            follow = [
                group.create_task(one.follow(server.url, server.run.token))
                for one in self.followers
            ]
            await asyncio.gather(*(one.tell(server.url, server.headers) for one in self.tellers))
            strayed = await self._caught_up(server)
            for one in follow:
                one.cancel()
        return strayed

    async def _caught_up(self, server: Served) -> list[str]:
        end = time.monotonic() + PEACE / 2.0
        while True:
            truth = await _state(server)
            strayed = [
                f"reader {number}: {key}"
                for number, one in enumerate(self.followers)
                for key in truth
                if one.jobs.get(key) != truth[key]
            ]
            if not strayed or time.monotonic() > end:
                return strayed
            await asyncio.sleep(LOOK)


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--rounds", type=int, default=ROUNDS)
    asked.add_argument("--seed", type=int, default=time.time_ns() % 10**6)
    given = asked.parse_args()
    print(f"seed {given.seed}")
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        began = time.perf_counter()
        verdict = asyncio.run(crash(state, given.rounds, random.Random(given.seed)))
    for name, value in msgspec.structs.asdict(verdict).items():
        print(f"{name:<14} {len(value) if isinstance(value, list) else value}")
        for one in value[:10] if isinstance(value, list) else ():
            print(f"    {one}")
    print(f"{'seconds':<14} {time.perf_counter() - began:.1f}   bar: nothing lost, reused, anew")
    raise SystemExit(not verdict.good)


async def crash(state: Path, rounds: int, rng: random.Random) -> Verdict:
    """So many lives of a server on one store, each ended by kill -9, and one in peace."""
    town, lives = Town(), 0
    for _ in range(rounds):
        lives += await _one_life(state, town, rng)
        town.told.killed(state)
    with served(state) as server:
        strayed = await town.peace(server)
    town.told.check(state)
    return Verdict(
        lives=lives,
        acknowledged=sum(len(one.acknowledged) for one in town.tellers),
        lost=lost(state, town.tellers),
        reused=town.told.reused,
        frames=sum(one.frames for one in town.followers),
        anew=sum(one.anew for one in town.followers),
        strayed=strayed,
        damaged=damaged(state),
    )


async def _one_life(state: Path, town: Town, rng: random.Random) -> bool:
    """True if it lived long enough to answer."""
    with process_of(state) as process:
        if rng.random() < STILLBORN:
            await asyncio.sleep(rng.uniform(0.0, LONGEST_BIRTH))
            process.kill()
            return False
        run = await asyncio.to_thread(started, process, state)
        server = Served(process, run)
        await town.life(server.url, run.token, _killed(server, rng.uniform(0.0, LONGEST_LIFE)))
    return True


def lost(state: Path, tellers: list[Teller]) -> list[str]:
    """Acknowledged edges that the file does not hold."""
    reader = SqliteStore.reader(paths.store_file(str(state)))
    missing = []
    for teller in tellers:
        kept = {
            (key, _name(one.body))
            for key in {event.key for event in teller.acknowledged}
            for one in reader.past(key)
        }
        missing += [
            f"{event.key} {_name(event)}"
            for event in teller.acknowledged
            if (event.key, _name(event)) not in kept
        ]
    reader.close()
    return missing


def damaged(state: Path) -> list[str]:
    """What SQLite finds wrong with the file."""
    return [one for (one,) in _rows(state, "pragma integrity_check") if one != "ok"]


def _rows(state: Path, statement: str, values: tuple[int, ...] = ()) -> list[tuple[Any, ...]]:
    path = Path(paths.store_file(str(state)))
    if not path.exists():
        return []
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(5_000)
    try:
        if not connection.pragma("user_version"):  # killed before there was a store
            return []
        return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


async def _killed(server: Served, after: float) -> None:
    await asyncio.sleep(after)
    server.kill()


async def _state(server: Served) -> dict[str, JobView]:
    """Every job as the server has it."""
    found: dict[str, JobView] = {}
    async with Client(server.url, server.run.token) as client:
        after = ""
        while True:
            page = await client.jobs(after=after, limit=500)
            found |= {job.key: job for job in page.jobs}
            if not page.next:
                return found
            after = page.next


def _work(name: str) -> Iterator[list[AnyEvent]]:
    """One job after the other, in the batches in which a program would report it."""
    number = 0
    while True:
        number += 1
        key, at = f"{name}~{number:06d}~", time.time()
        yield [
            Registered(key=key, at=at, meta={"title": f"{name} {number}"}),
            Queued(key=key, at=at),
        ]
        yield [Started(key=key, at=at)]
        for step in map(str, range(3)):
            yield [StepStarted(key=key, at=at, step=step, name="KSampler")]
            for done in range(1, 4):
                yield [Progress(key=key, at=at + done, step=step, done=float(done), total=3.0)]
            yield [StepEnded(key=key, at=at, step=step)]
        yield [Ended(key=key, at=at + 9.0, outcome="succeeded")]


def _name(event: AnyEvent) -> str:
    return f"{type(event).__name__} {getattr(event, 'step', '')}"


if __name__ == "__main__":
    main()

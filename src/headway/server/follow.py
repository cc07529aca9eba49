"""Following the plane for one reader: where it stands, what it wants, what it gets.

Rule 1: the cursor of a frame is the greatest offset below which everything was sent:
a reader that comes back with it misses nothing, also in the middle of a snapshot.
Rule 2: after a welcome at least one `changes` frame comes, so that a reader knows when
it has all there is; after that silence is silence.
Rule 3: the first change after a quiet moment goes at once, then there are at most
`max_rate` rounds a second; what does not fit one frame comes in several.
Rule 4: a mailbox that was given up is opened again at the last cursor: the reader gets
the rest or a snapshot, with a new welcome.
Rule 5: whoever follows no job's steps goes in step with its like (`circle`), alone only
while it catches up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NoReturn

from headway.errors import UsageError
from headway.hub import Mailbox
from headway.model.cursor import Cursor, parse
from headway.server.circle import SLICE, Which
from headway.server.door import Door
from headway.server.flow import Flow
from headway.server.interest import Interest
from headway.server.wire import Frame, Wire
from headway.store.contract import Change
from headway.talk import messages
from headway.talk.messages import Hello

Sleep = Callable[[float], Awaitable[None]]


class Follower:
    """Sends one reader what it wants, until it goes; a `Member` of its circle.

    `flow` says when there is room on the `wire`.
    """

    __slots__ = (
        *("_cursor", "_door", "_everything", "_flow", "_hello", "_parted", "_pause", "_sleep"),
        *("_which", "_wire", "interest", "mailbox", "put"),
    )

    mailbox: Mailbox

    def __init__(
        self,
        door: Door,
        hello: Hello,
        *,
        everything: bool,
        wire: Wire,
        flow: Flow,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.interest = Interest(hello.topics, hello.filter)
        self.put = wire.put
        self._door = door
        self._hello = hello
        self._everything = everything
        self._wire = wire
        self._flow = flow
        self._sleep = sleep
        self._pause = 1.0 / hello.max_rate
        self._cursor: Cursor | None = cursor_of(hello.cursor)
        self._parted: asyncio.Future[None] | None = None
        self._which: Which | None = None

    async def run(self) -> NoReturn:
        """Follow until cancelled. Raises: TooSlow, ConnectionError, StoreError."""
        plane = self._door.plane
        while True:
            recovered, head, told, self.mailbox = await plane.open(
                self._cursor, self.interest.wants
            )
            changes = told if recovered else self.interest.begin_anew(told)
            try:
                await self._welcome(recovered, head)
                await self._catch_up(changes, head)
                await self._tell(head.epoch)
            finally:
                plane.hub.unsubscribe(self.mailbox)

    def follow(self, job: str) -> None:
        """From now on the job's steps are among the news."""
        self.interest.follow(job)
        if self._which is not None:
            self._door.circles.part(self._which, self)

    def drain(self) -> bool:
        """Write what waits; False if there is no room for all of it."""
        epoch = self._stands.epoch
        while not self.mailbox.empty and not self.mailbox.overflowed:
            changes, offset = self.mailbox.take(SLICE)
            head = Cursor(epoch, max(offset, self._stands.offset))
            frame, cursor, rest = self._first(changes, head)
            if not self._wire.put(frame):
                self.mailbox.put_back(changes)
                return False
            self.mailbox.put_back(rest)
            self._cursor = max(self._stands, cursor)
        return not self.mailbox.overflowed

    def part(self, mailbox: Mailbox | None = None, cursor: Cursor | None = None) -> None:
        """The circle lets go of us: from now on news come to our own mailbox."""
        self.mailbox = mailbox or self.mailbox
        self._cursor = cursor or self._cursor
        if self._parted is not None and not self._parted.done():
            self._parted.set_result(None)

    @property
    def _stands(self) -> Cursor:
        assert self._cursor is not None  # since the welcome
        return self._cursor

    async def _welcome(self, recovered: bool, head: Cursor) -> None:
        if not recovered or self._cursor is None:
            self._cursor = Cursor(head.epoch, 0)
        text = self._cursor.text
        await self._flow.room()
        frame = messages.welcome(text, recovered=recovered, version=self._door.version)
        self._wire.write(Frame(frame, text))

    async def _catch_up(self, changes: Sequence[Change], head: Cursor) -> None:
        await self._flow.room()
        if not changes:
            self._wire.write(self._first([], head)[0])
        while changes:
            await self._flow.room()
            part, later = changes[:SLICE], changes[SLICE:]
            until = Cursor(head.epoch, part[-1].offset) if later else head
            frame, self._cursor, rest = self._first(part, until)
            self._wire.write(frame)
            changes = [*rest, *later]
        self._cursor = head

    async def _tell(self, epoch: str) -> None:
        clock, due = asyncio.get_running_loop().time, 0.0
        while not self.mailbox.overflowed:
            if not self.interest.jobs:
                await self._in_step(epoch)
            await self.mailbox.wait()
            if (early := due - clock()) > 0.0:
                await self._sleep(early)
            due = clock() + self._pause
            while not self.drain() and not self.mailbox.overflowed:
                self._wire.check()
                await self._flow.room()
                await asyncio.sleep(0)

    async def _in_step(self, epoch: str) -> None:
        which = Which(
            topics=frozenset(self._hello.topics),
            filter=self._hello.filter,
            rate=self._hello.max_rate,
            everything=self._everything,
            epoch=epoch,
            narrow=self.interest.narrow,
        )
        self._which, self._parted = which, asyncio.get_running_loop().create_future()
        self._door.circles.enter(which, self)
        try:
            await self._parted
        finally:
            self._door.circles.leave(which, self)
            self._which = self._parted = None

    def _first(
        self, changes: Sequence[Change], head: Cursor
    ) -> tuple[Frame, Cursor, Sequence[Change]]:
        return self._door.encoded.first(changes, head, self.interest, everything=self._everything)


def cursor_of(text: str | None) -> Cursor | None:
    """The cursor that a reader sent; one that is none reads as an expired one."""
    if not text:
        return None
    try:
        return parse(text)
    except UsageError:
        return None

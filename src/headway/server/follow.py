"""Following the plane for one reader: where it stands, what it wants, what it gets.

Rule 1: the cursor of a frame is the greatest offset below which everything was sent:
a reader that comes back with it misses nothing, also in the middle of a snapshot.
Rule 2: after a welcome at least one `changes` frame comes, so that a reader knows when
it has all there is; after that silence is silence.
Rule 3: the first change after a quiet moment goes at once, then at most `max_rate`
frames a second.
Rule 4: a mailbox that was given up is opened again at the last cursor: the reader gets
the rest or a snapshot, with a new welcome.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NoReturn

from headway.errors import UsageError
from headway.hub import Mailbox
from headway.model.cursor import Cursor, parse
from headway.model.keys import Kind, kind_of
from headway.server.door import Door
from headway.server.flow import Flow
from headway.store.contract import Change
from headway.talk import messages
from headway.talk.messages import KIND_OF, Filter, Hello, matches

SLICE = 500  # entities in one frame

Write = Callable[[bytes, str], Awaitable[None]]
Sleep = Callable[[float], Awaitable[None]]


class Interest:
    """What one reader wants. `jobs` are those whose steps it follows."""

    def __init__(self, hello: Hello) -> None:
        self.kinds: frozenset[Kind] = frozenset(KIND_OF[topic] for topic in hello.topics)
        self.filter: Filter = hello.filter
        self.jobs: set[str] = set()

    def wants(self, change: Change) -> bool:
        """True if the change is of a subscribed topic, or a step of a followed job."""
        kind = kind_of(change.key)
        if kind == "step":
            return bool(self.jobs) and change.key.rpartition("~")[0] in self.jobs
        return kind in self.kinds

    def parted(self, changes: Sequence[Change]) -> tuple[Sequence[Change], list[str]]:
        """What to show, and the keys of what changed but does not match the filter."""
        if not self.filter:
            return changes, []
        shown = [change for change in changes if self._shows(change)]
        known = {change.key for change in shown}
        return shown, [change.key for change in changes if change.key not in known]

    def _shows(self, change: Change) -> bool:
        return kind_of(change.key) == "step" or matches(self.filter, change.view)


class Follower:
    """Sends one reader what it wants, until it goes.

    `write(frame, cursor)` puts one frame on the way; `flow` says when there is room.
    """

    def __init__(
        self,
        door: Door,
        hello: Hello,
        *,
        everything: bool,
        write: Write,
        flow: Flow,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.interest = Interest(hello)
        self._door = door
        self._everything = everything
        self._write = write
        self._flow = flow
        self._sleep = sleep
        self._pause = 1.0 / hello.max_rate
        self._cursor = cursor_of(hello.cursor)

    async def run(self) -> NoReturn:
        """Follow until cancelled. Raises: TooSlow, ConnectionError, StoreError."""
        plane = self._door.plane
        while True:
            recovered, head, changes, mailbox = await plane.open(self._cursor, self.interest.wants)
            try:
                await self._welcome(recovered, head)
                await self._catch_up(changes, head)
                await self._tell(mailbox, head.epoch)
            finally:
                plane.hub.unsubscribe(mailbox)

    async def _welcome(self, recovered: bool, head: Cursor) -> None:
        if not recovered or self._cursor is None:
            self._cursor = Cursor(head.epoch, 0)
        text = self._cursor.text
        frame = messages.welcome(text, recovered=recovered, version=self._door.version)
        await self._flow.room()
        await self._write(frame, text)

    async def _catch_up(self, changes: list[Change], head: Cursor) -> None:
        while len(changes) > SLICE:
            part, changes = changes[:SLICE], changes[SLICE:]
            await self._flow.room()
            await self._send(part, Cursor(head.epoch, part[-1].offset))
        await self._flow.room()
        await self._send(changes, head)

    async def _tell(self, mailbox: Mailbox, epoch: str) -> None:
        while True:
            await mailbox.wait()
            await self._flow.room()
            if mailbox.overflowed:
                return
            changes, offset = mailbox.take(SLICE)
            await self._send(changes, Cursor(epoch, offset))
            await self._sleep(self._pause)

    async def _send(self, changes: Sequence[Change], cursor: Cursor) -> None:
        shown, gone = self.interest.parted(changes)
        text = cursor.text
        frame = self._door.encoded.frame(text, shown, gone, everything=self._everything)
        await self._write(frame, text)
        self._cursor = cursor


def cursor_of(text: str | None) -> Cursor | None:
    """The cursor that a reader sent; one that is none reads as an expired one."""
    if not text:
        return None
    try:
        return parse(text)
    except UsageError:
        return None

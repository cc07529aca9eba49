"""Readers in step: those who want the same and stand at the same cursor share each frame.

Rule 1: everybody in a circle has been sent exactly what is up to its cursor; a reader
comes in when it has caught up with that, and not before.
Rule 2: nobody waits for anybody: a reader without room parts, with a mailbox of its own
that begins with what it did not get, and may come back when it has caught up.
Rule 3: the first change after a quiet moment goes at once, then there are as many rounds
a second as its readers asked for; a round takes all that waits, frame by frame.
Rule 4: between two awaits what was taken is either written or back in the mailbox.
Rule 5: a circle lives while somebody is in it; at the hub's bound all part and take
a snapshot.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple, NoReturn, Protocol, Self

from headway.hub import Hub, Mailbox
from headway.model.cursor import Cursor
from headway.server.encoded import Encoded
from headway.server.interest import Interest
from headway.server.wire import Frame
from headway.store.contract import Change
from headway.talk.messages import Filter, Topic

log = logging.getLogger(__name__)

SLICE = 500  # changes looked at for one frame

Sleep = Callable[[float], Awaitable[None]]


class Member(Protocol):
    """A reader, as its circle sees it."""

    interest: Interest
    mailbox: Mailbox

    def put(self, frame: Frame) -> bool:
        """Write the frame; False if there is no room."""

    def drain(self) -> bool:
        """Write what waits in its own mailbox; False if there is no room for all of it."""

    def part(self, mailbox: Mailbox | None = None, cursor: Cursor | None = None) -> None:
        """From now on it follows alone, from there; None: from where it stood."""


class Which(NamedTuple):
    """What the readers of one circle have in common. `rate`: rounds a second."""

    topics: frozenset[Topic]
    filter: Filter
    rate: float
    everything: bool
    epoch: str
    narrow: bool


class Circle:
    """The readers of one interest, standing and rate."""

    def __init__(
        self, hub: Hub, encoded: Encoded, which: Which, interest: Interest, sleep: Sleep
    ) -> None:
        self._hub = hub
        self._encoded = encoded
        self._which = which
        self._interest = interest
        self._sleep = sleep
        self._cursor = Cursor(which.epoch, hub.head)
        self._mailbox = hub.subscribe(interest.wants)
        self._inside: dict[Member, None] = {}
        self._outside: dict[Member, None] = {}

    def __len__(self) -> int:
        return len(self._inside) + len(self._outside)

    def enter(self, member: Member) -> None:
        """Take the reader in, now or with the next round."""
        self._outside[member] = None
        if self._mailbox.empty:
            self._let_in(member)

    def leave(self, member: Member) -> None:
        """The reader goes; twice is once. Its mailbox, if it has one, stays its own."""
        self._inside.pop(member, None)
        self._outside.pop(member, None)

    def part(self, member: Member, missed: Iterable[Change] = ()) -> None:
        """Let the reader follow alone, from where it stands; twice is once."""
        if member in self._inside:
            del self._inside[member]
            mailbox = self._hub.branch(self._mailbox, member.interest.wants, missed)
            member.part(mailbox, self._cursor)
        elif member in self._outside:
            del self._outside[member]
            member.part()

    async def run(self) -> NoReturn:
        """Tell everybody inside, until cancelled."""
        clock, due = asyncio.get_running_loop().time, 0.0
        while True:
            await self._mailbox.wait()
            if (early := due - clock()) > 0.0:  # asked only now: a quiet plane sets no timers
                await self._sleep(early)
            due = clock() + 1.0 / self._which.rate
            while not self._mailbox.empty and not self._mailbox.overflowed:
                self._tell()
                if not self._mailbox.empty:
                    await asyncio.sleep(0)  # a big round is not one long moment
            if self._mailbox.overflowed:
                self._begin_anew()
            for member in list(self._outside):
                self._let_in(member)

    def dissolve(self) -> None:
        """Everybody follows alone."""
        for member in [*self._inside, *self._outside]:
            self.part(member)
        self._hub.unsubscribe(self._mailbox)

    def _tell(self) -> None:
        changes, offset = self._mailbox.take(SLICE)
        head = Cursor(self._which.epoch, max(offset, self._cursor.offset))
        frame, cursor, rest = self._encoded.first(
            changes, head, self._interest, everything=self._which.everything
        )
        self._mailbox.put_back(rest)
        lagging = [member for member in self._inside if not member.put(frame)]
        for member in lagging:
            self.part(member, changes[: len(changes) - len(rest)])
        self._cursor = max(self._cursor, cursor)

    def _let_in(self, member: Member) -> None:
        if member.mailbox.floor > self._hub.head:
            return  # it was told from the store what others are told in a moment
        if not member.drain():
            self.part(member)
            return
        del self._outside[member]
        self._hub.unsubscribe(member.mailbox)
        self._inside[member] = None

    def _begin_anew(self) -> None:
        for member in list(self._inside):
            self.part(member)
        self._hub.unsubscribe(self._mailbox)
        self._mailbox = self._hub.subscribe(self._interest.wants)
        self._cursor = Cursor(self._which.epoch, self._hub.head)


class Circles:
    """All circles, each in a task of its own: an async context manager."""

    def __init__(self, hub: Hub, encoded: Encoded, *, sleep: Sleep = asyncio.sleep) -> None:
        self._hub = hub
        self._encoded = encoded
        self._sleep = sleep
        self._known: dict[Which, tuple[Circle, asyncio.Task[None]]] = {}
        self._tasks = asyncio.TaskGroup()

    def __len__(self) -> int:
        return len(self._known)

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        for circle, task in list(self._known.values()):
            circle.dissolve()
            task.cancel()
        self._known.clear()
        await self._tasks.__aexit__(None, None, None)

    def enter(self, which: Which, member: Member) -> Circle:
        """The circle of such readers, with this one among them."""
        if which not in self._known:
            interest = Interest(which.topics, which.filter, narrow=which.narrow)
            circle = Circle(self._hub, self._encoded, which, interest, self._sleep)
            self._known[which] = circle, self._tasks.create_task(self._run(which, circle))
        circle = self._known[which][0]
        circle.enter(member)
        return circle

    def leave(self, which: Which, member: Member) -> None:
        """The reader goes; the last one ends its circle."""
        circle, task = self._known.get(which, (None, None))
        if circle is None or task is None:
            return
        circle.leave(member)
        if not circle:
            del self._known[which]
            circle.dissolve()
            task.cancel()

    def part(self, which: Which, member: Member) -> None:
        """The reader wants to follow alone."""
        if which in self._known:
            self._known[which][0].part(member)

    async def _run(self, which: Which, circle: Circle) -> None:
        try:
            await circle.run()
        except Exception:  # a task root: its readers go on alone
            log.exception("circle.failed readers=%d", len(circle))
            self._known.pop(which, None)
            circle.dissolve()

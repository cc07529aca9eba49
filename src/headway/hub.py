"""The newest value of every entity, to everyone who looks.

Rule 1: a mailbox holds at most one pending value per entity; a slow reader costs that
and nothing else, and never slows the writer or another reader.
Rule 2: what is taken comes in the order of offsets, and the offset that goes with it is
the greatest below which everything was taken.
Rule 3: at the bound (`LARGEST`) a mailbox is given up and says so (`overflowed`): its
reader takes a snapshot. Nothing is dropped silently.
Rule 4: one event loop; nothing here awaits but `Mailbox.wait`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from headway.store.contract import Change

LARGEST = 20_000  # pending entities; a snapshot costs no less before there are so many

Wants = Callable[[Change], bool]


def everything(_: Change) -> bool:
    """The widest interest."""
    return True


class Mailbox:
    """What one reader has not taken yet. Made by `Hub.subscribe`; one task waits for it."""

    __slots__ = ("_head", "_pending", "_waiting", "_wants", "floor", "overflowed")

    def __init__(self, wants: Wants, head: int) -> None:
        self.overflowed = False
        self.floor = 0  # the reader has everything up to there from elsewhere
        self._wants = wants
        self._pending: dict[str, Change] = {}
        self._head = head
        self._waiting: asyncio.Future[None] | None = None

    @property
    def empty(self) -> bool:
        """True if nothing waits to be taken."""
        return not self._pending

    def put(self, changes: Iterable[Change], head: int) -> None:
        """Hold the newest of each entity. Only the hub calls this."""
        self._head = max(self._head, head)
        for change in changes:
            if change.offset > self.floor and self._wants(change):
                self._pending.pop(change.key, None)  # so that order stays that of offsets
                self._pending[change.key] = change
        if len(self._pending) > LARGEST:
            self.give_up()
        elif self._pending:
            self._wake()

    def give_up(self) -> None:
        """Too much: the reader is to take a snapshot."""
        self.overflowed = True
        self._pending.clear()
        self._wake()

    def skip_to(self, offset: int) -> None:
        """Forget what is not newer than `offset`, now and later: the reader has it."""
        self.floor = max(self.floor, offset)
        self._head = max(self._head, offset)
        self._pending = {k: one for k, one in self._pending.items() if one.offset > self.floor}

    async def wait(self) -> None:
        """Return once there is something to take. Cancelling loses nothing."""
        while not self._pending and not self.overflowed:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting

    def take(self, limit: int = 1000) -> tuple[list[Change], int]:
        """Up to `limit` changes in order of offset, and the offset up to which all was taken."""
        taken = sorted(self._pending.values(), key=_offset)[:limit]
        for change in taken:
            del self._pending[change.key]
        if self._pending:
            return taken, taken[-1].offset
        return taken, self._head

    def put_back(self, changes: Iterable[Change]) -> None:
        """Hold again what was taken and cannot be passed on now; newer values stay."""
        for change in changes:
            self._pending.setdefault(change.key, change)
        if self._pending:
            self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class Hub:
    """Hands every change to every mailbox."""

    def __init__(self, head: int = 0) -> None:
        self.head = head
        self._mailboxes: set[Mailbox] = set()

    def __len__(self) -> int:
        return len(self._mailboxes)

    def publish(self, changes: list[Change]) -> None:
        """Tell everybody. `changes` are in order of offset."""
        if not changes:
            return
        self.head = max(self.head, changes[-1].offset)
        for mailbox in self._mailboxes:
            mailbox.put(changes, self.head)

    def subscribe(self, wants: Wants = everything) -> Mailbox:
        """A mailbox for what comes from now on. `wants` must not raise."""
        mailbox = Mailbox(wants, self.head)
        self._mailboxes.add(mailbox)
        return mailbox

    def branch(self, other: Mailbox, wants: Wants, missed: Iterable[Change] = ()) -> Mailbox:
        """A mailbox that begins with what `other` holds now, and `missed` before that."""
        mailbox = self.subscribe(wants)
        mailbox.put_back(other._pending.values())
        mailbox.put_back(missed)
        if other.overflowed:
            mailbox.give_up()
        return mailbox

    def unsubscribe(self, mailbox: Mailbox) -> None:
        """Stop delivering to it; twice is once."""
        self._mailboxes.discard(mailbox)


def _offset(change: Change) -> int:
    return change.offset

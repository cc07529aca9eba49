"""Readers in step, with no socket: what each was sent, and where it then stands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.hub import LARGEST, Hub, Mailbox
from headway.model.cursor import Cursor
from headway.model.views import SourceView
from headway.server.circle import Circles, Which
from headway.server.encoded import Encoded
from headway.server.interest import Interest
from headway.server.wire import Frame
from headway.store.contract import Change
from headway.talk.messages import Filter

WHICH = Which(
    topics=frozenset({"sources"}),
    filter=Filter(),
    rate=60.0,
    everything=True,
    epoch="e",
    narrow=True,
)


class Reader:
    """A member that keeps what it gets, while it has room."""

    def __init__(self, hub: Hub, encoded: Encoded) -> None:
        self.interest = Interest(["sources"], Filter())
        self.mailbox = hub.subscribe(self.interest.wants)
        self.room = True
        self.frames: list[Frame] = []
        self.known: dict[str, float] = {}
        self.cursor = Cursor("e", hub.head)
        self.parted = False
        self._encoded = encoded

    def put(self, frame: Frame) -> bool:
        if not self.room:
            return False
        self.frames.append(frame)
        data = msgspec.json.decode(frame.payload)["data"]
        self.known |= {one["key"]: one["updated_at"] for one in data["entities"]}
        assert int(frame.cursor.rpartition(".")[2]) >= self.cursor.offset
        self.cursor = Cursor("e", int(frame.cursor.rpartition(".")[2]))
        return True

    def drain(self) -> bool:
        changes, offset = self.mailbox.take()
        if not changes:
            return not self.mailbox.overflowed
        head = Cursor("e", max(offset, self.cursor.offset))
        frame, _, rest = self._encoded.first(changes, head, self.interest, everything=True)
        assert not rest
        if not self.put(frame):
            self.mailbox.put_back(changes)
            return False
        return True

    def part(self, mailbox: Mailbox | None = None, cursor: Cursor | None = None) -> None:
        self.parted = True
        self.mailbox = mailbox or self.mailbox
        assert cursor is None or cursor <= self.cursor


class Ring:
    """A hub with its circles, and a clock that the test moves."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.encoded = Encoded()
        self._pause = asyncio.Event()
        self.circles = Circles(self.hub, self.encoded, sleep=self._sleep)
        self._offset = 0

    async def _sleep(self, _: float) -> None:
        self._pause.clear()
        await self._pause.wait()

    def reader(self) -> Reader:
        return Reader(self.hub, self.encoded)

    def tell(self, *keys: str) -> None:
        self.hub.publish([self._change(key) for key in keys])

    def _change(self, key: str) -> Change:
        self._offset += 1
        view = SourceView(key=key, updated_at=float(self._offset))
        return Change(self._offset, key, view)

    async def round(self) -> None:
        """Let the pause end, and what is due be told."""
        await self._settle()
        self._pause.set()
        await self._settle()

    async def _settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)


@asynccontextmanager
async def ring() -> AsyncIterator[Ring]:
    made = Ring()
    async with made.circles:
        yield made


async def test_everybody_in_step_gets_the_very_same_frame() -> None:
    async with ring() as here:
        some = [here.reader() for _ in range(3)]
        for one in some:
            here.circles.enter(WHICH, one)
        here.tell("a")
        await here.round()

        assert len(here.circles) == 1
        assert len({id(one.frames[0]) for one in some}) == 1
        assert len(here.hub) == 1, "one mailbox for all of them"


async def test_between_two_rounds_news_conflate() -> None:
    async with ring() as here:
        one = here.reader()
        here.circles.enter(WHICH, one)
        here.tell("a")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        here.tell("a", "b")
        here.tell("a")
        assert one.known == {"a": 1.0}
        await here.round()

        assert (len(one.frames), one.known) == (2, {"a": 4.0, "b": 3.0})


async def test_who_has_no_room_parts_with_all_it_did_not_get() -> None:
    async with ring() as here:
        slow, fast = here.reader(), here.reader()
        for one in (slow, fast):
            here.circles.enter(WHICH, one)
        slow.room = False
        here.tell("a")
        await here.round()
        here.tell("b")
        await here.round()
        assert slow.parted
        assert fast.known == {"a": 1.0, "b": 2.0}
        slow.room = True

        assert slow.drain()
        assert slow.known == fast.known
        assert slow.cursor == fast.cursor


async def test_who_comes_in_during_a_pause_gets_nothing_twice() -> None:
    async with ring() as here:
        first = here.reader()
        here.circles.enter(WHICH, first)
        here.tell("a")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        here.tell("b")
        late = here.reader()
        here.tell("c")
        here.circles.enter(WHICH, late)
        await here.round()
        here.tell("d")
        await here.round()

        assert late.known == {"c": 3.0, "d": 4.0}
        assert [frame.cursor for frame in late.frames] == ["e.3", "e.4"]
        assert first.known == {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}


async def test_at_the_bound_everybody_takes_a_snapshot() -> None:
    async with ring() as here:
        one = here.reader()
        here.circles.enter(WHICH, one)
        here.tell("a")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        here.tell(*[str(n) for n in range(LARGEST + 1)])
        await here.round()

        assert one.parted
        assert one.mailbox.overflowed


async def test_the_last_to_leave_ends_the_circle() -> None:
    async with ring() as here:
        one, two = here.reader(), here.reader()
        for each in (one, two):
            here.circles.enter(WHICH, each)
            here.hub.unsubscribe(each.mailbox)

        here.circles.leave(WHICH, one)
        assert len(here.circles) == 1
        here.circles.leave(WHICH, two)

        assert (len(here.circles), len(here.hub)) == (0, 0)


async def test_a_fault_of_ours_parts_the_readers_and_ends_nothing_else() -> None:
    async with ring() as here:
        one = here.reader()
        here.circles.enter(WHICH, one)

        def fail(frame: Frame) -> bool:
            raise RuntimeError("a fault")

        one.put = fail  # type: ignore[method-assign]
        here.tell("a")
        await here.round()

        assert one.parted
        assert len(here.circles) == 0


Step = tuple[str, int]
steps = st.lists(
    st.tuples(
        st.sampled_from(["tell", "round", "enter", "full", "free", "leave"]), st.integers(0, 3)
    ),
    max_size=60,
)


@settings(max_examples=50)
@given(story=steps)
async def test_whatever_happens_all_end_with_the_newest_of_everything(story: list[Step]) -> None:
    async with ring() as here:
        readers = [here.reader() for _ in range(4)]
        inside: set[int] = set()
        told: dict[str, float] = {}
        for what, which in story:
            one = readers[which]
            if what == "tell":
                here.tell(str(which))
                told[str(which)] = float(here._offset)
            elif what == "round":
                await here.round()
            elif what == "enter" and which not in inside:
                one.parted = False
                inside.add(which)
                here.circles.enter(WHICH, one)
            elif what == "leave":
                here.circles.part(WHICH, one)
            else:
                one.room = what != "full" and (one.room or what == "free")
            inside = {n for n in inside if not readers[n].parted}
        for one in readers:
            one.room = True
        await here.round()
        await here.round()
        for one in readers:
            one.drain()

            assert one.known == told

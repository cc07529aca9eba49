"""The hub: bounded, newest per entity, in order."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from headway.hub import LARGEST, Hub
from headway.model.views import SourceView
from headway.store.contract import Change


def change(offset: int, key: str = "a") -> Change:
    return Change(offset=offset, key=key, view=SourceView(key=key, updated_at=float(offset)))


def test_a_slow_reader_gets_only_the_newest_of_each_entity() -> None:
    hub = Hub()
    mailbox = hub.subscribe()

    hub.publish([change(1, "a"), change(2, "b")])
    hub.publish([change(3, "a")])

    assert [one.offset for one in mailbox.take()[0]] == [2, 3]


def test_what_the_reader_has_already_does_not_come_again_even_if_told_late() -> None:
    hub = Hub()
    mailbox = hub.subscribe()
    hub.publish([change(1, "a")])

    mailbox.skip_to(5)
    hub.publish([change(4, "b"), change(6, "c")])

    assert [one.key for one in mailbox.take()[0]] == ["c"]


def test_the_cursor_of_a_partial_take_leaves_nothing_behind_it() -> None:
    hub = Hub()
    mailbox = hub.subscribe()
    hub.publish([change(n, str(n)) for n in range(1, 6)])

    taken, cursor = mailbox.take(2)

    assert [one.offset for one in taken] == [1, 2]
    assert cursor == 2
    assert mailbox.take()[1] == 5


def test_the_cursor_passes_what_the_reader_does_not_want() -> None:
    hub = Hub()
    mailbox = hub.subscribe(lambda one: one.key == "a")

    hub.publish([change(1, "a"), change(2, "b")])

    assert mailbox.take()[1] == 2


def test_a_mailbox_over_its_bound_says_that_a_snapshot_is_needed() -> None:
    hub = Hub()
    mailbox = hub.subscribe()

    hub.publish([change(n, str(n)) for n in range(1, LARGEST + 2)])

    assert mailbox.overflowed
    assert mailbox.take()[0] == []


async def test_waiting_ends_with_the_first_change() -> None:
    hub = Hub()
    mailbox = hub.subscribe()
    waiting = asyncio.ensure_future(mailbox.wait())
    await asyncio.sleep(0)
    assert not waiting.done()

    hub.publish([change(1)])

    await asyncio.wait_for(waiting, 5)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans())), st.integers(1, 3))
def test_whoever_takes_until_nothing_is_left_ends_with_the_newest_values(
    story: list[tuple[str, bool]], limit: int
) -> None:
    hub, seen, truth = Hub(), {}, {}
    mailbox = hub.subscribe()

    for offset, (key, take) in enumerate(story, start=1):
        hub.publish([change(offset, key)])
        truth[key] = offset
        if take:
            seen |= {one.key: one.offset for one in mailbox.take(limit)[0]}
    while taken := mailbox.take(limit)[0]:
        seen |= {one.key: one.offset for one in taken}

    assert seen == truth

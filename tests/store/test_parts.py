"""The small parts: blocks of offsets, levels in memory, bodies, statements."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from tests.store.stories import (
    EDGES,
    GROUP,
    JOB,
    OTHER,
    SWARM,
    ended,
    open_store,
    progress,
    registered,
    started,
    whole_job,
)

from headway.model import events as ev
from headway.model.events import AnyEvent
from headway.store.blocks import SIZE, Blocks
from headway.store.bodies import KINDS, event_body, event_from, without_detail
from headway.store.levels import MANY, Levels
from headway.store.naming import native_ranges
from headway.store.present import MOST_RESOLVED
from headway.store.queries import migrations, named


@pytest.fixture
def connection() -> Iterator[apsw.Connection]:
    connection = apsw.Connection(":memory:")
    for script in migrations().values():
        connection.execute(script)
    yield connection
    connection.close()


def blocks(connection: apsw.Connection, reserved: int = 0) -> Blocks:
    made = Blocks(connection)
    made.start(reserved)
    return made


def test_a_block_is_reserved_before_it_is_used(connection: apsw.Connection) -> None:
    one = blocks(connection)
    assert not one.has_room(1)

    one.reserve(5)

    assert one.has_room(5)
    assert [one.take(2), one.take(3), one.take(0), one.last] == [1, 3, 6, 5]
    assert connection.execute("select value from counters where name = 'reserved'").get == 6 + SIZE


def test_two_writers_never_share_an_offset(connection: apsw.Connection) -> None:
    one, two = blocks(connection), blocks(connection)
    one.reserve(1)
    two.reserve(1)
    one.reserve(5 * SIZE)

    given_out = [one.take(SIZE), two.take(SIZE)]

    assert given_out[0] > given_out[1] + SIZE or given_out[1] > given_out[0] + SIZE


def test_what_is_left_of_a_block_stays_unused_once_another_one_lies_behind_it(
    connection: apsw.Connection,
) -> None:
    one, two = blocks(connection), blocks(connection)
    one.reserve(1)
    first = one.take(1)
    two.reserve(1)

    one.leave(2 * (SIZE + 1))

    assert not one.has_room(1)
    one.reserve(1)
    assert one.take(1) > two.take(1) > first


def test_a_block_with_none_behind_it_is_kept(connection: apsw.Connection) -> None:
    one = blocks(connection)
    one.reserve(1)
    end = SIZE + 2

    one.leave(end)
    one.leave(0)

    assert one.has_room(1)
    assert one.take(1) == 1


def test_what_was_never_given_out_is_given_back(connection: apsw.Connection) -> None:
    one = blocks(connection)
    one.reserve(1)
    one.take(1)

    one.give_back()

    assert connection.execute("select value from counters where name = 'reserved'").get == 1


def test_of_many_levels_only_the_newest_of_a_name_are_kept() -> None:
    levels = Levels()

    levels.add([progress(n, at=float(n)) for n in range(MANY + 1)])
    levels.add([progress(1, OTHER)])

    assert levels.newest() == [progress(MANY, at=float(MANY)), progress(1, OTHER)]


@given(event=EDGES)
def test_an_edge_comes_back_from_its_body_as_it_was(event: AnyEvent) -> None:
    kept = without_detail(event)
    body = event_body(event)

    found = event_from(KINDS[type(event)], event.key, event.at, event.attempt, body)

    assert found == kept
    assert event.key not in body or isinstance(event, ev.Sealed | ev.Registered)


def test_every_edge_has_a_number() -> None:
    assert KINDS.keys() == ev.EDGES
    assert len(set(KINDS.values())) == len(KINDS)


def test_a_native_id_is_looked_for_in_every_source() -> None:
    (low, high), *rest = native_ranges(["comfy"], "5f")

    assert low <= JOB < high
    assert not rest
    assert native_ranges(["comfy"], "") == []


def test_every_statement_is_one_statement(connection: apsw.Connection) -> None:
    files = ("read", "find", "load", "write", "retention", "glance")
    statements = [text for file in files for text in named(file).values()]

    assert all(text and ";" not in text for text in statements)


def test_finished_jobs_leave_memory_but_not_the_store(tmp_path: Path) -> None:
    store = open_store(tmp_path / "headway.db", durability="normal")
    for n in range(0, MOST_RESOLVED + 40, 20):
        store.append([event for m in range(20) for event in whole_job(f"comfy~{n + m}~")])

    present = store._writer.present

    assert len(present.rows) <= 3 * MOST_RESOLVED + 60
    assert "comfy~0~" not in present.rows
    assert store.get("comfy~0~") is not None
    store.append([registered("comfy~0~", who="late", title="fox")])
    assert store.get("comfy~0~").title == "fox"  # type: ignore[union-attr]
    assert len(store.steps("comfy~0~")) == 2
    store.close()


def test_the_seals_of_a_group_are_not_written_with_every_change_of_it(tmp_path: Path) -> None:
    path = tmp_path / "headway.db"
    store = open_store(path, durability="normal")
    members = [JOB, OTHER, SWARM]
    store.append([registered(key, group="g1") for key in members])
    store.append([ev.Sealed(key=GROUP, at=1.0, ids=members)])
    store.close()

    store = open_store(path, durability="normal")
    changes = store.append([started(JOB)])
    assert JOB.encode() not in bytes(store._writer.present.rows[GROUP].body)
    for key in members:
        changes = store.append([ended(key=key)])

    assert changes[-1].view.complete  # type: ignore[union-attr]
    store.close()

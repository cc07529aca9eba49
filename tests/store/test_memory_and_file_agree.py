"""Any story, flushed, closed and opened anywhere, reads the same as one that stayed in memory.

Invariants I12 (store, load, fold is identity) and I13 (what changes nothing tells nobody).
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.store.stories import BATCHES, local, open_store, told, whole_job

from headway.model.events import AnyEvent
from headway.store.contract import Change
from headway.store.memory import MemoryStore
from headway.store.sqlite import SqliteStore


class Twins(RuleBasedStateMachine):
    """One store in memory and one in a file, told the same."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "headway.db"
        self.memory = MemoryStore()
        self.file = open_store(self.path, durability="normal")
        self.batches: list[list[AnyEvent]] = []

    @rule(batch=BATCHES)
    def append(self, batch: list[AnyEvent]) -> None:
        self.batches.append(batch)
        head = self.file.cursor().offset

        expected, found = self.memory.append(batch), self.file.append(batch)

        assert as_told(found) == as_told(expected)
        offsets = [change.offset for change in found]
        assert offsets == sorted(set(offsets))
        assert all(offset > head for offset in offsets)

    @precondition(lambda self: self.batches)
    @rule()
    def append_again(self) -> None:
        assert self.file.append(self.batches[-1]) == []
        assert self.memory.append(self.batches[-1]) == []

    @rule()
    def flush(self) -> None:
        self.file.flush()

        assert not self.file.dirty()

    @rule()
    def reopen(self) -> None:
        before = self.file.cursor()
        self.file.close()

        self.file = open_store(self.path, durability="normal")

        assert self.file.cursor() == before

    @rule()
    def crash(self) -> None:
        self.file.flush()
        before = self.file.cursor()

        self.file = open_store(self.path, durability="normal")

        assert self.file.cursor().offset >= before.offset

    @invariant()
    def both_answer_the_same(self) -> None:
        assert told(self.file) == told(self.memory)

    def teardown(self) -> None:
        self.file.close()
        self.folder.cleanup()


def as_told(changes: list[Change]) -> list[object]:
    return [(change.key, change.view, change.edge) for change in changes]


def test_a_reader_in_another_connection_answers_what_the_writer_answers(tmp_path: Path) -> None:
    store = open_store(tmp_path / "headway.db")
    store.append(whole_job(title="the fox jumps", group="g1"))
    reader = SqliteStore.reader(tmp_path / "headway.db", is_network=local)

    assert told(reader) == told(store)

    reader.close()
    store.close()


@settings(max_examples=40, deadline=None)
@given(story=st.lists(st.tuples(st.integers(0, 1), BATCHES), max_size=8))
def test_two_writers_of_one_file_end_where_one_would_and_a_reader_misses_nothing(
    story: list[tuple[int, list[AnyEvent]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "headway.db"
        expected = MemoryStore()
        stores = [open_store(path, durability="normal") for _ in range(2)]
        reader = SqliteStore.reader(path, is_network=local)
        cursor, seen = reader.cursor(), {}

        for who, batch in story:
            expected.append(batch)
            stores[who].append(batch)
            changes = reader.changes(cursor)
            seen |= {change.key: change.view for change in changes}
            cursor = cursor._replace(offset=max([cursor.offset, *(c.offset for c in changes)]))
        for store in stores:
            store.flush()
        seen |= {change.key: change.view for change in reader.changes(cursor)}

        for store in stores:
            store.outside()
            assert in_any_order(told(store)) == in_any_order(told(expected))
        assert seen == {key: view for key, (view, _) in told(reader)["changed"].items()}
        for one in (*stores, reader):
            one.close()


def in_any_order(answers: dict[str, Any]) -> dict[str, Any]:
    """Without what depends on who was first to write: places in lists."""
    for part in ("past", "pages"):
        answers[part] = {name: sorted(map(repr, all_)) for name, all_ in answers[part].items()}
    return answers


TestTwins = Twins.TestCase
TestTwins.settings = settings(max_examples=60, stateful_step_count=12, deadline=None)

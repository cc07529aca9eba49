"""Every question has its index: no scan of a table that grows, no sorting of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import apsw
import pytest
from tests.store.stories import ended, open_store, registered, started, whole_job

from headway.store.queries import named

INDEX = {
    ("read", "changes"): "entities_by_offset (offset>?)",
    ("read", "head"): "entities_by_offset",
    ("read", "live"): "entities_active (kind=?)",
    ("read", "get"): "entities_by_key (key=?)",
    ("read", "steps"): "entities_by_key (key>? AND key<?)",
    ("read", "past"): "entities_by_key (key=?)",
    ("read", "payload"): "payloads_once (entity=? AND name=?)",
    ("read", "keys_between"): "entities_by_key (key>? AND key<?)",
    ("read", "sources_of_ended"): "jobs_by_source (source>?)",
    ("read", "sources_of_active"): "entities_active (kind=?)",
    ("read", "records"): "records_by_end",
    ("read", "records_of_source"): "records_by_source (source=?)",
    ("read", "records_of_signature"): "records_by_signature (signature=?)",
    ("read", "records_of_family"): "records_by_family (family=?)",
    ("read", "samples"): "samples_of (key=? AND field=? AND at>?)",
    ("find", "active"): "entities_active (kind=? AND at<?)",
    ("find", "ended"): "jobs_by_at (at<?)",
    ("find", "ended_of_source"): "jobs_by_source (source=? AND at<?)",
    ("find", "ended_so"): "jobs_by_outcome (outcome=? AND at<?)",
    ("find", "ended_so_of_source"): "jobs_by_both (source=? AND outcome=? AND at<?)",
    ("find", "groups_ended"): "groups_by_at (at<?)",
    ("find", "members"): "entities_by_group (grp=? AND rowid<?)",
    ("find", "titled"): "PRIMARY KEY (rowid=?)",
    ("find", "recent"): "PRIMARY KEY (rowid<?)",
    ("load", "active"): "entities_active (kind=?)",
    ("load", "by_key"): "entities_by_key (key=?)",
    ("load", "steps"): "entities_by_key (key>? AND key<?)",
    ("load", "members"): "entities_by_group (grp=?)",
    ("write", "changed_since"): "entities_by_offset (offset>?)",
    ("write", "edged_since"): "PRIMARY KEY (rowid>?)",
    ("write", "has_event"): "events_once (entity=? AND attempt=? AND kind=? AND disc=?)",
    ("write", "end_steps"): "entities_by_key (key>? AND key<?)",
    ("write", "head"): "entities_by_offset",
    ("retention", "too_old"): "jobs_by_at (at<?)",
    ("retention", "oldest"): "jobs_by_at",
    ("retention", "groups_too_old"): "groups_by_at (at<?)",
    ("retention", "loose"): "steps_loose (at<?)",
    ("retention", "forget_records"): "records_by_end (ended_at<?)",
    ("retention", "forget_samples"): "samples_by_at (at<?)",
    ("glance", "newest"): "jobs_by_at",
}
SORTS = {
    ("find", "titled"),
    ("glance", "newest"),
    ("read", "past"),
    ("read", "sources_of_active"),
    ("retention", "loose"),
}
"""These sort only what a limit let through, the few that are active, or the edges of one entity."""


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[apsw.Connection]:
    path = tmp_path_factory.mktemp("plans") / "headway.db"
    store = open_store(path, durability="normal")
    for n in range(40):
        store.append(whole_job(f"comfy~{n}~", at=float(n), title="fox"))
        store.append([started(f"swarm~{n}~"), registered(f"swarm~{n}~", group="g1")])
        store.append([ended("failed", f"stash~{n}~")])
    store.close()
    connection = apsw.Connection(str(path))
    yield connection
    connection.close()


def plan(connection: apsw.Connection, statement: str) -> list[str]:
    names = re.findall(r"[:?]([a-z]+|[0-9]+)", statement)
    numbers = {int(name) for name in names if name.isdigit()}
    marks = max(numbers) if numbers else statement.count("?")
    values = dict.fromkeys(names) if names and not numbers else (None,) * marks
    return [str(row[3]) for row in connection.execute(f"explain query plan {statement}", values)]


@pytest.mark.parametrize("place", sorted(INDEX), ids=".".join)
def test_the_planner_takes_the_index_that_is_meant(
    connection: apsw.Connection, place: tuple[str, str]
) -> None:
    steps = plan(connection, named(place[0])[place[1]])

    assert any(step.endswith(INDEX[place]) for step in steps), steps
    if place not in SORTS:
        assert not any("TEMP B-TREE" in step for step in steps), steps
    tables = ("entities", "events", "records", "payloads", "samples", "member")
    assert not [step for step in steps if step in {f"SCAN {table}" for table in tables}]

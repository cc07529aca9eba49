"""A look at the newest jobs with the interpreter's own SQLite and next to no imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.store.stories import (
    OTHER,
    SWARM,
    ended,
    local,
    open_store,
    queued,
    registered,
    started,
    step_started,
    whole_job,
)

from headway.errors import StoreError
from headway.store import glance as glancing
from headway.store.contract import Query
from headway.store.glance import glance, newest
from headway.store.opening import APPLICATION
from headway.store.queries import migrations
from headway.store.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "head way#1?.db"
    store = open_store(path, durability="normal")
    store.append(whole_job(title="fox"))
    store.append([queued(OTHER, at=20.0), started(OTHER, at=21.0), step_started("3", OTHER, at=22)])
    store.append([ended("failed", SWARM, at=8.0, why="no memory", basis="inferred")])
    store.append([registered("comfy~a%2F b~", at=3.0)])
    store.close()
    return path


def test_it_says_of_every_job_what_the_view_says(path: Path) -> None:
    reader = SqliteStore.reader(path, is_network=local)
    views = reader.find(Query()).views
    reader.close()

    found = glance(path)

    assert found is not None
    for name in ("key", "source", "native", "phase", "title", "queued_at", "started_at"):
        assert [one[name] for one in found] == [getattr(view, name) for view in views], name
    assert [one["ended_at"] for one in found] == [None, None, 8.0, 7.0]
    assert [one["basis"] for one in found][2:] == ["inferred", "observed"]
    assert [one["why"] for one in found] == [None, None, "no memory", None]
    assert found[0]["updated_at"] == 22.0


def test_it_filters_and_stops_at_the_limit(path: Path) -> None:
    assert [row[0] for row in newest(path, outcome="failed") or []] == [SWARM]
    assert [row[0] for row in newest(path, source="comfy", limit=1) or []] == [OTHER]
    assert newest(path, source="nobody") == []


def test_where_no_file_is_there_is_nothing_to_tell(tmp_path: Path) -> None:
    assert glance(tmp_path / "headway.db") is None


def test_a_newer_or_foreign_file_is_refused(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other.db").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError):
        glance(tmp_path / "other.db")

    monkeypatch.setattr(glancing, "TABLES", 0)
    with pytest.raises(StoreError, match="newer"):
        glance(path)


def test_it_knows_the_newest_tables_and_the_files_mark() -> None:
    assert max(migrations()) == glancing.TABLES
    assert glancing.APPLICATION == APPLICATION


def test_it_imports_next_to_nothing(path: Path) -> None:
    program = (
        "import sys; before = set(sys.modules)\n"
        "from headway.store.glance import newest\n"
        f"assert newest({str(path)!r})\n"
        "print(' '.join(sorted(set(sys.modules) - before)))"
    )

    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    heavy = {"msgspec", "apsw", "json", "re", "pathlib", "dataclasses", "datetime", "sqlite3"}
    assert heavy.isdisjoint(found.stdout.split())

"""A voice of its own for each test, speaking into a store of its own."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headway.host import paths
from headway.model.keys import Kind
from headway.model.views import AnyView, GroupView, JobView
from headway.progress import flush, voice
from headway.progress.groups import Group
from headway.store.contract import Query
from headway.store.sqlite import SqliteStore

LONG = 30.0  # seconds; only a failing test waits so long


class Heard:
    """What arrived, as everybody sees it."""

    def __init__(self, folder: Path, log: pytest.LogCaptureFixture) -> None:
        self.folder = folder
        self._log = log

    @property
    def warnings(self) -> list[str]:
        return [one.getMessage() for one in self._log.records if one.name == "headway.progress"]

    def jobs(self) -> dict[str, JobView]:
        """By title."""
        return {view.title: view for view in self.views() if isinstance(view, JobView)}

    def jobs_or_none(self) -> dict[str, JobView]:
        """By title; {} where nothing was ever stored."""
        return self.jobs() if (self.folder / "headway.db").exists() else {}

    def job(self, title: str = "it") -> JobView:
        return self.jobs()[title]

    def views(self) -> list[AnyView]:
        """All jobs."""
        return self.views_of("job")

    def views_of(self, kind: Kind) -> list[Any]:
        """All of a kind."""
        assert flush(LONG)
        reader = SqliteStore.reader(paths.store_file(str(self.folder)))
        try:
            return list(reader.find(Query(kind=kind, limit=500)).views)
        finally:
            reader.close()

    def detail(self, key: str) -> str:
        assert flush(LONG)
        reader = SqliteStore.reader(paths.store_file(str(self.folder)))
        try:
            return reader.payload(key, "detail") or ""
        finally:
            reader.close()

    def group(self, group: Group) -> GroupView:
        view = group.view()
        assert view is not None
        return view


@pytest.fixture
def heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[Heard]:
    monkeypatch.setenv("HEADWAY_STATE_DIR", str(tmp_path))
    for name in ("URL", "TOKEN", "GROUP", "PARENT", "SOURCE", "PROGRESS"):
        monkeypatch.delenv(f"HEADWAY_{name}", raising=False)
    caplog.set_level(logging.WARNING)
    before, own = list(voice._one), voice.Voice()
    voice._one[:] = [own]
    voice._warned.clear()
    yield Heard(tmp_path, caplog)
    own.close(LONG)
    voice._one[:] = before

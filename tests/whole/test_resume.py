"""Readers that come and go at random end with the server's state, exactly.

The whole of it, 10,000 breaks, is `python -m bench.resume`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.resume import storm

from headway.store.contract import Store
from headway.store.memory import MemoryStore
from headway.store.sqlite import SqliteStore


@pytest.mark.parametrize("kind", ["memory", "file"])
async def test_whoever_comes_back_ends_with_the_servers_state(tmp_path: Path, kind: str) -> None:
    store: Store = MemoryStore() if kind == "memory" else SqliteStore.open(tmp_path / "headway.db")

    wrong, frames = await storm(store, breaks=150, count=12, seed=7)

    assert wrong == []
    assert frames > 150

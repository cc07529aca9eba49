"""A simulated ComfyUI for each test, and a state directory that is nobody's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headway.host import paths
from headway.sim.comfyui import SimComfyUI
from headway.transport import place


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "state"
    directory.mkdir()
    monkeypatch.setenv(paths.STATE_DIR, str(directory))
    monkeypatch.delenv(place.URL, raising=False)
    monkeypatch.delenv(place.TOKEN, raising=False)
    return directory


@pytest.fixture
async def sim() -> AsyncIterator[SimComfyUI]:
    async with SimComfyUI(speed=20) as one:
        yield one

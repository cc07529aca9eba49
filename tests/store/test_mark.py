from __future__ import annotations

from pathlib import Path

from headway.model.cursor import Cursor
from headway.store.mark import high_water, leave_mark


def test_the_mark_says_how_far_the_store_was(tmp_path: Path) -> None:
    path = str(tmp_path / "x.mark")

    leave_mark(path, Cursor("epoch", 7))

    assert high_water(path) == ("epoch", 7)


def test_without_a_readable_mark_nothing_is_known(tmp_path: Path) -> None:
    path = tmp_path / "x.mark"
    assert high_water(str(path)) is None

    path.write_bytes(b"\xff\xfe")

    assert high_water(str(path)) is None

from __future__ import annotations

import os
from pathlib import Path

import pytest

from headway.errors import StoreError
from headway.model.events import Progress, Queued
from headway.transport.outbox import Outbox

URL = "http://farm:8329"
DEAD = 2**22 + 1  # above Linux' greatest pid, and nobody's elsewhere


def edge(n: int = 1) -> Queued:
    return Queued(key=f"a~{n}~", at=1.0)


def level(n: int = 1) -> Progress:
    return Progress(key=f"a~{n}~", at=1.0, done=1.0)


def texts(box: Outbox) -> list[str]:
    return [line.decode() for line in box.waiting()]


def test_what_is_kept_is_there_for_the_next_one(tmp_path: Path) -> None:
    Outbox(str(tmp_path), URL).keep([edge(1), level(2)])
    box = Outbox(str(tmp_path), URL)

    assert bool(box)
    assert ["a~1~" in texts(box)[0], "a~2~" in texts(box)[1]] == [True, True]


def test_what_was_delivered_is_forgotten(tmp_path: Path) -> None:
    box = Outbox(str(tmp_path), URL)
    box.keep([edge(1), edge(2), edge(3)])
    box.delivered(2)

    assert len(texts(box)) == 1
    assert "a~3~" in texts(box)[0]
    box.delivered(1)
    assert (bool(box), list(tmp_path.iterdir())) == (False, [])


def test_each_server_has_its_own(tmp_path: Path) -> None:
    Outbox(str(tmp_path), URL).keep([edge()])

    assert not Outbox(str(tmp_path), "http://other")


def test_a_full_box_leaves_out_levels_and_refuses_edges(tmp_path: Path) -> None:
    box = Outbox(str(tmp_path), URL, largest=10)
    box.keep([edge()])
    box.keep([level()])

    assert len(texts(box)) == 1
    with pytest.raises(StoreError, match="full"):
        box.keep([level(), edge()])


def test_what_a_dead_process_left_is_taken_over(tmp_path: Path) -> None:
    box = Outbox(str(tmp_path), URL)
    box.keep([edge(7)])
    (own,) = tmp_path.iterdir()
    server = own.name.partition(".")[0]
    os.replace(own, tmp_path / f"{server}.{DEAD}.outbox")

    again = Outbox(str(tmp_path), URL)

    assert "a~7~" in texts(again)[0]
    assert [path.name for path in tmp_path.iterdir()] == [own.name]


def test_what_a_living_process_keeps_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / f"{'0' * 16}.{os.getppid()}.outbox").write_bytes(b"{}\n")

    assert not Outbox(str(tmp_path), URL)


def test_a_line_cut_by_a_crash_is_left_out(tmp_path: Path) -> None:
    box = Outbox(str(tmp_path), URL)
    box.keep([edge(1)])
    (own,) = tmp_path.iterdir()
    own.write_bytes(own.read_bytes() + b'{"kind":"queu')

    assert len(texts(box)) == 1
    box.keep([edge(2)])
    assert len(texts(box)) == 2


def test_the_box_is_for_its_user_alone(tmp_path: Path) -> None:
    Outbox(str(tmp_path / "box"), URL).keep([edge()])
    (own,) = (tmp_path / "box").iterdir()

    assert os.name == "nt" or own.stat().st_mode & 0o077 == 0  # modes guard nothing there

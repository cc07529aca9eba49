from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.transport.post_office import post_office

from headway.host.process import identity
from headway.model.events import Ended, Queued
from headway.model.views import GroupView, JobView
from headway.store.memory import MemoryStore
from headway.transport import asking
from headway.transport.left import folder_in, left, mark_of
from headway.transport.sender import Sender

DEAD = "4194305.1"  # above Linux' greatest pid, and nobody's elsewhere
QUEUED = b'{"kind":"queued","key":"a~1~","at":1000.0}\n'
ENDED = b'{"kind":"ended","key":"a~1~","at":1001.0,"outcome":"succeeded"}\n'


def leave(state: Path, name: str, body: bytes, url: str = "") -> Path:
    directory = Path(folder_in(str(state)))
    directory.mkdir(exist_ok=True)
    path = directory / f"{mark_of(url)}.{name}.said"
    path.write_bytes(body)
    return path


def found(state: Path, url: str = "") -> list[type]:
    return [type(one) for one in left(folder_in(str(state)), url, 1_001.0).events]


def test_what_a_dead_process_left_is_read_in_order(tmp_path: Path) -> None:
    leave(tmp_path, DEAD, QUEUED + ENDED)

    assert found(tmp_path) == [Queued, Ended]


def test_what_a_living_process_writes_is_left_alone(tmp_path: Path) -> None:
    here = identity()
    leave(tmp_path, f"{here.pid}.{here.started}", QUEUED)

    assert found(tmp_path) == []


def test_a_line_cut_by_the_death_or_that_is_no_event_is_left_out(tmp_path: Path) -> None:
    bad = (
        b'{"kind":"queued"}\nnonsense\n\xff\xfe\n{"kind":"sealed","key":"a~1~","at":1.0,"ids":[]}\n'
    )
    leave(tmp_path, DEAD, bad + QUEUED + ENDED[:-20])

    assert found(tmp_path) == [Queued]


@pytest.mark.parametrize("name", ["x.1", "", "99999999999999999999.1", "²2.1"])
def test_a_file_of_another_name_is_none_of_ours(tmp_path: Path, name: str) -> None:
    leave(tmp_path, name, QUEUED)

    assert found(tmp_path) == []


def test_each_server_gets_its_own(tmp_path: Path) -> None:
    leave(tmp_path, DEAD, QUEUED, "http://farm")

    assert (found(tmp_path), found(tmp_path, "http://farm")) == ([], [Queued])


def test_a_sender_stores_it_and_takes_the_file_away(tmp_path: Path) -> None:
    store, path = MemoryStore(), leave(tmp_path, DEAD, QUEUED + ENDED)
    env = {"HEADWAY_STATE_DIR": str(tmp_path)}
    with Sender(env=env, open_store=lambda _: store, clock=lambda: 1_001.0) as sender:
        assert sender.flush() is True
        view = store.get("a~1~")

    assert isinstance(view, JobView)
    assert (view.outcome, path.exists()) == ("succeeded", False)


def test_a_named_server_gets_it_before_what_is_newer(tmp_path: Path) -> None:
    with post_office() as office:
        leave(tmp_path, DEAD, QUEUED, office.url)
        env = {"HEADWAY_STATE_DIR": str(tmp_path), "HEADWAY_URL": office.url}
        with Sender(env=env, clock=lambda: 1_001.0) as sender:
            sender.send([Queued(key="a~2~", at=1_000.0)])

        assert office.keys == ["a~1~", "a~2~"]
        assert os.listdir(folder_in(str(tmp_path))) == []


def test_a_group_that_nobody_heard_of_is_none(tmp_path: Path) -> None:
    env = {"HEADWAY_STATE_DIR": str(tmp_path)}

    assert (asking.group("g", env=env), asking.members("g", env=env)) == (None, [])


def test_a_group_is_asked_of_the_server_page_by_page(tmp_path: Path) -> None:
    one = '{"groups":[{"kind":"group","key":"~group~x","id":"x","title":"","sealed":false,'
    one += '"complete":false}],"next":"n"}'
    with post_office() as office:
        office.answers = [(200, one), (200, one.replace('"x"', '"g"').replace('"n"', '""'))]
        env = {"HEADWAY_STATE_DIR": str(tmp_path), "HEADWAY_URL": office.url}
        view = asking.group("g", env=env)

    assert isinstance(view, GroupView)
    assert view.id == "g"

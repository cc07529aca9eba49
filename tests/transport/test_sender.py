from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.transport.post_office import PostOffice, post_office

from headway.errors import Refused, UsageError
from headway.host import paths, runfile
from headway.host.process import identity
from headway.model.events import AnyEvent, Progress, Queued, Sealed
from headway.model.views import JobView
from headway.store.memory import MemoryStore
from headway.transport.sender import Sender


class Clock:
    """A clock that the test moves. Each look at a place is made anew."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        self.now += 1.5  # more than a place found is believed
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as one:
        yield one


def edge(n: int = 1) -> AnyEvent:
    return Queued(key=f"a~{n}~", at=1_000.0)


def sender(env: Mapping[str, str], clock: Clock, **more: Any) -> Sender:
    return Sender(env=env, clock=clock, **more)


def local(tmp_path: Path) -> dict[str, str]:
    return {"HEADWAY_STATE_DIR": str(tmp_path)}


def remote(tmp_path: Path, url: str) -> dict[str, str]:
    return local(tmp_path) | {"HEADWAY_URL": url, "HEADWAY_TOKEN": "t"}


def serve_here(tmp_path: Path, url: str) -> None:
    run = runfile.RunFile(
        url=url,
        host="127.0.0.1",
        port=int(url.rpartition(":")[2]),
        pid=os.getpid(),
        token="t",
        started=identity().started,
    )
    runfile.write(paths.run_file(str(tmp_path)), run)


def test_a_server_of_this_machine_gets_it(tmp_path: Path, clock: Clock, office: PostOffice) -> None:
    serve_here(tmp_path, office.url)
    with sender(local(tmp_path), clock) as out:
        assert out.send([edge(1)]) == "stored"

    assert office.keys == ["a~1~"]
    assert office.posts[0][0]["Authorization"] == "Bearer t"


def test_where_none_runs_the_local_store_takes_it(tmp_path: Path, clock: Clock) -> None:
    store = MemoryStore()
    opened: list[str] = []
    with sender(
        local(tmp_path), clock, open_store=lambda path: opened.append(path) or store
    ) as out:
        assert out.send([edge(1), Progress(key="a~1~", at=1_000.0, done=2.0)]) == "stored"
        assert out.send([edge(2)]) == "stored"

        view = store.get("a~1~")
        assert isinstance(view, JobView)
        assert view.bars[0].done == 2.0
    assert opened == [paths.store_file(str(tmp_path))]


def test_a_run_file_whose_server_does_not_answer_means_none_runs(
    tmp_path: Path, clock: Clock, unused_tcp_port: int
) -> None:
    serve_here(tmp_path, f"http://127.0.0.1:{unused_tcp_port}")
    store = MemoryStore()
    with sender(local(tmp_path), clock, open_store=lambda _: store) as out:
        assert out.send([edge(1)]) == "stored"
        assert store.get("a~1~") is not None


def test_what_a_named_server_cannot_take_now_is_kept_and_delivered_later(
    tmp_path: Path, clock: Clock, unused_tcp_port: int
) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}"
    with sender(remote(tmp_path, url), clock) as out:
        assert out.send([edge(1)]) == "kept"
        assert out.send([edge(2)]) == "kept"
        assert out.flush() is False
    with post_office(unused_tcp_port) as office, sender(remote(tmp_path, url), clock) as again:
        assert again.send([edge(3)]) == "stored"
        assert again.flush() is True

    assert office.keys == ["a~1~", "a~2~", "a~3~"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_is_busy_gets_it_later(
    tmp_path: Path, clock: Clock, office: PostOffice, status: int
) -> None:
    office.answers = [(status, "")]
    with sender(remote(tmp_path, office.url), clock) as out:
        assert out.send([edge(1)]) == "kept"
        assert out.send([edge(2)]) == "stored"

    assert office.keys == ["a~1~", "a~2~"]


def test_after_a_failure_nobody_waits_for_the_next_try(
    tmp_path: Path, clock: Clock, office: PostOffice
) -> None:
    office.answers = [(503, "")] * 20
    with sender(remote(tmp_path, office.url), clock) as out:
        for n in range(20):
            assert out.send([edge(n)]) == "kept"

    assert len(office.answers) > 10


def test_what_is_refused_is_told_and_not_kept(
    tmp_path: Path, clock: Clock, office: PostOffice
) -> None:
    office.answers = [(400, '{"detail":"unknown field"}'), (401, "")]
    with sender(remote(tmp_path, office.url), clock) as out:
        with pytest.raises(UsageError, match="unknown field"):
            out.send([edge(1)])
        with pytest.raises(Refused):
            out.send([edge(2)])
        assert out.flush() is True

    assert office.keys == []


def test_one_kept_event_that_is_not_taken_does_not_hold_up_the_others(
    tmp_path: Path, clock: Clock, office: PostOffice
) -> None:
    office.answers = [(503, ""), (400, ""), (200, "{}"), (400, ""), (200, "{}")]
    with sender(remote(tmp_path, office.url), clock) as out:
        assert out.send([edge(1), edge(2), edge(3)]) == "kept"
        assert out.flush() is True

    assert office.keys == ["a~1~", "a~3~"]


def test_much_is_sent_in_pieces(tmp_path: Path, clock: Clock, office: PostOffice) -> None:
    with sender(remote(tmp_path, office.url), clock) as out:
        out.send([edge(n) for n in range(2_500)])

    assert [len(body["events"]) for _, body in office.posts] == [1_000, 1_000, 500]


def test_large_events_are_sent_in_smaller_pieces(
    tmp_path: Path, clock: Clock, office: PostOffice
) -> None:
    ids = [f"a~{n:0>500}~" for n in range(500)]
    with sender(remote(tmp_path, office.url), clock) as out:
        out.send([Sealed(key=f"~group~{n}", at=1_000.0, ids=ids) for n in range(6)])

    assert [len(body["events"]) for _, body in office.posts] == [3, 3]


def test_nothing_to_send_is_sent_at_once(tmp_path: Path, clock: Clock) -> None:
    with sender(local(tmp_path), clock) as out:
        assert out.send([]) == "stored"
        assert out.flush() is True

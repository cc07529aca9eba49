from __future__ import annotations

import pytest
from tests.transport.post_office import post_office

from headway.errors import HeadwayError, Refused, Unreachable, UsageError
from headway.transport.place import Place
from headway.transport.wire import Wire

EVENT = b'{"kind":"queued","key":"a~1~","at":1.0}'


def test_a_batch_is_posted_as_the_server_wants_it() -> None:
    with post_office() as office:
        wire = Wire(Place(office.url, "hush"))
        wire.post([EVENT, EVENT])
        wire.post([EVENT])
        wire.close()

    headers = office.posts[0][0]
    assert office.keys == ["a~1~"] * 3
    assert headers["Authorization"] == "Bearer hush"
    assert headers["Content-Type"] == "application/json"
    assert headers["Idempotency-Key"] != office.posts[1][0]["Idempotency-Key"]


def test_a_kept_connection_that_was_closed_is_opened_again() -> None:
    with post_office() as office:
        wire = Wire(Place(office.url))
        wire.post([EVENT])
        office.answers = [(0, "")]
        wire.post([EVENT])
        wire.close()

    assert len(office.posts) == 2


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, UsageError),
        (401, Refused),
        (403, Refused),
        (404, UsageError),
        (413, UsageError),
        (302, Unreachable),
        (429, Unreachable),
        (409, Unreachable),
        (500, Unreachable),
        (503, Unreachable),
    ],
)
@pytest.mark.parametrize("text", ['{"detail": "no room", "hint": "wait"}', "<html>", "[]", ""])
def test_an_answer_is_the_error_of_who_can_act(
    status: int, error: type[HeadwayError], text: str
) -> None:
    with post_office() as office:
        office.answers = [(status, text)]
        wire = Wire(Place(office.url))
        with pytest.raises(error) as raised:
            wire.post([EVENT])
        wire.close()

    assert type(raised.value) is error
    assert "no room" in str(raised.value) or "no room" not in text or status == 302


def test_nobody_there_is_unreachable(unused_tcp_port: int) -> None:
    with pytest.raises(Unreachable, match="no answer from"):
        Wire(Place(f"http://127.0.0.1:{unused_tcp_port}")).post([EVENT])


@pytest.mark.parametrize("url", ["ftp://farm", "farm:8329", "http://", ""])
def test_a_url_that_is_none_is_the_users_mistake(url: str) -> None:
    with pytest.raises(UsageError):
        Wire(Place(url)).post([EVENT])

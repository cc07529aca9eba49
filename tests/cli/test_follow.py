"""Waiting, and what its code says."""

import json
from typing import Any

import pytest
from tests.cli.conftest import NOW, Canned, Run

from headway.cli.follow import idle_code, jobs_code
from headway.cli.reach import messages
from headway.model.views import JobView, SourceView
from headway.talk.status import status_of

COMFY = SourceView(key="comfy", seen=True, meta={"source_kind": "comfyui"})
BUSY = JobView(key="comfy~a~1", source="comfy", native="a", phase="running", title="portrait")


def sse(*frames: Any) -> bytes:
    """A stream of server-sent events with these messages."""
    return b"".join(f"id: e.1\ndata: {json.dumps(one)}\n\n".encode() for one in frames)


WELCOME = {"type": "welcome", "data": {"cursor": "e.1"}}


@pytest.fixture
def streaming(canned: Canned) -> Canned:
    """A server with a stream that ends after its welcome."""
    canned.answers["/api/v1/stream"] = b"retry: 2000\n\n: hello\n\n" + sse(WELCOME)
    return canned


@pytest.mark.parametrize(
    ("phases", "code"),
    [
        (("succeeded", "succeeded"), 0),
        (("succeeded", "running"), None),
        (("succeeded", "failed"), 1),
        (("cancelled",), 1),
        (("lost", "succeeded"), 4),
        (("unknown", "failed"), 1),
        ((), 0),
    ],
)
def test_the_worst_that_happened_is_the_code(phases: tuple[str, ...], code: int | None) -> None:
    assert jobs_code(phases) == code


def test_waiting_for_idle_ends_at_once_where_that_cannot_be_known() -> None:
    away = SourceView(key="b", seen=False, meta={"source_kind": "comfyui"})

    assert idle_code(status_of([COMFY], now=NOW, version="0")) == 0
    assert idle_code(status_of([COMFY, BUSY], now=NOW, version="0")) is None
    assert idle_code(status_of([away], now=NOW, version="0")) == 4
    assert idle_code(status_of([], now=NOW, version="0")) == 4


def test_idle_is_idle(streaming: Canned, hw: Run) -> None:
    streaming.status(COMFY)

    assert hw("wait", "--idle")[0] == 0


def test_idle_that_cannot_be_known_is_4(streaming: Canned, hw: Run) -> None:
    streaming.status()

    code, _, err = hw("wait", "--idle")

    assert code == 4
    assert "not known" in err


@pytest.mark.parametrize(("phase", "code"), [("succeeded", 0), ("failed", 1), ("lost", 4)])
def test_a_job_that_is_over_ends_the_wait(
    streaming: Canned, hw: Run, phase: str, code: int
) -> None:
    job = {"key": "comfy~a~1", "native": "a", "phase": phase}
    streaming.answers["/api/v1/jobs/a"] = job
    streaming.answers["/api/v1/jobs/comfy~a~1"] = job

    assert hw("wait", "a")[0] == code


def test_no_time_left_is_124(canned: Canned, hw: Run) -> None:
    canned.status(COMFY, BUSY)

    assert hw("wait", "--idle", "--timeout", "0")[0] == 124


def test_a_server_that_goes_away_is_3(streaming: Canned, hw: Run) -> None:
    streaming.status(COMFY, BUSY)

    code, _, err = hw("wait", "--idle")

    assert code == 3
    assert "the stream ended" in err


@pytest.mark.parametrize(
    ("group", "code"),
    [
        ({"complete": True}, 0),
        ({"complete": True, "failed": 1}, 1),
        ({"complete": True, "unknown": 1}, 4),
        ({"seal_conflict": True}, 4),
    ],
)
def test_a_group_that_is_complete_ends_the_wait(
    streaming: Canned, hw: Run, group: dict[str, Any], code: int
) -> None:
    streaming.answers["/api/v1/groups"] = {"groups": [{"id": "g"} | group], "cursor": "e.1"}

    assert hw("wait", "--group", "g")[0] == code


def test_without_a_server_nobody_can_tell_of_a_job(hw: Run) -> None:
    assert hw("wait", "abc")[0] == 3


def test_watch_once_prints_what_runs(canned: Canned, hw: Run) -> None:
    canned.status(COMFY, BUSY)
    canned.answers["/api/v1/jobs"] = {"jobs": [], "cursor": "e.1"}

    code, out, _ = hw("watch", "--once")

    assert code == 0
    assert out.startswith("1 running, 0 waiting\n")


def test_watch_in_a_pipe_prints_lines_until_the_server_goes(streaming: Canned, hw: Run) -> None:
    streaming.status(COMFY, BUSY)

    code, out, _ = hw("watch")

    assert code == 3
    assert "portrait  starting" in out
    assert "\x1b" not in out


def test_watch_jsonl_prints_each_entity_on_a_line(canned: Canned, hw: Run) -> None:
    changes = {"type": "changes", "data": {"entities": [{"key": "a"}, {"key": "b"}], "gone": []}}
    canned.answers["/api/v1/stream"] = sse(WELCOME, changes)

    code, out, _ = hw("watch", "--format", "jsonl")

    assert code == 3
    assert [json.loads(line)["key"] for line in out.splitlines()] == ["a", "b"]


def test_messages_survive_comments_and_several_data_lines() -> None:
    lines = b": c\r\n\r\nid: 1\r\ndata: {\r\ndata: }\r\n\r\ndata: 3\r\n\r\n".splitlines(
        keepends=True
    )

    assert list(messages(iter(lines))) == [{}]

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.model.keys import JobKey, group_key, step_key
from headway.model.views import AnyView, GroupView, JobView, SourceView, StepView, WorkerView
from headway.model.words import Outcome, Phase
from headway.talk import messages
from headway.talk.messages import (
    ChangesFrame,
    ErrorFrame,
    Filter,
    HelloFrame,
    PongFrame,
    ResultFrame,
    WelcomeFrame,
    matches,
    read_client,
    read_server,
)
from headway.talk.problems import CODES

KEY = JobKey("comfy", "1").text


def job(phase: Phase = "running", outcome: Outcome | None = None, **meta: Any) -> JobView:
    return JobView(key=KEY, source="comfy", native="1", phase=phase, outcome=outcome, meta=meta)


def test_a_hello_without_anything_asks_for_all_topics_at_the_usual_rate() -> None:
    frame = read_client(b'{"type":"hello"}')

    assert isinstance(frame, HelloFrame)
    assert frame.data.topics == ["jobs", "groups", "sources", "workers", "daemons"]
    assert (frame.data.cursor, frame.data.max_rate, bool(frame.data.filter)) == (None, 10, False)


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"hello","data":{"filter":{"colour":"red"}}}',
        '{"type":"hello","data":{"rate":1}}',
        '{"type":"hello","extra":1}',
        '{"type":"get","data":{}}',
        '{"type":"get"}',
        '{"type":"subscribe","data":{"job":null}}',
        '{"type":"ping","data":{"id":{}}}',
        '{"type":"hello","data":{"max_rate":1e999}}',
    ],
)
def test_what_a_client_says_is_strict(frame: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        read_client(frame)


def test_news_are_joined_from_what_was_encoded() -> None:
    entity = msgspec.json.encode(job())

    frame = read_server(messages.changes('e".7', [entity, entity], ["gone~1~"]))

    assert isinstance(frame, ChangesFrame)
    assert (frame.data.cursor, frame.data.gone) == ('e".7', ["gone~1~"])
    assert frame.data.entities == [job(), job()]


def test_no_news_are_a_frame_too() -> None:
    frame = read_server(messages.changes("e.7", []))

    assert isinstance(frame, ChangesFrame)
    assert frame.data.entities == []


def test_every_frame_of_a_server_can_be_read_by_a_client() -> None:
    frames = [
        read_server(messages.welcome("e.1", recovered=True, version="1")),
        read_server(messages.pong(None)),
        read_server(messages.result("a", {"entity": job()})),
        *[read_server(messages.error(code, "why", asked=3)) for code in CODES],
    ]

    assert [type(one) for one in frames[:3]] == [WelcomeFrame, PongFrame, ResultFrame]
    assert all(isinstance(one, ErrorFrame) for one in frames[3:])


def test_a_client_ignores_what_later_servers_add() -> None:
    frame = read_server(
        b'{"type":"welcome","data":{"cursor":"e.1","recovered":true,"version":"9","new":[]},"x":1}'
    )

    assert isinstance(frame, WelcomeFrame)


VIEWS: list[AnyView] = [
    job(group="g"),
    job("succeeded", "succeeded"),
    StepView(key=step_key(KEY, "3"), job=KEY, step="3", phase="running"),
    GroupView(key=group_key("g"), id="g"),
    SourceView(key="comfy"),
    SourceView(key="other"),
    WorkerView(key="comfy~gpu0", source="comfy"),
]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(), [0, 1, 2, 3, 4, 5, 6]),
        (Filter(source="comfy"), [0, 1, 2, 3, 4, 6]),
        (Filter(source="none"), [2, 3]),
        (Filter(group="g"), [0, 2, 3, 4, 5, 6]),
        (Filter(group="h"), [2, 4, 5, 6]),
        (Filter(active=True), [0, 2, 3, 4, 5, 6]),
        (Filter(active=False), [1, 2, 3, 4, 5, 6]),
        (Filter(phase="running"), [0, 2, 3, 4, 5, 6]),
        (Filter(outcome="succeeded"), [1, 2, 3, 4, 5, 6]),
        (Filter(key="other"), [5]),
    ],
)
def test_a_filter_asks_of_each_kind_what_it_can_say(wanted: Filter, expected: list[int]) -> None:
    assert [n for n, view in enumerate(VIEWS) if matches(wanted, view)] == expected


@settings(max_examples=100)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        read_client(b"\x01" + data)

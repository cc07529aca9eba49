"""Whatever comes: counted, sampled, never an exception, never a lost other event."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialects.comfyui.story import Listener, began, ended, entry, item

from headway.dialects.comfyui.desk import Want
from headway.dialects.comfyui.frames import READERS, read_entries
from headway.dialects.comfyui.history import read_history
from headway.dialects.comfyui.queue import read_jobs, read_queue
from headway.dialects.comfyui.server import read_stats
from headway.dialects.comfyui.wire import LARGEST_FRAME, Skip
from headway.model.events import Progress

junk = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=4,
)
ids = st.sampled_from(["a", "b", "", 'q"', "x/y", "🎈" * 300, "z" * 4096, "\ud800"]) | junk
fields = st.sampled_from(
    [
        "prompt_id",
        "node",
        "nodes",
        "value",
        "max",
        "state",
        "timestamp",
        "entries",
        "status",
        "t",
        "m",
    ]
)
data = st.dictionaries(fields, junk | ids | st.dictionaries(st.text(max_size=3), junk, max_size=3))
frames = st.fixed_dictionaries(
    {"type": st.sampled_from(sorted(READERS)) | ids, "data": data | junk}
)
rows = st.lists(ids | junk, max_size=6) | st.tuples(junk, ids, junk, junk, junk).map(list)

BAD = [
    b"",
    b"{",
    b"\xff\xfe{}",
    b"[]",
    b"null",
    b'{"type": 3}',
    b'{"type": "crystools.monitor", "data": {}}',
    b'{"type": "progress"}',
    b'{"type": "progress", "data": null}',
    b'{"type": "progress", "data": {"prompt_id": "a", "node": "3", "value": -1, "max": 8}}',
    b'{"type": "progress", "data": {"prompt_id": "a", "node": "3", "value": "1", "max": 8}}',
    b'{"type": "progress", "data": {"prompt_id": "a", "node": "3", "value": NaN, "max": 8}}',
    b'{"type": "progress", "data": {"prompt_id": "a", "node": "3", "value": 1e999, "max": 8}}',
    b'{"type": "progress", "data": {"prompt_id": null, "node": "3", "value": 1, "max": 8}}',
    b'{"type": "progress_state", "data": {"prompt_id": "a", "nodes": []}}',
    b"[" * 100_000,
]


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
def test_a_bad_frame_is_counted_and_the_next_is_heard(bad: bytes) -> None:
    ear = Listener()
    ear.queue(running=[item()])
    ear.raw(bad)
    ear.frame("progress", prompt_id="a", node="3", value=2, max=8)
    ear.tick()

    assert ear.source().readings["skipped"] == 1
    assert [one.done for one in ear.of(Progress)] == [2]


def test_a_frame_of_fifty_megabytes_is_counted_and_not_read() -> None:
    ear = Listener()
    ear.raw(b'{"type": "x", "data": "' + b"x" * 50_000_000 + b'"}')
    ear.tick()

    assert ear.source().readings["skips"] == ["1 × frame: too large"]
    assert LARGEST_FRAME < 50_000_000


def test_one_bad_node_costs_no_other() -> None:
    ear = Listener()
    ear.queue(running=[item()])
    good = {"value": 2, "max": 8, "state": "running"}
    bad = {"value": float("nan"), "max": 8, "state": "running"}
    ear.frame("progress_state", prompt_id="a", nodes={"3": good, "4": bad, "5": None, "": good})

    assert [one.step for one in ear.of(Progress)] == ["3"]


def test_one_bad_row_costs_no_other() -> None:
    ear = Listener()
    ear.queue(running=[item("r", 1)], pending=[None, [1], [float("nan"), "x", {}], item("a", 2)])
    ear.tick()

    assert {job.native for job in ear.jobs()} == {"r", "a"}
    assert ear.source().readings["skipped"] == 3


def test_the_reasons_are_a_bounded_sample_without_what_was_said() -> None:
    ear = Listener()
    for n in range(500):
        ear.frame(f"custom{n}", secret="a lighthouse")
    ear.tick()

    assert ear.source().readings["skipped"] == 500
    assert len(ear.source().readings["skips"]) <= 8
    assert "lighthouse" not in repr(ear.events)


def test_unreadable_answers_change_nothing() -> None:
    ear = Listener()
    ear.queue(running=[item()])
    for body in (b"<html>", b"{}", b"[1]", b'{"jobs": 3}', b'{"queue_running'):
        ear.take(ear.ears.listing(read_queue(body), ear.now))
        ear.take(ear.ears.listing(read_jobs(body), ear.now))

    assert ear.job().phase == "running"


def test_a_clock_that_jumps_back_stops_nothing() -> None:
    ear = Listener().at(10_000.0)
    ear.queue(running=[item(created=0)])
    ear.say("Prompt executed in 1.00 seconds\n")
    ear.at(10.0).queue(
        running=[
            item(created=0),
        ]
    )
    ear.queue()
    ear.history("a", entry(item(created=0), began(), ended()))

    assert ear.job().phase == "succeeded"


@given(st.lists(frames | junk, max_size=4))
@settings(max_examples=150)
def test_no_frame_is_an_exception(told: list[Any]) -> None:
    ear = Listener()
    ear.queue(running=[item()], pending=[item("b", 2)])
    for one in told:
        ear.raw(json.dumps(one))
    ear.at(5.0).queue(running=[item("b", 2)])
    ear.tick()

    assert ear.job("b").phase == "running"


@given(st.lists(rows | junk, max_size=5), st.lists(rows | junk, max_size=5))
@settings(max_examples=150)
def test_no_listing_is_an_exception(running: list[Any], pending: list[Any]) -> None:
    ear = Listener()
    ear.queue(running=[*running, item("mine", 5)], pending=pending)
    ear.at(5.0).queue()
    ear.tick()

    assert any(job.native == "mine" for job in ear.jobs())


@given(junk | st.fixed_dictionaries({"prompt": rows, "outputs": junk, "status": junk}))
@settings(max_examples=150)
def test_no_history_is_an_exception(said: Any) -> None:
    ear = Listener()
    ear.queue(running=[item()])
    ear.at(1.0).queue()
    found = read_history(json.dumps({"a": said}).encode(), "a")
    ear.take(ear.ears.history(Want("history", "a", ear.key("a")), found, ear.now))
    ear.tick()


@settings(max_examples=100)
@given(st.binary(max_size=200) | junk.map(lambda one: json.dumps(one).encode()))
def test_no_answer_is_an_exception(body: bytes) -> None:
    ear = Listener()
    ear.raw(body)
    for read in (read_queue, read_jobs):
        ear.take(ear.ears.listing(read(body), ear.now))
    ear.take(ear.ears.raw_logs(read_entries(body), ear.now))
    found = read_stats(body)

    assert isinstance(found, Skip) or found.devices is not None

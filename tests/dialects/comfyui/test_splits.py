"""However the input is cut, repeated or mixed, the state is the same."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialects.comfyui.story import RECORDINGS, Listener, graph, item

ROWS = [
    json.loads(row) for row in (RECORDINGS / "logs_subscribe.jsonl").read_text("utf-8").splitlines()
]
ENTRIES = [
    one
    for row in ROWS
    if row["channel"] == "ws:observer" and isinstance(row.get("message"), dict)
    if row["message"]["type"] == "logs"
    for one in row["message"]["data"]["entries"]
][:40]


def heard(cuts: list[int], repeats: set[int]) -> Any:
    ear = Listener()
    ear.queue(running=[item(raw=graph(steps=6))])
    bounds = sorted({0, *cuts, len(ENTRIES)})
    for n, (start, stop) in enumerate(pairwise(bounds)):
        for _ in range(2 if n in repeats else 1):
            ear.frame("logs", entries=ENTRIES[start:stop], size=None)
    job = ear.job()
    return job.bars and job.bars[0].done, job.steps_done, job.readings, ear.step("a", "3").phase


@settings(max_examples=100)
@given(st.lists(st.integers(0, len(ENTRIES)), max_size=8))
def test_any_split_of_the_console_gives_the_same_state(cuts: list[int]) -> None:
    assert heard(cuts, set()) == heard([], set())


@settings(max_examples=100)
@given(st.integers(0, 40))
def test_an_entry_heard_twice_is_heard_once(n: int) -> None:
    every = list(range(len(ENTRIES)))

    assert heard(every, {n}) == heard(every, set())

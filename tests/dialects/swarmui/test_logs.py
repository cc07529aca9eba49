"""Lines of the log, and the queue of a back end's ComfyUI."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.payloads.swarmui.load import body, payload

from headway.dialects.comfyui.wire import Skip
from headway.dialects.swarmui.direct import Queue, read_queue
from headway.dialects.swarmui.logs import Bar, Said, read_log, read_types


def said(*lines: str, kind: str = "ComfyUI-0") -> dict[str, Bar | None]:
    rows = [{"sequence_id": n, "time": "t", "message": line} for n, line in enumerate(lines)]
    found = read_log({"data": {kind: rows}}, {})
    assert isinstance(found, Said)
    return found.bars


def test_a_samplers_bar_is_read_with_its_rate() -> None:
    found = read_log(payload("ListRecentLogMessages.generating.response"), {"ComfyUI-0": -1})

    assert isinstance(found, Said)
    assert found.bars == {"0": Bar(7, 20, 11.9)}
    assert found.after["ComfyUI-0"] == 5211


def test_lines_that_were_read_are_not_read_again() -> None:
    found = read_log(payload("ListRecentLogMessages.generating.response"), {"ComfyUI-0": 9_999})

    assert isinstance(found, Said)
    assert found.bars == {}


def test_a_slow_bar_says_seconds_a_step() -> None:
    assert said("[STDERR]  10%|#   | 2/20 [00:08<01:12,  4.00s/it]") == {"0": Bar(2, 20, 0.25)}


def test_a_new_prompt_ends_the_bar_before_it() -> None:
    assert said("[STDERR]  50%|#  | 1/2 [00:00<00:01, 1it/s]", "[STDERR] got prompt") == {"0": None}


def test_progress_lines_name_no_back_end_and_are_not_used() -> None:
    assert said("Progress [0]: 5/7, curPercent=35.0", kind="Verbose") == {}


@pytest.mark.parametrize("line", ["", "7/20", "9/4 [", "|  9/4 [00:00<00:01]", "x" * 9_000])
def test_other_lines_say_nothing(line: str) -> None:
    assert said(line) == {}


LINES = st.fixed_dictionaries({"sequence_id": st.integers() | st.text(), "message": st.text()})


@given(st.dictionaries(st.sampled_from(["ComfyUI-0", "Info"]), st.lists(st.none() | LINES)))
@settings(max_examples=100)
def test_no_log_makes_it_raise(data: dict[str, Any]) -> None:
    assert isinstance(read_log({"data": data}, {}), Said)


def test_only_consoles_of_back_ends_are_asked_for() -> None:
    assert read_types(payload("ListLogTypes.response")) == ["ComfyUI-0"]


def test_prompts_of_swarmui_are_told_apart_by_their_classes() -> None:
    assert read_queue(body("ComfyBackendDirect.queue.running.response")) == Queue(2, 0, 0)
    assert read_queue(body("ComfyBackendDirect.queue.idle.response")) == Queue(0, 0, 0)
    straight = b'{"queue_running": [[1, "a", {"3": {"class_type": "KSampler"}}, {}, []]]}'
    assert read_queue(straight) == Queue(0, 1, 0)


@pytest.mark.parametrize("page", [b"<html>", b"{}", b"[]"])
def test_what_is_no_queue_is_skipped(page: bytes) -> None:
    assert isinstance(read_queue(page), Skip)

"""A generation of ours, message by message."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.payloads.swarmui.load import asked, heard, payload

from headway.dialects.swarmui.stream import Stream
from headway.fold.folding import fold
from headway.fold.views import view
from headway.model.events import AnyEvent, Progress
from headway.model.views import JobView

PLACE = "View/local/raw/2026-11-21/1404001-a photo of a cat-sd_xl_base_10.png"


def views(*events: AnyEvent) -> list[JobView]:
    entities: dict[str, Any] = {}
    for event in events:
        fold(entities, event)
    found = [view(one) for one in entities.values()]
    return [one for one in found if isinstance(one, JobView)]


def run(stream: Stream, *frames: str, readable: bool = True) -> list[AnyEvent]:
    """Everything that is told, with images that can be read (or not)."""
    events = stream.registered(1.0)
    for n, frame in enumerate(frames):
        events += stream.frame(frame, n + 2.0)
        for made in stream.made():
            events += stream.readable(made, n + 2.0) if readable else []
    return events + (stream.close(len(frames) + 2.0) if stream.ending else [])


def told(name: str) -> tuple[Stream, list[JobView]]:
    stream = Stream("swarm", "w", asked(name), meta={})
    return stream, views(*run(stream, *heard(name)))


def progress(index: str, current: float, overall: float = 0.5) -> str:
    said = {"batch_index": index, "request_id": "1", "overall_percent": overall,
            "current_percent": current}  # fmt: skip
    return json.dumps({"gen_progress": said})


def raw(kind: str, **data: Any) -> str:
    packed = base64.b64encode(json.dumps({"type": kind, "data": data}).encode()).decode()
    return json.dumps({"raw_backend_data": {"type": "comfy_websocket", "data": packed}})


def bars(events: list[AnyEvent]) -> list[tuple[float, float | None, str]]:
    return [(one.done, one.total, one.basis) for one in events if isinstance(one, Progress)]


def test_keys_are_known_before_anything_was_said() -> None:
    stream = Stream("swarm", "w", {"images": 2}, meta={"title": "cat"})

    found = views(*stream.registered(1.0))

    assert stream.keys == ("swarm~w-0~", "swarm~w-1~")
    assert [one.title for one in found] == ["cat", "cat"]


def test_an_image_succeeds_once_it_was_read_from() -> None:
    stream = Stream("swarm", "w", asked("single"), meta={})
    events = run(stream, *heard("single"), readable=False)

    assert [one.phase for one in views(*events)] == ["finishing"]
    assert not stream.over
    (made,) = stream.made()
    assert made == ("swarm~w-0~", PLACE)
    events += stream.readable(made, 99.0)
    assert [(one.phase, one.outputs[0].name) for one in views(*events)] == [
        ("succeeded", PLACE.rpartition("/")[2])
    ]


def test_an_image_that_cannot_be_read_is_no_success() -> None:
    stream = Stream("swarm", "w", asked("single"), meta={})
    events = run(stream, *heard("single"), readable=False)

    events += stream.unreadable(stream.made()[0], "status 404", 99.0)

    assert [(one.outcome, one.why) for one in views(*events)] == [("unknown", "status 404")]


def test_two_images_are_two_jobs() -> None:
    stream, found = told("two_images")

    assert stream.over
    assert [(one.native, one.phase) for one in found] == [
        ("w-0", "succeeded"), ("w-1", "succeeded"),
    ]  # fmt: skip


def test_an_interrupt_is_a_cancel_and_a_failure_says_why() -> None:
    _, interrupted = told("interrupted")
    _, failed = told("error_live")
    _, refused = told("error_param")

    assert interrupted[0].outcome == "cancelled"
    assert (failed[0].outcome, failed[0].why) == (
        "failed", "ComfyUI execution error: CUDA out of memory.",
    )  # fmt: skip
    assert (refused[0].outcome, refused[0].phase) == ("failed", "failed")


def test_without_progress_it_still_succeeds() -> None:
    _, found = told("no_progress_backend")

    assert found[0].phase == "succeeded"


def test_a_model_load_is_said_and_never_measured() -> None:
    stream = Stream("swarm", "w", asked("model_load"), meta={})
    events = stream.registered(1.0)
    doing = set()
    for n, frame in enumerate(heard("model_load")):
        events += stream.frame(frame, n + 2.0)
        shown = views(*events)[0]
        if shown.phase == "queued":
            doing.add(shown.activity)
            assert shown.fraction is None

    assert "loading a model" in doing


def test_a_session_that_is_not_known_is_no_failure_of_the_job() -> None:
    stream = Stream("swarm", "w", asked("invalid_session"), meta={})

    events = run(stream, *heard("invalid_session"))

    assert stream.refused is not None
    assert stream.refused.why == "session"
    assert [one.phase for one in views(*events)] == ["pending"]


def test_steps_come_from_the_back_ends_own_frames() -> None:
    stream = Stream("swarm", "w", {"images": 1, "steps": 20}, meta={})

    found = stream.frame(json.dumps(payload("raw_backend_data.message")), 2.0)

    assert bars(found) == [(5.0, 20.0, "reported")]


def test_once_there_are_exact_steps_percents_are_not_used() -> None:
    stream = Stream("swarm", "w", {"images": 1, "steps": 20}, meta={})
    stream.frame(raw("progress", value=5, max=20, node="3", prompt_id="p"), 2.0)

    assert bars(stream.frame(progress("0", 0.9), 3.0)) == []


def test_without_them_steps_are_derived_from_the_current_bar() -> None:
    stream = Stream("swarm", "w", {"images": 1, "steps": 20}, meta={})

    assert bars(stream.frame(progress("0", 0.35), 2.0)) == [(7, 20, "derived")]


def test_a_bar_that_is_full_at_once_is_the_output_nodes_and_no_sampling() -> None:
    stream = Stream("swarm", "w", {"images": 1, "steps": 20}, meta={})

    assert bars(stream.frame(progress("0", 1.0), 2.0)) == []


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(-1, 2)), max_size=20))
@settings(max_examples=100)
def test_whatever_overall_percent_says_no_fraction_falls_within_a_run_or_passes_one(
    said: list[tuple[float, float]],
) -> None:
    plain = Stream("swarm", "w", {"images": 1, "steps": 20}, meta={})
    other = Stream("swarm", "w", {"images": 1, "steps": 20}, meta={})
    for current, overall in said:
        found = bars(plain.frame(progress("0", current, max(overall, 0.1)), 2.0))
        assert found == bars(other.frame(progress("0", current, 0.5), 2.0))
        assert all(0 <= done <= (total or 0) for done, total, _ in found)


def test_prompts_are_matched_to_images_only_where_one_is_left() -> None:
    stream = Stream("swarm", "w", {"images": 2, "steps": 4}, meta={})
    first = stream.frame(raw("execution_start", prompt_id="a"), 2.0)
    both = stream.frame(raw("execution_start", prompt_id="b"), 2.0)
    stream.frame(progress("1", 0.0), 3.0)

    unknown = stream.frame(raw("progress", value=1, max=4, node="3", prompt_id="a"), 3.0)

    assert first == both == []
    assert bars(unknown) == []


def test_a_prompt_that_stands_alone_is_the_images_that_moved() -> None:
    stream = Stream("swarm", "w", {"images": 2, "steps": 4}, meta={})
    stream.frame(raw("execution_start", prompt_id="a"), 2.0)
    stream.frame(progress("1", 0.0), 3.0)

    found = stream.frame(raw("progress", value=1, max=4, node="3", prompt_id="a"), 3.0)

    assert [one.key for one in found if isinstance(one, Progress)] == ["swarm~w-1~"]


def test_bars_of_other_nodes_are_theirs() -> None:
    stream = Stream("swarm", "w", {"images": 1, "steps": 4}, meta={})

    found = stream.frame(raw("progress", value=1, max=9, node="8", prompt_id="a"), 2.0)

    assert [one.step for one in found if isinstance(one, Progress)] == ["8"]


def test_an_index_that_is_a_number_or_a_grids_is_understood() -> None:
    stream = Stream("swarm", "w", {"images": 2, "batchsize": 2, "steps": 4}, meta={})

    extra = stream.frame(json.dumps(payload("gen_progress.preview_extra_index.message")), 2.0)
    grid = stream.frame(json.dumps({"image": "View/grid.png", "batch_index": "-1"}), 3.0)

    assert {one.key for one in extra} == {"swarm~w-1~"}
    assert grid == []


def test_an_image_that_came_inside_its_message_can_be_had_at_once() -> None:
    stream = Stream("swarm", "w", {"images": 1}, meta={})

    found = views(*stream.frame('{"image": "data:image/png;base64,AA", "batch_index": "0"}', 2.0))

    assert found[0].phase == "succeeded"


def test_what_ends_without_an_image_and_without_a_word_was_interrupted_probably() -> None:
    stream = Stream("swarm", "w", {"images": 1}, meta={})

    (found,) = views(*run(stream, '{"socket_intention": "close"}'))

    assert (found.outcome, found.basis) == ("cancelled", "inferred")


def test_no_text_of_the_request_is_in_the_meta() -> None:
    given = {"images": 1, "prompt": "hush", "negativeprompt": "hush", "session_id": "hush"}

    events = Stream("swarm", "w", given, meta={}).registered(1.0)

    assert "hush" not in repr(events)


def test_the_seed_and_the_texts_do_not_change_the_signature() -> None:
    def signature(**more: Any) -> Any:
        (event,) = Stream("s", "w", {"images": 1, "steps": 4, **more}, meta={}).registered(1.0)
        return event.meta["signature"]  # type: ignore[union-attr]

    assert signature(seed=1, prompt="a") == signature(seed=2, prompt="b")
    assert signature(cfgscale=1) != signature(cfgscale=2)


@pytest.mark.parametrize(
    "frame",
    ["", "[]", "{", "null", '{"gen_progress": 4}', '{"image": 4}', '{"discard_indices": {}}',
     '{"raw_backend_data": {"data": "%%"}}', '{"gen_progress": {"batch_index": "9"}}',
     '{"status": {"waiting_gens": -1}}', '{"image": "x", "batch_index": 1e99}'],
)  # fmt: skip
def test_no_frame_makes_it_raise_or_end(frame: str) -> None:
    stream = Stream("swarm", "w", {"images": 1}, meta={})
    stream.frame(frame, 2.0)

    assert not stream.over

"""What a graph says, and what it does not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialects.comfyui.story import graph

from headway.dialects.comfyui.plan import Plan, plan_of


def planned(raw: Any, outputs: Any = ("9",)) -> Plan:
    found = plan_of(raw, list(outputs))
    assert found is not None
    return found


def test_a_plan_names_model_size_and_steps() -> None:
    plan = planned(graph(steps=20))

    assert plan.title == "dream 512×768 · 20 steps"
    assert (plan.model, plan.width, plan.height, plan.batch) == ("dream.safetensors", 512, 768, 1)
    assert plan.sampling_steps == 20
    assert plan.work == pytest.approx(512 * 768 * 20 / 1e6)
    assert plan.job_kind == "image"


def test_only_ancestors_of_executed_outputs_are_needed() -> None:
    raw = {**graph(), "50": {"class_type": "SaveImage", "inputs": {"images": ["8", 0]}}}

    assert set(planned(raw).needed or ()) == {"3", "4", "5", "6", "7", "8", "9"}


def test_seed_and_prompt_do_not_change_the_signature() -> None:
    first, second = planned(graph(seed=1)), planned(graph(prompt="a wolf", seed=2**60))

    assert first.signature == second.signature


def test_size_and_steps_change_the_signature_and_not_the_family() -> None:
    first, second = planned(graph(steps=8)), planned(graph(steps=30))

    assert first.signature != second.signature
    assert first.family == second.family


def test_another_sampler_is_another_family() -> None:
    assert planned(graph()).family != planned(graph(sampler_name="heun")).family


def test_no_word_of_a_prompt_is_in_a_plan() -> None:
    plan = planned(graph(prompt="xylophone quagmire"))

    assert b"xylophone" not in msgspec.json.encode(plan)


def test_the_folders_of_a_model_are_not_told() -> None:
    raw = graph()
    raw["4"]["inputs"]["ckpt_name"] = "clients\\acme\\secret/dream.ckpt"

    assert planned(raw).model == "dream.ckpt"


def test_a_video_is_told_by_its_output_node() -> None:
    raw = {**graph(), "9": {"class_type": "SaveVideo", "inputs": {"video": ["8", 0]}}}

    assert planned(raw).job_kind == "video"


def test_steps_are_found_in_a_scheduler_of_its_own() -> None:
    raw = graph()
    raw["3"] = {
        "class_type": "SamplerCustomAdvanced",
        "inputs": {"sigmas": ["11", 0], "noise": ["12", 0]},
    }
    raw["11"] = {"class_type": "BasicScheduler", "inputs": {"steps": 17, "model": ["4", 0]}}
    raw["12"] = {"class_type": "RandomNoise", "inputs": {"noise_seed": 3}}

    assert [one.steps for one in planned(raw).samplers] == [17]


def test_a_window_of_steps_is_as_long_as_its_bar() -> None:
    raw = graph(steps=20, start_at_step=5, end_at_step=12)
    raw["3"]["class_type"] = "KSamplerAdvanced"

    assert [one.steps for one in planned(raw).samplers] == [7]


def test_a_sampler_selector_draws_no_bar() -> None:
    raw = {**graph(), "30": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}}}
    raw["3"]["inputs"]["sampler"] = ["30", 0]

    assert [one.step for one in planned(raw).samplers] == ["3"]


def test_steps_that_are_too_many_for_a_registration_are_left_out() -> None:
    raw = {str(n): {"class_type": "Node", "inputs": {"x": [str(n - 1), 0]}} for n in range(9_000)}

    assert planned(raw, ["8999"]).steps() == {}


def test_a_cycle_ends() -> None:
    raw = {one: {"class_type": "K", "inputs": {"x": [other, 0]}} for one, other in ("ab", "ba")}

    assert set(planned(raw, ["a"]).needed or ()) == {"a", "b"}


junk = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=4,
)
links = st.lists(st.sampled_from("abc") | st.integers(0, 3), min_size=2, max_size=2)
nodes = st.fixed_dictionaries(
    {
        "class_type": st.sampled_from(["KSampler", "Load", "SaveVideo"]) | junk,
        "inputs": st.dictionaries(
            st.sampled_from(["steps", "width", "height", "ckpt_name", "sampler_name", "model"]),
            junk | links,
        )
        | junk,
    }
)


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from(["a", "b", "c", "", "\ud800"]), nodes | junk) | junk, junk)
def test_no_graph_is_an_exception(raw: Any, outputs: Any) -> None:
    plan = plan_of(raw, outputs)

    assert plan is None or msgspec.json.encode(plan)

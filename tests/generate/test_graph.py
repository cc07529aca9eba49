"""Graphs: the built-in one runs, and a brought one changes only where it was said."""

from __future__ import annotations

import copy
import json
import math

import pytest

from headway.actions.comfyui import ComfyUI, Settings
from headway.actions.contract import Work
from headway.errors import UsageError
from headway.generate.graph import Graph, read_graph, text_to_image, with_values
from headway.generate.params import params_of, seeded
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI


def graph() -> Graph:
    found = workflows.text_to_image()
    found["3"]["_meta"] = {"title": "the sampler"}
    return found


def test_the_built_in_graph_holds_what_was_asked_for() -> None:
    given = {"prompt": "a fox", "negative_prompt": "blur", "steps": 7, "cfg": 0, "seed": 5}
    found = text_to_image(params_of({**given, "lora": ["ink:0.5", "oil"]}), model="dream.ckpt")

    assert found["6"]["inputs"]["text"] == "a fox"
    assert found["3"]["inputs"] | {"steps": 7, "cfg": 0, "seed": 5} == found["3"]["inputs"]
    assert found["lora1"]["inputs"]["model"] == ["lora0", 0]
    assert found["lora0"]["inputs"]["strength_clip"] == 0.5
    assert found["3"]["inputs"]["model"] == ["lora1", 0]


async def test_the_built_in_graph_is_taken() -> None:
    params = seeded(params_of({"prompt": "a fox", "lora": ["ink.safetensors"], "batch": 2}))
    async with SimComfyUI(speed=math.inf) as comfy:
        body = text_to_image(params, model=workflows.CHECKPOINT)
        work = Work(id="00000000-0000-4000-8000-000000000001", body=body)
        async with ComfyUI(Settings(url=comfy.url)).submit(work) as one:
            assert one.native == work.id


def test_a_value_is_set_by_id_by_title_and_by_class() -> None:
    before = graph()
    kept = copy.deepcopy(before)

    after = with_values(
        before, ["3.steps=30", "the sampler.cfg=4.5", "SaveImage.filename_prefix=7", "6.text=a = b"]
    )

    assert after["3"]["inputs"]["steps"] == 30
    assert after["3"]["inputs"]["cfg"] == 4.5
    assert after["9"]["inputs"]["filename_prefix"] == "7"
    assert after["6"]["inputs"]["text"] == "a = b"
    assert before == kept


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("3.stepps=3", "nearest: steps"),
        ("KSampller.steps=3", "nearest: KSampler"),
        ("CLIPTextEncode.text=x", "by id: 6, 7"),
        ("3.steps=many", "is a number"),
        ("steps=3", "write NODE.INPUT=VALUE"),
        ("3.steps", "write NODE.INPUT=VALUE"),
    ],
)
def test_a_setting_that_does_not_fit_says_what_would(setting: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        with_values(graph(), [setting])

    assert said in f"{error.value} {error.value.hint}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"nodes": [], "links": []}', "Export (API)"),
        ('{"1": 2}', "node '1' has no class_type"),
        ('{"1": {"class_type": "A", "inputs": []}}', "no object"),
        ("{}", "holds no workflow"),
        ("[1]", "holds no workflow"),
        ('{"1":\n  oops}', "w.json:2:3:"),
        ("[" * 100_000, "w.json"),
    ],
)
def test_a_file_that_is_no_workflow_says_why(text: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        read_graph(text, name="w.json")

    assert said in f"{error.value} {error.value.hint}"


def test_the_body_of_a_submission_is_a_workflow_too() -> None:
    assert read_graph(json.dumps({"prompt": graph(), "client_id": "x"})) == graph()

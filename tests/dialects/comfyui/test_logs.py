"""Console lines."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialects.comfyui.story import RECORDINGS

from headway.dialects.comfyui.logs import (
    Bar,
    Executed,
    GotPrompt,
    Line,
    Loaded,
    Loading,
    StartedUp,
    WorkerDied,
    lines,
    meaning_of,
)

MEANINGS: list[tuple[str, Line | None]] = [
    (" 50%|█████     | 3/6 [00:00<00:00,  4.49it/s]", Bar(3, 6, 0)),
    ("  0%|          | 0/6 [00:00<?, ?it/s]", Bar(0, 6, 0)),
    ("100%|██████████| 20/20 [1:02:03<00:00, 1.5s/it]", Bar(20, 20, 3723)),
    ("tiles:  38%|███▊      | 3/8 [00:02<00:04,  1.05it/s]", Bar(3, 8, 2)),
    ("12it [00:03,  4.00it/s]", Bar(12, None, 3)),
    ("model.safetensors:  5%|▌  | 104M/2.00G [00:04<01:16, 24.9MB/s]", None),
    ("Requested to load SD1ClipModel", Loading("SD1ClipModel")),
    ("loaded completely;  235.84 MB loaded, full load: True", Loaded()),
    ("got prompt", GotPrompt()),
    ("Prompt executed in 8.06 seconds", Executed(8.06)),
    ("Prompt executed in 00:12:09", Executed(729)),
    ("Starting server", StartedUp()),
    ("Exception in thread Thread-1 (prompt_worker):", WorkerDied()),
    ("Using split attention in VAE", None),
    ("!!! Exception during processing !!! a lighthouse", None),
]


@pytest.mark.parametrize(("line", "meaning"), MEANINGS)
def test_a_line_means_what_the_table_says(line: str, meaning: Line | None) -> None:
    assert meaning_of(line) == meaning


def recorded() -> list[tuple[str, str]]:
    rows = (RECORDINGS / "logs_subscribe.jsonl").read_text("utf-8").splitlines()
    said = [json.loads(row).get("message") for row in rows]
    logs = [one for one in said if isinstance(one, dict) and one.get("type") == "logs"]
    return [(entry["t"], entry["m"]) for one in logs for entry in one["data"]["entries"]]


def test_a_recorded_console_is_read_line_by_line() -> None:
    found = [line for _, line in lines(recorded())]

    assert [one.total for one in found if isinstance(one, Bar) and not one.done] == [6, 5, 4]
    assert [one.name for one in found if isinstance(one, Loading)] == [
        "SD1ClipModel",
        "BaseModel",
        "AutoencoderKL",
    ]
    assert [one.seconds for one in found if isinstance(one, Executed)] == [8.06, 1.54]


@settings(max_examples=100)
@given(st.text())
def test_no_line_is_an_exception(said: str) -> None:
    assert list(lines([("", said)])) is not None

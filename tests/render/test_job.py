"""One job, and its steps over time."""

from typing import Any

import pytest

from headway.render.job import job_text
from headway.render.table import columns_of

NOW = 1_800_000_000.0
JOB: dict[str, Any] = {
    "key": "comfy~abc~1",
    "native": "abc",
    "source": "comfy",
    "phase": "succeeded",
    "title": "portrait",
    "queued_at": NOW - 20,
    "started_at": NOW - 10,
    "ended_at": NOW,
    "meta": {"model": "sdxl.safetensors", "width": 512},
    "outputs": [{"n": 0, "name": "out_1.png", "media": "image"}],
}


def step(name: str, start: float | None, end: float | None, **facts: Any) -> dict[str, Any]:
    times = {"started_at": start, "ended_at": end}
    return {"key": f"comfy~abc~1~{name}", "step": name, "name": name} | times | facts


STEPS = [
    step("Load", None, None, cached=True),
    step("KSampler", NOW - 10, NOW - 5, bar={"done": 20, "total": 20}),
    step("VAEDecode", NOW - 5, NOW),
]


def lines(job: dict[str, Any] = JOB, steps: Any = STEPS, **how: Any) -> list[str]:
    return job_text(job, steps, now=NOW, **how).splitlines()


def test_the_bars_share_one_scale() -> None:
    found = lines()
    cached, sampler, decode, scale = found[-4:]

    assert cached.endswith("cached")
    assert "█" not in cached
    assert abs(sampler.count("█") - decode.count("█")) <= 1
    assert decode.index("█") == sampler.rindex("█") + 1
    assert sampler.endswith("5.0s 20/20")
    assert scale.split() == ["0", "10s"]


def test_a_step_that_runs_is_drawn_to_now_in_another_sign() -> None:
    running = JOB | {"phase": "running", "ended_at": None}

    found = lines(running, [step("KSampler", NOW - 5, None)])

    assert "▒" in found[-2]
    assert "█" not in found[-2]


def test_facts_are_told() -> None:
    text = "\n".join(lines())

    assert "Started    " in text
    assert "ran 10s" in text
    assert "waited 10s" in text
    assert "Model      sdxl.safetensors" in text
    assert "Output     out_1.png (image)" in text
    assert "width" not in text.lower()
    assert "Width      512" in "\n".join(lines(verbose=True))


def test_a_failure_says_why_and_what_that_rests_on() -> None:
    failed = JOB | {"phase": "failed", "why": "out of memory", "evidence": "its history entry"}

    text = "\n".join(lines(failed))

    assert "Why        out of memory" in text
    assert "Evidence   its history entry" in text


def test_an_unfinished_job_has_an_eta_or_says_that_there_is_none() -> None:
    running = JOB | {"phase": "running", "ended_at": None}
    estimate = {"end_at": NOW + 150, "low_at": NOW + 110, "high_at": NOW + 190, "samples": 3}

    assert "ETA        no estimate yet" in "\n".join(lines(running))
    assert "ETA        2.5m (1.8–3.2m), at " in "\n".join(lines(running | {"estimate": estimate}))


def test_where_nobody_was_asked_it_is_last_seen() -> None:
    running = JOB | {"phase": "running", "ended_at": None, "updated_at": NOW - 3600}

    text = "\n".join(lines(running, asked=False))

    assert "State      last running" in text
    assert "Last seen  " in text
    assert "ETA" not in text


@pytest.mark.parametrize("width", [30, 40, 80, 120])
@pytest.mark.parametrize("plain", [True, False])
def test_every_line_fits(width: int, plain: bool) -> None:
    evil = JOB | {"title": "猫" * 99, "why": "w\x1b" * 200, "phase": "failed"}
    steps = [*STEPS, step("x" * 99, NOW - 9, NOW - 8, parent="KSampler"), step("\n", NOW, None)]

    found = lines(evil, steps, width=width, plain=plain)

    assert all(columns_of(line) <= width for line in found)
    assert not plain or all(line.isascii() for line in found)


def test_times_that_make_no_sense_are_survived() -> None:
    odd = [step("a", NOW + 50, NOW - 50), step("b", NOW - 500, NOW + 500), step("c", None, NOW)]

    assert all(columns_of(line) <= 80 for line in lines(JOB, odd))
    assert lines(JOB | {"started_at": None, "ended_at": None, "phase": "queued"}, [])

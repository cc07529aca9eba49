from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pytest

from headway.model.records import Record
from headway.model.views import BarView, DaemonView, Estimate, JobView
from headway.model.words import Phase
from headway.talk import frames

NOW = 1_795_298_194.5


def job(phase: Phase = "running", **more: Any) -> JobView:
    return JobView(key="comfy~p~", source="comfy", native="p", phase=phase, **more)


def test_a_running_job_is_told_as_it_was_measured() -> None:
    bar = BarView(done=3.0, at=NOW, total=20.0, step="7", name="KSampler")
    estimate = Estimate(end_at=NOW + 60, low_at=NOW, high_at=NOW + 90, samples=3)
    view = job(fraction=0.25, started_at=NOW - 5, bars=[bar], estimate=estimate, updated_at=NOW)

    told = frames.progress(view, now=NOW)

    assert (told["job_id"], told["comfyui_prompt_id"]) == ("p", "p")
    assert (told["status"], told["progress_percent"]) == ("processing", 25.0)
    assert (told["current_step"], told["total_steps"]) == (3, 20)
    assert told["generation_time"] == 5.0
    assert told["node_progress"] == {"7": {"value": 3, "max": 20, "name": "KSampler"}}
    assert datetime.fromisoformat(told["estimated_completion"]).timestamp() == NOW + 60
    assert told["timestamp"].endswith("+00:00")


def test_what_is_not_known_is_null_and_never_fifty_percent() -> None:
    told = frames.progress(job(updated_at=NOW), now=NOW)

    unknown = {"progress_percent", "current_step", "total_steps", "estimated_completion"}
    assert {name for name, value in told.items() if value is None} == unknown | {
        "generation_time",
        "error_message",
    }
    assert told["status"] == "initializing"


@pytest.mark.parametrize(
    ("view", "word", "percent"),
    [
        (job("queued"), "queued", 0.0),
        (job("succeeded", fraction=1.0), "completed", 100.0),
        (job("failed", fraction=0.4), "failed", 40.0),
        (job("cancelled"), "cancelled", None),
        (job("lost"), "timeout", None),
        (job("unknown"), "unknown", None),
        (job("finishing", fraction=0.99), "completing", 99.0),
        (job("running", stalled_at=NOW - 1), "timeout", None),
    ],
)
def test_each_phase_has_the_seeds_word(view: JobView, word: str, percent: float | None) -> None:
    told = frames.progress(view, now=NOW)

    assert (told["status"], told["progress_percent"]) == (word, percent)


def test_the_time_it_took_is_the_time_it_ran() -> None:
    view = job("succeeded", queued_at=NOW - 100, started_at=NOW - 50, ended_at=NOW - 20)

    assert frames.progress(view, now=NOW)["generation_time"] == 30.0


def test_the_given_id_comes_before_the_back_ends() -> None:
    assert frames.job_id(job(meta={"job_id": 123})) == 123


def test_statistics_have_the_seeds_keys() -> None:
    records = [
        Record(
            key=f"comfy~{n}~",
            source="comfy",
            ended_at=NOW,
            outcome="succeeded",
            seconds=float(n),
            sampling_steps=10.0,
        )
        for n in (1, 2, 6)
    ]
    told = frames.statistics(
        [job(), job("queued"), job("succeeded")],
        records,
        [("comfy", "failed", 2), ("comfy", "succeeded", 3), ("comfy", "failed", 1)],
        now=NOW,
    )

    assert (told["running_jobs"], told["pending_jobs"], told["monitored_jobs"]) == (1, 1, 2)
    assert told["generation_stats"] == {
        "completion_times": {
            "comfy": {"count": 3, "median": 2.0, "mean": 3.0, "min": 1.0, "max": 6.0}
        },
        "average_step_duration": 0.2,
        "failure_patterns": {"comfy:failed": 3},
        "sample_counts": {"comfy": 3},
    }


def test_a_daemon_is_told_by_its_name() -> None:
    view = DaemonView(key="~daemon~sync", activity="checking", updated_at=NOW)

    told = frames.daemon(view)

    assert (told["daemon_id"], told["daemon_name"]) == ("sync", "sync")
    assert (told["current_status"], told["current_job_id"]) == ("checking", None)


def test_a_frame_has_type_data_and_time() -> None:
    told = msgspec.json.decode(frames.frame("statistics", {"a": 1}, now=NOW))

    assert (told["type"], told["data"]) == ("statistics", {"a": 1})
    assert datetime.fromisoformat(told["timestamp"]).timestamp() == NOW


@pytest.mark.parametrize(
    "said",
    ['{"type":"get_job_progress","job_id":7}', '{"type":"x","data":{"job_id":"7"},"more":[]}'],
)
def test_an_id_is_read_from_either_place(said: str) -> None:
    assert frames.read_ask(said).job == "7"

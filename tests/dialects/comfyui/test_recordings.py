"""Recorded sessions of a real server, heard as an observer would hear them.

Rule 1: the observer's socket and the answers that the recording holds, in their order.
Rule 2: heard twice is heard once; the expected jobs stand beside.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.dialects.comfyui.story import RECORDINGS, Listener

from headway.dialects.comfyui.desk import Want
from headway.dialects.comfyui.history import read_history
from headway.dialects.comfyui.queue import read_jobs, read_queue
from headway.model.views import JobView

#: session → observer's socket, and of each job: phase, basis, kind, steps needed, outputs
EXPECTED: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "success": ("observer", [("succeeded", "observed", "image", 3, 1)]),
    "no_client_id": ("obsA", [("succeeded", "observed", "image", 3, 1)]),
    "cached_rerun": ("observer", [("succeeded", "observed", "image", 3, 1)]),
    "node_error": (
        "observer",
        [("failed", "observed", "image", 5, 1), ("failed", "observed", "image", 2, 0)],
    ),
    "interrupt": ("observer", [("cancelled", "observed", "image", 3, 0)] * 3),
    "media_outputs": ("observer", []),
}


def heard(name: str, observer: str, *, times: int = 1) -> Listener:
    ear = Listener()
    for row in (RECORDINGS / f"{name}.jsonl").read_text("utf-8").splitlines():
        for _ in range(times):
            _one(ear, json.loads(row), observer)
    return ear


def _one(ear: Listener, row: dict[str, Any], observer: str) -> None:
    ear.now = row["wall"] / 1000.0
    if row["channel"] == f"ws:{observer}" and row["direction"] == "recv" and "message" in row:
        ear.raw(json.dumps(row["message"]))
    elif row["channel"] == "http" and row.get("method") == "GET":
        _answer(ear, row["path"], json.dumps(row["body"]).encode())


def _answer(ear: Listener, path: str, body: bytes) -> None:
    if path == "/queue":
        ear.take(ear.ears.listing(read_queue(body), ear.now))
    elif path.startswith("/api/jobs?limit="):
        ear.take(ear.ears.listing(read_jobs(body), ear.now))
    elif path.startswith("/history/"):
        native = path.rpartition("/")[2]
        want = Want("history", native, ear.key(native))
        ear.take(ear.ears.history(want, read_history(body, native), ear.now))


def _shown(job: JobView) -> tuple[Any, ...]:
    return (job.phase, job.basis, job.job_kind, job.steps_needed, len(job.outputs))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_recorded_session_is_heard_as_it_was(name: str) -> None:
    observer, expected = EXPECTED[name]
    ear = heard(name, observer)

    ended = [job for job in ear.jobs() if job.outcome and job.basis == "observed"]
    assert [_shown(job) for job in ended][: len(expected)] == expected


@pytest.mark.parametrize("name", EXPECTED)
def test_heard_twice_is_heard_once(name: str) -> None:
    observer = EXPECTED[name][0]
    once, twice = heard(name, observer), heard(name, observer, times=2)

    assert [_shown(job) for job in once.jobs()] == [_shown(job) for job in twice.jobs()]
    assert [job.bars for job in once.jobs()] == [job.bars for job in twice.jobs()]


def test_a_recorded_console_gives_the_steps_of_somebody_elses_job() -> None:
    ear = Listener()
    rows = [
        json.loads(one)
        for one in (RECORDINGS / "logs_subscribe.jsonl").read_text("utf-8").splitlines()
    ]
    from tests.dialects.comfyui.story import graph, item

    native = next(row["body"]["prompt_id"] for row in rows if row.get("path") == "/prompt")
    ear.queue(pending=[item(native, 1, raw=graph(steps=6))])
    ear.queue(running=[item(native, 1, raw=graph(steps=6))])
    for row in rows:
        if row["t"] < 2526.0:
            _one(ear, row, "observer")

    assert ear.step(native, "3").phase == "ended"
    assert [(bar.step, bar.done, bar.total) for bar in ear.job(native).bars] == [("", 4, 4)]
    assert ear.job(native).readings["cold"] is True


@pytest.mark.parametrize("name", ["five_queued", "delete_pending", "prompt_id_rules"])
def test_positions_in_recordings_follow_number_and_id(name: str) -> None:
    path = RECORDINGS / f"{name}.jsonl"
    bodies = [
        row["body"]
        for row in map(json.loads, path.read_text("utf-8").splitlines())
        if row.get("path") == "/queue" and row.get("method") == "GET"
    ]
    for body in bodies:
        found = read_queue(json.dumps(body).encode())
        ranked = sorted((one[0], one[1]) for one in body["queue_pending"])
        assert [(row.number, row.native) for row in found.waiting] == ranked  # type: ignore[union-attr]

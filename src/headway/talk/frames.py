"""The frames that the seeds' pages read: for clients that offer no subprotocol.

    connection_established  how many run and wait, and how it went so far
    progress_update         one job, at every change of it
    daemon_status           one daemon, at every change of it
    statistics              the same: the answer to get_statistics
    job_progress            the answer to get_job_progress {job_id}

Rule 1: names, words and nesting are the seed's; where the seed sent made-up numbers
(50 % of everything that runs) the value is null.
Rule 2: times are ISO 8601 with their zone.
Rule 3: `generation_time` is the time a job ran, without the time it waited.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import mean, median
from typing import Any, TypedDict

import msgspec

from headway.model.records import Record
from headway.model.views import BarView, DaemonView, JobView
from headway.model.words import ACTIVE, RESOLVED, WAITING, Outcome
from headway.talk.status import iso
from headway.talk.words import word

encode = msgspec.json.Encoder().encode


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What such a client may ask: `get_statistics`, or `get_job_progress` with a job's id.

    The id may stand beside the type or in `data`; other fields are ignored, as the
    seed's server does.
    """

    type: str
    job_id: str | int = ""
    data: dict[str, Any] = {}

    @property
    def job(self) -> str:
        """The id that is asked for."""
        return str(self.job_id if self.job_id != "" else self.data.get("job_id", ""))


read_ask = msgspec.json.Decoder(Ask).decode


class BarData(TypedDict):
    """The running bar of a node, as it was measured."""

    value: float | None
    max: float | None
    name: str | None


class ProgressData(TypedDict):
    """One job. `status` is a word of the seed's; null is "not known"."""

    job_id: str | int
    comfyui_prompt_id: str
    status: str | None
    progress_percent: float | None
    current_step: float | None
    total_steps: float | None
    estimated_completion: str | None
    generation_time: float | None
    node_progress: dict[str, BarData]
    error_message: str | None
    timestamp: str | None


class DaemonData(TypedDict):
    """One daemon, in its own words."""

    daemon_id: Any
    daemon_name: str
    current_status: Any
    current_job_id: Any
    current_job_type: Any
    status_updated_at: str | None


class Spread(TypedDict):
    """Seconds that jobs took."""

    count: int
    median: float
    mean: float
    min: float
    max: float


class GenerationStats(TypedDict):
    """How it went so far, by source."""

    completion_times: dict[str, Spread]
    average_step_duration: float | None
    failure_patterns: dict[str, int]
    sample_counts: dict[str, int]


class StatisticsData(TypedDict):
    """How many run and wait, and how it went so far."""

    running_jobs: int
    pending_jobs: int
    monitored_jobs: int
    generation_stats: GenerationStats
    timestamp: str | None


def frame(kind: str, data: Mapping[str, Any], *, now: float) -> bytes:
    """One frame as text."""
    return encode({"type": kind, "data": data, "timestamp": iso(now)})


def trouble(message: str) -> bytes:
    """The seed's error frame: the message stands beside the type."""
    return encode({"type": "error", "message": message})


def job_id(job: JobView) -> str | int:
    """The id given to `monitor_job`, as it was given, else the back end's own."""
    given = job.meta.get("job_id")
    known = isinstance(given, str | int) and given != "" and not isinstance(given, bool)
    return given if known else job.native  # type: ignore[return-value]


def progress(job: JobView, *, now: float, seen: bool = True) -> ProgressData:
    """The data of `progress_update` and `job_progress`.

    `seen`: whether its source is seen; the silence of one that is not proves nothing.
    """
    done, total = _step(job)
    overdue = seen and job.stalled_at is not None and now > job.stalled_at
    return {
        "job_id": job_id(job),
        "comfyui_prompt_id": job.native,
        "status": word(job.phase, "status-monitor", loading=_loading(job), overdue=overdue),
        "progress_percent": percent(job),
        "current_step": done,
        "total_steps": total,
        "estimated_completion": iso(job.estimate.end_at) if job.estimate else None,
        "generation_time": _ran(job, now),
        "node_progress": {bar.step: _bar(bar) for bar in job.bars if bar.step},
        "error_message": job.why or None,
        "timestamp": iso(job.updated_at or now),
    }


def percent(job: JobView) -> float | None:
    """0–100; a job that waits has nothing done yet; None: not known."""
    if job.phase in WAITING:
        return 0.0
    return None if job.fraction is None else round(100.0 * job.fraction, 1)


def daemon(view: DaemonView) -> DaemonData:
    """The data of `daemon_status`."""
    known = {**view.meta, **view.readings}
    return {
        "daemon_id": known.get("daemon_id", view.key.rpartition("~")[2]),
        "daemon_name": view.title or view.key.rpartition("~")[2],
        "current_status": known.get("current_status") or view.activity or None,
        "current_job_id": known.get("current_job_id"),
        "current_job_type": known.get("current_job_type"),
        "status_updated_at": iso(view.updated_at or None),
    }


def statistics(
    jobs: Iterable[JobView],
    records: Iterable[Record],
    ends: Iterable[tuple[str, Outcome, int]],
    *,
    now: float,
) -> StatisticsData:
    """The data of `statistics` and `connection_established`.

    `ends` are counts of (source, outcome); times are told for each source.
    """
    known = list(jobs)
    return {
        "running_jobs": sum(one.phase in ACTIVE for one in known),
        "pending_jobs": sum(one.phase in WAITING for one in known),
        "monitored_jobs": sum(one.phase not in RESOLVED for one in known),
        "generation_stats": _generation_stats(list(records), list(ends)),
        "timestamp": iso(now),
    }


def _generation_stats(
    records: list[Record], ends: list[tuple[str, Outcome, int]]
) -> GenerationStats:
    times: dict[str, list[float]] = {}
    for one in records:
        if one.outcome == "succeeded" and one.seconds is not None:
            times.setdefault(one.source, []).append(one.seconds)
    steps = [
        one.seconds / one.sampling_steps for one in records if one.seconds and one.sampling_steps
    ]
    patterns: dict[str, int] = {}
    for source, outcome, n in ends:
        if outcome in ("failed", "lost"):
            patterns[f"{source}:{outcome}"] = patterns.get(f"{source}:{outcome}", 0) + n
    return {
        "completion_times": {source: spread(some) for source, some in sorted(times.items())},
        "average_step_duration": median(steps) if steps else None,
        "failure_patterns": patterns,
        "sample_counts": {source: len(some) for source, some in sorted(times.items())},
    }


def spread(seconds: list[float]) -> Spread:
    """Of at least one job."""
    return {
        "count": len(seconds),
        "median": median(seconds),
        "mean": mean(seconds),
        "min": min(seconds),
        "max": max(seconds),
    }


def _loading(job: JobView) -> bool:
    return not (job.bars or job.steps_done or job.steps_cached)


def _step(job: JobView) -> tuple[float | None, float | None]:
    if job.bars:
        return _whole(job.bars[0].done), _whole(job.bars[0].total)
    return job.steps_done, job.steps_needed


def _whole(number: float | None) -> float | None:
    return int(number) if number is not None and float(number).is_integer() else number


def _bar(bar: BarView) -> BarData:
    return {"value": _whole(bar.done), "max": _whole(bar.total), "name": bar.name or None}


def _ran(job: JobView, now: float) -> float | None:
    if job.started_at is None:
        return None
    until = job.ended_at if job.phase in RESOLVED else now
    return None if until is None else max(until - job.started_at, 0.0)

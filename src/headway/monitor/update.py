"""What a program is told about a job that it monitors.

Rule 1: the words and numbers are those of the frames on the wire (`headway.talk.frames`);
only times are `datetime`s here, always with their zone.
Rule 2: these are plain dataclasses, so that `dataclasses.asdict` and web frameworks can
take them apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from headway.model.views import JobView
from headway.talk import frames

JobId = int | str
"""A program's own name of a job; 7 and "7" name the same one."""


class ProgressStatus(StrEnum):
    """Where a job is."""

    #: nobody has heard of its prompt yet, or nobody can say how it ended
    UNKNOWN = "unknown"
    #: it waits in the queue
    QUEUED = "queued"
    #: it runs, and no step of it has begun: models are being loaded
    INITIALIZING = "initializing"
    #: it runs
    PROCESSING = "processing"
    #: the work is done, the outputs are not yet known to be readable
    COMPLETING = "completing"
    #: its outputs are readable
    COMPLETED = "completed"
    #: it broke; `error_message` says at what
    FAILED = "failed"
    #: somebody stopped or removed it
    CANCELLED = "cancelled"
    #: it was lost (`error_message` says how that is known), or is silent for too long
    TIMEOUT = "timeout"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgressUpdate:
    """A job at one moment. None: not known.

    `progress_percent` 0–100, of finished steps and measured bars. `current_step` of
    `total_steps`: the running bar, else the steps. `generation_time`: seconds it ran,
    without the time it waited. `node_progress`: node id to {value, max, name}.
    `timestamp`: when the job was last heard of.
    """

    job_id: JobId
    comfyui_prompt_id: str
    status: ProgressStatus
    progress_percent: float | None = None
    current_step: float | None = None
    total_steps: float | None = None
    estimated_completion: datetime | None = None
    generation_time: float | None = None
    node_progress: dict[str, frames.BarData] = field(default_factory=dict)
    error_message: str | None = None
    timestamp: datetime | None = None


def update_of(job_id: JobId, view: JobView, *, now: float, seen: bool) -> ProgressUpdate:
    """The job as it stands. `seen`: whether its back end can be seen now."""
    told = frames.progress(view, now=now, seen=seen)
    return ProgressUpdate(
        job_id=job_id,
        comfyui_prompt_id=view.native,
        status=ProgressStatus(told["status"] or "unknown"),
        progress_percent=told["progress_percent"],
        current_step=told["current_step"],
        total_steps=told["total_steps"],
        estimated_completion=_time(told["estimated_completion"]),
        generation_time=told["generation_time"],
        node_progress=told["node_progress"],
        error_message=told["error_message"],
        timestamp=_time(told["timestamp"]),
    )


def is_news(update: ProgressUpdate, before: ProgressUpdate | None) -> bool:
    """Whether it says more than the one before it; that time went by is no news."""
    return before is None or _said(update) != _said(before)


def _said(update: ProgressUpdate) -> tuple[object, ...]:
    return (
        update.comfyui_prompt_id,
        update.status,
        update.progress_percent,
        update.current_step,
        update.total_steps,
        update.estimated_completion,
        update.node_progress,
        update.error_message,
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)

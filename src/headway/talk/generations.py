"""Entries of `active_generations`: one unfinished job each.

Rule 1: a measured bar, an estimate and a phase each carry their own basis and age.
"""

from __future__ import annotations

from typing import Any

from headway.fold.clock import moment, start_of
from headway.model.views import JobView, SourceView
from headway.talk.amounts import age_of, brief, iso, rounded
from headway.talk.words import word

_ORDER = {"finishing": 0, "running": 1, "retrying": 2, "queued": 3, "pending": 4}


def generation(job: JobView, source: SourceView | None, now: float) -> dict[str, Any]:
    at = moment(job, source, now)
    loading = not (job.bars or job.steps_done or job.steps_cached)
    return {
        "session_id": job.native,
        "job": job.key,
        "server": job.source,
        "title": job.title or None,
        "model": job.meta.get("model"),
        "status": word(job.phase, "generation-detection", loading=loading),
        "phase": job.phase,
        "activity": job.activity or None,
        "progress": None if at.percent is None else round(at.percent, 1),
        **_bar(job, now),
        "steps_done": job.steps_done,
        "steps_needed": job.steps_needed,
        "start_time": iso(job.started_at),
        "queued_at": iso(job.queued_at),
        "duration": brief(at.elapsed),
        "elapsed": rounded(at.elapsed),
        "queue_position": job.position,
        "queue_length": job.position_of,
        **_eta(job, now),
        "stalled_for": rounded(at.stalled),
        "missing_since": iso(job.missing_since),
        "orphan": job.meta.get("orphan") is True,
        "basis": job.basis,
        "age": age_of(job.updated_at or None, now),
    }


def _bar(job: JobView, now: float) -> dict[str, Any]:
    bar = job.bars[0] if job.bars else None
    return {
        "step": bar.done if bar else None,
        "steps": bar.total if bar else None,
        "step_name": (bar.name or None) if bar else None,
        "step_unit": (bar.unit or None) if bar else None,
        "step_basis": bar.basis if bar else None,
        "step_age": age_of(bar.at, now) if bar else None,
    }


def _eta(job: JobView, now: float) -> dict[str, Any]:
    one, starts = job.estimate, start_of(job)
    return {
        "eta": rounded(max(one.end_at - now, 0.0)) if one else None,
        "eta_at": iso(one.end_at) if one else None,
        "eta_low_at": iso(one.low_at) if one else None,
        "eta_high_at": iso(one.high_at) if one else None,
        "eta_starts_at": iso(starts),
        "eta_samples": one.samples if one else None,
        "eta_basis": "estimated" if one else None,
        "overdue": bool(one and now > one.high_at),
    }


def line_of(job: JobView) -> tuple[int, float, float, str]:
    position = float("inf") if job.position is None else job.position
    return _ORDER.get(job.phase, 9), position, job.started_at or job.queued_at or 0.0, job.key


def order_of(one: dict[str, Any]) -> int:
    return _ORDER.get(one["phase"], 9)

"""The answer of `status`: what every server does now, with the seed's keys.

    schema_version        1; keys are only ever added
    at                    when the answer was made, ISO 8601; ages are relative to it
    headway_version       of the program that answers
    server_url, status, response_time, version
                          of the only server; null with several (see `servers`)
    status                online, unreachable, unknown, unwatched or wedged; "mixed" of several
    backends[]            {id, type, status, model_loaded, gpu, server, basis, age}
    backends[].status     running (it works), idle, unreachable, unknown, unwatched, wedged
    models_count, models_loaded
                          null where the server does not say
    active_generations[]  everything unfinished, running first, then in order of the line
      session_id          the back end's own id; `job` is Headway's key, `server` its source
      status              pending, starting or generating (the seed's words); `phase` is ours
      progress            percent, null where the steps are unknown
      step, steps, step_name, step_unit
                          the running bar as it was measured, with step_basis and step_age
      start_time, duration, elapsed
                          since when; as text; in seconds; null until it runs
      queue_position, queue_length
                          place among those that wait, from 1
      eta, eta_at, eta_low_at, eta_high_at, eta_starts_at, eta_samples, eta_basis
                          seconds from `at`, and the times themselves; null without an estimate
      stalled_for, missing_since
                          seconds without a sign; since when the server does not list it
      basis, age          how the phase is known; seconds since the newest word on the job
    generations_running   all of these, queued and loading included; null where the work of
                          others cannot be seen
    generations_running_at_least
                          what is known for certain
    generations_estimated a guess from other signs, never added to the count; null without one
    unseen                why generations_running is null, for people: one line a reason
    last_seen[]           unfinished jobs of servers that cannot be reached now, the same keys
    servers[]             server, title, simulated, since, trouble, tier, skipped, skips (what
                          could not be read of it) and all of the above for each

Rule 1: unknown is null, never 0, "" or idle.
Rule 2: each number has `<name>_basis` and `<name>_age` (seconds) beside it; in entries of
lists `basis` and `age` stand for those that have none of their own.
Rule 3: an unreachable server is a line of the answer, not an error; its jobs are "last
seen", in no count.
Rule 4: the count of a server that is reached comes over an open connection: its age is 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from headway.fold.clock import moment
from headway.model.keys import source_of, split
from headway.model.views import AnyView, JobView, SourceView, WorkerView
from headway.model.words import BASIS_RANK, RESOLVED
from headway.talk.words import word

SCHEMA_VERSION = 1

TYPES = {
    "comfyui": "ComfyUI",
    "swarmui": "SwarmUI",
    "stash": "Stash",
    "qbittorrent": "qBittorrent",
    "program": "Program",
}
GENERATES = frozenset({"comfyui", "swarmui"})
"""Kinds of servers whose unseen work makes the count of generations unknown."""

_ORDER = {"finishing": 0, "running": 1, "retrying": 2, "queued": 3, "pending": 4}


def status_of(views: Iterable[AnyView], *, now: float, version: str) -> dict[str, Any]:
    """The answer as plain data, ready for JSON. `version` is that of Headway."""
    known = list(views)
    jobs = _by_source(known)
    sources = {one.key: one for one in known if isinstance(one, SourceView) and not _went(one)}
    workers = [one for one in known if isinstance(one, WorkerView)]
    named = {one: one for one in jobs} | {source_of(key): key for key in sources}
    servers = [
        _server(name, sources.get(named[name]), jobs.get(name, []), workers, now)
        for name in sorted(named, key=lambda name: (_hidden(sources.get(named[name])), name))
    ]
    return {
        "schema_version": SCHEMA_VERSION,
        "at": iso(now),
        "headway_version": version,
        **_whole(servers),
        "servers": servers,
    }


def iso(at: float | None) -> str | None:
    """A time as ISO 8601 with its zone (UTC), to the millisecond."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def brief(seconds: float | None) -> str | None:
    """A duration in the seed's way: "45.0s", "2.5m", "1.1h"."""
    if seconds is None:
        return None
    for size, unit in ((3600.0, "h"), (60.0, "m")):
        if seconds >= size:
            return f"{seconds / size:.1f}{unit}"
    return f"{seconds:.1f}s"


def _by_source(views: list[AnyView]) -> dict[str, list[JobView]]:
    # A job that does the work of another one is counted there, not twice.
    found: dict[str, list[JobView]] = {}
    for one in views:
        if isinstance(one, JobView) and one.phase not in RESOLVED and "runs_as" not in one.meta:
            found.setdefault(one.source, []).append(one)
    return found


def _went(source: SourceView) -> bool:
    # It was seen, never watched, and is not there any more: nothing is missing.
    return source.readings.get("watched") is False and source.seen is False


def _hidden(source: SourceView | None) -> bool:
    return _state(source) == "unwatched"


def _server(
    name: str,
    source: SourceView | None,
    jobs: list[JobView],
    workers: list[WorkerView],
    now: float,
) -> dict[str, Any]:
    state = _state(source)
    away = state == "unreachable"
    listed = [_generation(one, source, now) for one in sorted(jobs, key=_line)]
    counts = _counts(source, state, jobs, now)
    meta = source.meta if source else {}
    readings = source.readings if source else {}
    own = [one for one in workers if one.source == name]
    return {
        "server": name,
        "title": source.title if source and source.title else name,
        "simulated": bool(meta.get("simulated")),
        "server_url": meta.get("url"),
        "status": state,
        "since": iso(source.since) if source else None,
        "trouble": readings.get("trouble") or None,
        "response_time": _milliseconds(readings.get("response_time")),
        "response_time_basis": "observed" if "response_time" in readings else None,
        "response_time_age": 0.0 if "response_time" in readings else None,
        "version": readings.get("version"),
        "tier": readings.get("tier"),
        "skipped": readings.get("skipped") or 0,
        "skips": readings.get("skips") or [],
        "backends": _backends(name, source, own, state, counts, jobs, now),
        **_count_of("models_count", readings, now, source),
        **_count_of("models_loaded", readings, now, source),
        "active_generations": [] if away else listed,
        **counts,
        "last_seen": listed if away else [],
    }


def _state(source: SourceView | None) -> str:
    if source is None or source.meta.get("source_kind") == "program":
        return "online"  # programs report by themselves; their silence is no absence
    if source.readings.get("watched") is False:
        return "unwatched"
    if source.seen is None:
        return "unknown"
    if not source.seen:
        return "unreachable"
    return "wedged" if source.readings.get("trouble") else "online"


def _counts(
    source: SourceView | None, state: str, jobs: list[JobView], now: float
) -> dict[str, Any]:
    readings = source.readings if source else {}
    said = _sum(readings.get("running"), readings.get("waiting"))
    reached = state in ("online", "wedged")
    floor = max(len(jobs), said or 0) if reached else 0
    reason = _unseen(source, state)
    age = 0.0 if reached else _age(source.since if source else None, now)
    basis = _worst(one.basis for one in jobs) if jobs and len(jobs) >= floor else "observed"
    estimate = readings.get("estimated_running") if reached else None
    return {
        "generations_running": None if reason else floor,
        "generations_running_basis": None if reason else basis,
        "generations_running_age": None if reason else age,
        "generations_running_at_least": floor,
        "generations_running_at_least_basis": basis,
        "generations_running_at_least_age": age,
        "generations_estimated": estimate,
        "generations_estimated_basis": "inferred" if estimate is not None else None,
        "generations_estimated_age": age if estimate is not None else None,
        "unseen": [reason] if reason else [],
    }


def _unseen(source: SourceView | None, state: str) -> str:
    if source is None:
        return ""
    name = source.title or source_of(source.key)
    kind = str(source.meta.get("source_kind", ""))
    if state == "unwatched":
        what = TYPES.get(kind, kind or "server")
        return f"{name}: {what} seen, not watched yet" if kind in GENERATES else ""
    if state == "unreachable":
        why = str(source.readings.get("unreachable") or "")
        return f"{name}: cannot be reached" + (f" ({why})" if why else "")
    if state == "unknown":
        return f"{name}: not asked yet"
    return f"{name}: {source.readings['unseen']}" if source.readings.get("unseen") else ""


def _backends(
    name: str,
    source: SourceView | None,
    workers: list[WorkerView],
    state: str,
    counts: dict[str, Any],
    jobs: list[JobView],
    now: float,
) -> list[dict[str, Any]]:
    meta = source.meta if source else {}
    kind = str(meta.get("source_kind", "program" if source is None else "unknown"))
    works = _works(state, counts, jobs)
    age = counts["generations_running_at_least_age"]
    whole = {
        "type": TYPES.get(kind, kind),
        "status": works,
        "model_loaded": _model(source, jobs) if state in ("online", "wedged") else None,
        "gpu": (source.readings.get("gpu") or meta.get("gpu")) if source else None,
        "server": name,
        "basis": "observed" if source else "reported",
        "age": age,
    }
    if len(workers) < 2:
        only = workers[0] if workers else None
        return [{"id": name, **whole, **(_worker(only, works) if only else {})}]
    return [{"id": split(one.key)[1], **whole, **_worker(one, works)} for one in workers]


def _worker(worker: WorkerView, works: str) -> dict[str, Any]:
    said = {
        "status": worker.activity or ("unreachable" if worker.seen is False else works),
        "model_loaded": worker.readings.get("model_loaded"),
        "gpu": worker.readings.get("gpu") or worker.meta.get("gpu") or _gpu(worker.title),
    }
    return {name: value for name, value in said.items() if value}


def _gpu(title: str) -> str:
    # ComfyUI calls a GPU "cuda:0 NVIDIA RTX 3090 : cudaMallocAsync", and no GPU "cpu".
    head = title.partition(" : ")[0]
    name = head.partition(" ")[2] if head[:5] in ("cuda:", "xpu:0", "hip:0") else head
    return "" if name == "cpu" else name


def _works(state: str, counts: dict[str, Any], jobs: list[JobView]) -> str:
    if state != "online":
        return state
    if counts["generations_running"] is None and not jobs:
        return "unknown"
    return "running" if counts["generations_running_at_least"] else "idle"


def _model(source: SourceView | None, jobs: list[JobView]) -> str | None:
    loaded = source.readings.get("model_loaded") if source else None
    running = [one.meta.get("model") for one in jobs if one.phase in ("running", "finishing")]
    return str(loaded or running[0]) if loaded or any(running[:1]) else None


def _generation(job: JobView, source: SourceView | None, now: float) -> dict[str, Any]:
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
        "elapsed": _round(at.elapsed),
        "queue_position": job.position,
        "queue_length": job.position_of,
        **_eta(job, now),
        "stalled_for": _round(at.stalled),
        "missing_since": iso(job.missing_since),
        "basis": job.basis,
        "age": _age(job.updated_at or None, now),
    }


def _bar(job: JobView, now: float) -> dict[str, Any]:
    bar = job.bars[0] if job.bars else None
    return {
        "step": bar.done if bar else None,
        "steps": bar.total if bar else None,
        "step_name": (bar.name or None) if bar else None,
        "step_unit": (bar.unit or None) if bar else None,
        "step_basis": bar.basis if bar else None,
        "step_age": _age(bar.at, now) if bar else None,
    }


def _eta(job: JobView, now: float) -> dict[str, Any]:
    one = job.estimate
    return {
        "eta": _round(max(one.end_at - now, 0.0)) if one else None,
        "eta_at": iso(one.end_at) if one else None,
        "eta_low_at": iso(one.low_at) if one else None,
        "eta_high_at": iso(one.high_at) if one else None,
        "eta_starts_at": iso(one.start_at) if one else None,
        "eta_samples": one.samples if one else None,
        "eta_basis": "estimated" if one else None,
        "overdue": bool(one and now > one.high_at),
    }


def _line(job: JobView) -> tuple[int, float, float, str]:
    position = float("inf") if job.position is None else job.position
    return _ORDER.get(job.phase, 9), position, job.started_at or job.queued_at or 0.0, job.key


def _whole(servers: list[dict[str, Any]]) -> dict[str, Any]:
    only = servers[0] if len(servers) == 1 else {}
    states = {one["status"] for one in servers if one["status"] != "unwatched"}
    unknown = not servers or any(one["generations_running"] is None for one in servers)
    return {
        "server_url": only.get("server_url"),
        "status": states.pop() if len(states) == 1 else "mixed" if states else "unknown",
        "response_time": only.get("response_time"),
        "response_time_basis": only.get("response_time_basis"),
        "response_time_age": only.get("response_time_age"),
        "version": only.get("version"),
        "backends": _joined(servers, "backends"),
        **_added("models_count", servers),
        **_added("models_loaded", servers),
        "active_generations": sorted(_joined(servers, "active_generations"), key=_order_of),
        **_added("generations_running", [] if unknown else servers),
        **_added("generations_running_at_least", servers, start=0),
        **_added("generations_estimated", servers),
        "unseen": _joined(servers, "unseen") if servers else ["no server found"],
        "last_seen": _joined(servers, "last_seen"),
    }


def _order_of(one: dict[str, Any]) -> int:
    return _ORDER.get(one["phase"], 9)


def _joined(servers: list[dict[str, Any]], name: str) -> list[Any]:
    return [one for server in servers for one in server[name]]


def _added(name: str, servers: list[dict[str, Any]], *, start: int | None = None) -> dict[str, Any]:
    said = [one for one in servers if one[name] is not None]
    total = sum(one[name] for one in said) if said else start
    ages = [one[f"{name}_age"] for one in said if one[f"{name}_age"] is not None]
    return {
        name: total,
        f"{name}_basis": _worst(one[f"{name}_basis"] for one in said) if said else None,
        f"{name}_age": max(ages, default=None),
    }


def _count_of(
    name: str, readings: dict[str, Any], now: float, source: SourceView | None
) -> dict[str, Any]:
    value = readings.get(name)
    return {
        name: value,
        f"{name}_basis": None if value is None else "observed",
        f"{name}_age": None if value is None or source is None else _age(source.updated_at, now),
    }


def _worst(bases: Iterable[str]) -> str:
    return min(bases, key=lambda basis: BASIS_RANK[basis], default="observed")  # type: ignore[index]


def _sum(*numbers: Any) -> int | None:
    said = [int(one) for one in numbers if isinstance(one, int | float)]
    return sum(said) if said else None


def _milliseconds(seconds: Any) -> str | None:
    return f"{seconds * 1000:.0f}ms" if isinstance(seconds, int | float) else None


def _age(at: float | None, now: float) -> float | None:
    return None if at is None else round(max(now - at, 0.0), 3)


def _round(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)

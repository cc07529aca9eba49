"""The answer of `status`: what every server does now, with the seed's keys.

    schema_version        1; keys are only ever added
    at                    when the answer was made, ISO 8601; ages are relative to it
    headway_version       of the program that answers
    server_url, status, response_time, version
                          of the only server; null with several (see `servers`)
    status                online, unreachable, unknown, unwatched or wedged; "mixed" of several
    backends[]            {id, type, status, model_loaded, gpu, server, basis, age}
    backends[].status     running (it works), ready (it could; which of several works is not
                          known), idle, starting, errored, disabled, unreachable, unknown,
                          unwatched, wedged
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
      orphan              the program that asked for it is gone, and the server goes on with it
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
from typing import Any

from headway.model.keys import source_of
from headway.model.views import AnyView, JobView, SourceView, WorkerView
from headway.model.words import RESOLVED
from headway.talk.amounts import brief, iso, milliseconds, worst
from headway.talk.backends import backends_of
from headway.talk.counted import count_of, counts_of
from headway.talk.generations import generation, line_of, order_of

SCHEMA_VERSION = 1

__all__ = ["brief", "iso", "status_of"]


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
    listed = [generation(one, source, now) for one in sorted(jobs, key=line_of)]
    counts = counts_of(source, state, jobs, now)
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
        "response_time": milliseconds(readings.get("response_time")),
        "response_time_basis": "observed" if "response_time" in readings else None,
        "response_time_age": 0.0 if "response_time" in readings else None,
        "version": readings.get("version"),
        "tier": readings.get("tier"),
        "skipped": readings.get("skipped") or 0,
        "skips": readings.get("skips") or [],
        "backends": backends_of(name, source, own, state, counts, jobs, now),
        **count_of("models_count", readings, now, source),
        **count_of("models_loaded", readings, now, source),
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
        "active_generations": sorted(_joined(servers, "active_generations"), key=order_of),
        **_added("generations_running", [] if unknown else servers),
        **_added("generations_running_at_least", servers, start=0),
        **_added("generations_estimated", servers),
        "unseen": _joined(servers, "unseen") if servers else ["no server found"],
        "last_seen": _joined(servers, "last_seen"),
    }


def _joined(servers: list[dict[str, Any]], name: str) -> list[Any]:
    return [one for server in servers for one in server[name]]


def _added(name: str, servers: list[dict[str, Any]], *, start: int | None = None) -> dict[str, Any]:
    said = [one for one in servers if one[name] is not None]
    total = sum(one[name] for one in said) if said else start
    ages = [one[f"{name}_age"] for one in said if one[f"{name}_age"] is not None]
    return {
        name: total,
        f"{name}_basis": worst(one[f"{name}_basis"] for one in said) if said else None,
        f"{name}_age": max(ages, default=None),
    }

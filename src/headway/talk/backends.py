"""Entries of `backends`: what does the work, and whether it works.

Rule 1: "running" is said of a back end that works, never of one that only could: that one is
    idle where nothing is under way, and ready where nobody can tell which of several works.
"""

from __future__ import annotations

from typing import Any

from headway.model.keys import split
from headway.model.views import JobView, SourceView, WorkerView

TYPES = {
    "comfyui": "ComfyUI",
    "swarmui": "SwarmUI",
    "stash": "Stash",
    "qbittorrent": "qBittorrent",
    "program": "Program",
}
AWAY = frozenset({"unreachable", "unwatched", "wedged"})
"""States of a server that hide what its back ends last were."""


def backends_of(
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
    works = _works(state, counts)
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
        return [{"id": name, **whole, **(_worker(only, works, alone=True) if only else {})}]
    return [
        {"id": split(one.key)[1], **whole, **_worker(one, works, alone=False)} for one in workers
    ]


def _worker(worker: WorkerView, works: str, *, alone: bool) -> dict[str, Any]:
    said = {
        "status": _standing(worker, works, alone=alone),
        "model_loaded": worker.readings.get("model_loaded"),
        "gpu": worker.readings.get("gpu") or worker.meta.get("gpu") or _gpu(worker),
    }
    return {name: value for name, value in said.items() if value}


def _standing(worker: WorkerView, works: str, *, alone: bool) -> str:
    state = str(worker.readings.get("state") or "")
    if not state or works in AWAY:
        return worker.activity or ("unreachable" if worker.seen is False else works)
    if state != "ready":
        return state
    draws = worker.readings.get("step") is not None
    return "running" if draws else works if works == "idle" or alone else "ready"


def _gpu(worker: WorkerView) -> str:
    if "backend_type" in worker.meta:
        return ""  # its title is a name that people gave it
    # ComfyUI calls a GPU "cuda:0 NVIDIA RTX 3090 : cudaMallocAsync", and no GPU "cpu".
    head = worker.title.partition(" : ")[0]
    name = head.partition(" ")[2] if head[:5] in ("cuda:", "xpu:0", "hip:0") else head
    return "" if name == "cpu" else name


def _works(state: str, counts: dict[str, Any]) -> str:
    if state != "online":
        return state
    if counts["generations_running_at_least"]:
        return "running"
    return "unknown" if counts["generations_running"] is None else "idle"


def _model(source: SourceView | None, jobs: list[JobView]) -> str | None:
    loaded = source.readings.get("model_loaded") if source else None
    running = [one.meta.get("model") for one in jobs if one.phase in ("running", "finishing")]
    return str(loaded or running[0]) if loaded or any(running[:1]) else None

"""What a reader without a token gets: states, progress and counts.

Rule 1: an allow-list: a field that nobody thought of is not shown.
Rule 2: titles, words of prompts, names of files and error details are personal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from headway.model.events import AnyEvent, Ended, Registered
from headway.model.views import (
    AnyView,
    DaemonView,
    GroupView,
    JobView,
    SourceView,
    StepView,
    WorkerView,
)

JOB_READINGS = frozenset({"start_at"})

JOB_META = frozenset(
    {
        "number",
        "family",
        "signature",
        "work",
        "model",
        "width",
        "height",
        "batch",
        "sampling_steps",
        "group",
        "parent",
        "runs_as",
        "retry_of",
        "simulated",
        "resumed",
        "job_id",
        "orphan",
    }
)
NODE_META = frozenset({"source_kind", "url", "gpu", "simulated", "daemon_id"})
NODE_READINGS = frozenset(
    {
        "version",
        "tier",
        "instance",
        "running",
        "waiting",
        "trouble",
        "skipped",
        "watched",
        "unseen",
        "unreachable",
        "response_time",
        "estimated_running",
        "models_count",
        "models_loaded",
        "model_loaded",
        "gpu",
        "others",
        "loading",
        "state",
        "step",
        "steps",
        "rate",
        "current_status",
        "current_job_id",
        "current_job_type",
    }
)


def public(view: AnyView) -> AnyView:
    """The view as anybody on this machine may see it."""
    return _PUBLIC[type(view)](view)


def public_event(event: AnyEvent) -> AnyEvent:
    """The event as anybody on this machine may see it."""
    if isinstance(event, Registered):
        return replace(event, meta=_only(event.meta, JOB_META | NODE_META))
    if isinstance(event, Ended):
        return replace(event, why=_line(event.why), evidence="", detail="")
    return event


def _job(view: JobView) -> JobView:
    return replace(
        view,
        title="",
        activity="",
        why=_line(view.why),
        evidence="",
        outputs=[],
        meta=_only(view.meta, JOB_META),
        readings=_only(view.readings, JOB_READINGS),
    )


def _group(view: GroupView) -> GroupView:
    return replace(view, title="", meta={})


def _node(view: Any) -> Any:
    meta = _only(view.meta, NODE_META)
    if "url" in meta:
        meta["url"] = _bare(str(meta["url"]))
    return replace(view, meta=meta, readings=_only(view.readings, NODE_READINGS))


def _daemon(view: DaemonView) -> DaemonView:
    shown: DaemonView = _node(view)
    return replace(shown, activity="")


def _only(fields: dict[str, Any], allowed: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name in allowed}


def _line(why: str) -> str:
    # "ValueError: prompt 'a red …' is empty" says too much; its class says enough.
    head, colon, _ = why.partition(":")
    return head[:80] if colon else why.partition("\n")[0][:80]


def _bare(url: str) -> str:
    # A URL may hold a name and a password, or a key in its query.
    try:
        parts = urlsplit(url)
        name = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    name = f"[{name}]" if ":" in name else name
    return f"{parts.scheme}://{name}{port}{parts.path}"


_PUBLIC: dict[type[AnyView], Callable[[Any], AnyView]] = {
    JobView: _job,
    StepView: lambda view: view,
    GroupView: _group,
    SourceView: _node,
    WorkerView: _node,
    DaemonView: _daemon,
}

"""What the answers look like, for the OpenAPI document. Handlers write them as bytes.

Rule 1: answers only grow: a reader ignores fields that it does not know.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headway.model.events import AnyEvent
from headway.model.views import DaemonView, GroupView, JobView, SourceView, StepView, WorkerView
from headway.store.contract import Count


class _Page(msgspec.Struct, frozen=True, kw_only=True):
    """`next` is `after` for the following page; it is absent at the end."""

    cursor: str
    next: str = ""
    bounded: bool = False


class Jobs(_Page, frozen=True):
    """A page of jobs. `bounded`: only the newest ones were searched, and there are more."""

    jobs: list[JobView]


class Groups(_Page, frozen=True):
    """A page of groups."""

    groups: list[GroupView]


class Sources(_Page, frozen=True):
    """A page of sources."""

    sources: list[SourceView]


class Workers(_Page, frozen=True):
    """A page of workers."""

    workers: list[WorkerView]


class Daemons(_Page, frozen=True):
    """A page of daemons."""

    daemons: list[DaemonView]


class Steps(msgspec.Struct, frozen=True, kw_only=True):
    """The steps of a job, in order of their start."""

    job: str
    steps: list[StepView]


class Events(msgspec.Struct, frozen=True, kw_only=True):
    """The edges of a job, oldest first."""

    job: str
    events: list[AnyEvent]


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs ended how: by source and hour, and in all."""

    counts: list[Count]
    totals: dict[str, int]


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """How many events were stored, and a cursor at which they are."""

    stored: int
    cursor: str


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The process answers."""

    status: str
    version: str


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """`store`: why it takes nothing, or empty. `unseen`: sources that do not answer."""

    status: str
    store: str
    unseen: list[str]


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What every source does now; see docs/protocol.md for the nested fields."""

    schema_version: int
    at: str
    headway_version: str
    server_url: str | None
    status: str
    response_time: float | None
    version: str | None
    backends: list[dict[str, Any]]
    models_count: int | None
    models_loaded: int | None
    active_generations: list[dict[str, Any]]
    generations_running: int | None
    generations_running_at_least: int
    generations_estimated: int | None
    last_seen: list[dict[str, Any]]
    servers: list[dict[str, Any]]

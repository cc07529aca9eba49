"""What readers get: the public shape of every entity. Schema version 1, frozen.

Rule 1: a view holds facts and absolute times; elapsed, percent, stale and stalled are
for whoever knows what time it is (`headway.fold.clock`).
Rule 2: None and a missing field mean unknown, never 0, "" or idle.
Rule 3: each fact that is not "reported" or "observed" says so (`basis`).
"""

from __future__ import annotations

from typing import Any

import msgspec

from headway.model.words import Basis, Outcome, Phase


class _View(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    key: str


class BarView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A measured k of n. `total` None: unknown."""

    done: float
    at: float
    total: float | None = None
    step: str = ""
    name: str = ""
    unit: str = ""
    basis: Basis = "observed"


class Estimate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When it will end (and, while it waits, start), computed from history.

    `low_at` to `high_at` is the plain spread of the samples; `samples` counts them
    (0: from the measured rate of this run alone).
    """

    end_at: float
    low_at: float
    high_at: float
    samples: int
    start_at: float | None = None
    how: str = ""


class Output(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file that the job names; `n` is its number in `/jobs/{key}/outputs/{n}`."""

    n: int
    name: str
    media: str = ""
    step: str = ""


class JobView(_View, frozen=True, tag_field="kind", tag="job"):
    """A job as everybody sees it.

    `basis` is how the phase is known. `fraction` is finished needed steps plus running
    bars over needed steps; None where the steps are unknown, 1 only when succeeded.
    `missing_since`: the back end does not list it any more, which proves nothing yet.
    `stepped_at`: when a step last began or ended.
    `stalled_at`: unless something is heard before, it counts as stalled from then on.
    `revised`: only in the change that tells it, an outcome told before was corrected.
    """

    source: str
    native: str
    phase: Phase
    basis: Basis = "observed"
    outcome: Outcome | None = None
    attempt: int = 1
    title: str = ""
    job_kind: str = ""
    queued_at: float | None = None
    started_at: float | None = None
    finishing_at: float | None = None
    ended_at: float | None = None
    updated_at: float = 0.0
    stepped_at: float | None = None
    fraction: float | None = None
    steps_done: int | None = None
    steps_needed: int | None = None
    steps_cached: int = 0
    bars: list[BarView] = []
    position: int | None = None
    position_of: int | None = None
    activity: str = ""
    estimate: Estimate | None = None
    stalled_at: float | None = None
    missing_since: float | None = None
    why: str = ""
    evidence: str = ""
    revised: bool = False
    outputs: list[Output] = []
    meta: dict[str, Any] = {}
    readings: dict[str, Any] = {}


class StepView(_View, frozen=True, tag_field="kind", tag="step"):
    """One step of a job; its time is from `started_at` to `ended_at`."""

    job: str
    step: str
    phase: str
    attempt: int = 1
    name: str = ""
    parent: str = ""
    cached: bool = False
    started_at: float | None = None
    ended_at: float | None = None
    basis: Basis = "observed"
    bar: BarView | None = None


class GroupView(_View, frozen=True, tag_field="kind", tag="group"):
    """A group: its counts partition `total`.

    Open: `total` is "so far", `fraction` None, `complete` never. `seal_conflict`: two
    owners named different members, so that nothing about the whole can be said.
    """

    id: str
    title: str = ""
    sealed: bool = False
    seal_conflict: bool = False
    complete: bool = False
    result: str | None = None
    total: int | None = None
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    lost: int = 0
    unknown: int = 0
    active: int = 0
    waiting: int = 0
    strays: int = 0
    fraction: float | None = None
    meta: dict[str, Any] = {}


class NodeView(_View, frozen=True, tag_field="kind"):
    """A source, a worker or a daemon: whether it is seen, and its readings.

    `seen` None: not known yet. `since`: since when it is (not) seen.
    """

    title: str = ""
    seen: bool | None = None
    since: float | None = None
    activity: str = ""
    updated_at: float = 0.0
    meta: dict[str, Any] = {}
    readings: dict[str, Any] = {}


class SourceView(NodeView, frozen=True, tag="source"):
    """A watched system or a reporting program."""


class WorkerView(NodeView, frozen=True, tag="worker"):
    """Something inside a source that does work."""

    source: str = ""


class DaemonView(NodeView, frozen=True, tag="daemon"):
    """A background program that says what it is doing."""


AnyView = JobView | StepView | GroupView | SourceView | WorkerView | DaemonView

"""What is known: the state of every entity, as it lies in the store. Version 1, frozen.

Rule 1: these are the join-semilattice that `headway.fold` folds events into; only
`fold` writes them. Everybody else reads the views (`headway.model.views`).
Rule 2: facts only. Nothing here depends on the current time: no percent, no elapsed,
no "is stale".
Rule 3: one small row each: a level rewrites about half a kilobyte. Big things (a
traceback, a graph) are kept apart as payloads.
Rule 4: the shape only grows, as that of the events.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headway.model.keys import Kind
from headway.model.words import Basis, Outcome


class Stamp(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """When something happened and how that is known."""

    at: float
    basis: Basis


class Registration(msgspec.Struct, omit_defaults=True):
    """Meta fields that this observer was the first to state."""

    at: float
    observer: str
    meta: dict[str, Any]


class Reading(msgspec.Struct, array_like=True, frozen=True):
    """One observer's newest value of one level."""

    at: float
    basis: Basis
    value: Any


class Bar(msgspec.Struct, omit_defaults=True, frozen=True, gc=False):
    """One observer's bar: the furthest point of its newest run."""

    at: float
    done: float
    basis: Basis
    total: float | None = None
    run: int = 0
    unit: str = ""


Bars = dict[str, dict[str, Bar]]
"""observer → the bar's name → where it stands."""


class End(msgspec.Struct, omit_defaults=True, frozen=True, gc=False):
    """How an attempt ended, as far as the best evidence goes."""

    outcome: Outcome
    at: float
    basis: Basis
    why: str = ""
    evidence: str = ""


class Attempt(msgspec.Struct, omit_defaults=True):
    """One try at a job. Each time is the earliest within the best basis.

    `bars` holds those of steps that are not over ("" is the job itself); each step
    keeps its own besides. `stepped_at` is when a step was last heard to begin or end (0:
    never).
    """

    queued: Stamp | None = None
    started: Stamp | None = None
    finishing: Stamp | None = None
    end: End | None = None
    final: bool = False
    running_steps: set[str] = msgspec.field(default_factory=set)
    finished_steps: set[str] = msgspec.field(default_factory=set)
    cached_steps: set[str] = msgspec.field(default_factory=set)
    bars: dict[str, Bars] = msgspec.field(default_factory=dict)
    stepped_at: float = 0.0


class StepAttempt(msgspec.Struct, omit_defaults=True):
    """One run of one step."""

    started: Stamp | None = None
    ended: Stamp | None = None
    name: str = ""
    parent: str = ""
    cached: bool = False
    bars: Bars = msgspec.field(default_factory=dict)


class Tally(msgspec.Struct, omit_defaults=True):
    """How a group's known members stand; derived from them, kept beside the group.

    `micro` sums the members' fractions in
    millionths, so that the sum is exact in any order.
    """

    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    lost: int = 0
    unknown: int = 0
    active: int = 0
    waiting: int = 0
    strays: int = 0
    micro: int = 0


class Entity(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What every entity has. `levels` maps a field to each observer's newest value."""

    key: str
    registrations: list[Registration] = msgspec.field(default_factory=list)
    levels: dict[str, dict[str, Reading]] = msgspec.field(default_factory=dict)


class Job(Entity, tag_field="kind", tag="job"):
    """One piece of work somebody asked for."""

    attempts: dict[int, Attempt] = msgspec.field(default_factory=dict)


class Step(Entity, tag_field="kind", tag="step"):
    """One step of a job, such as a node of a ComfyUI graph."""

    attempts: dict[int, StepAttempt] = msgspec.field(default_factory=dict)


class Group(Entity, tag_field="kind", tag="group"):
    """Jobs that belong together. Open while `seals` is empty; more than one: a conflict."""

    seals: list[list[str]] = msgspec.field(default_factory=list)
    tally: Tally = msgspec.field(default_factory=Tally)


class Source(Entity, tag_field="kind", tag="source"):
    """A system that is watched, or a program that reports."""


class Worker(Entity, tag_field="kind", tag="worker"):
    """Something inside a source that does work: a back end, a GPU."""


class Daemon(Entity, tag_field="kind", tag="daemon"):
    """A background program that says what it is doing."""


AnyEntity = Job | Step | Group | Source | Worker | Daemon

CLASS_OF: dict[Kind, type[AnyEntity]] = {
    "job": Job,
    "step": Step,
    "group": Group,
    "source": Source,
    "worker": Worker,
    "daemon": Daemon,
}

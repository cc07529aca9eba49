"""Telling about one job: each thing once, with the best time and basis there is.

Rule 1: repeated news is not told again; what is told twice with better evidence is.
Rule 2: a step's bar that falls or gets a new total is told as a new run.
Rule 3: while a sampler is known to run, everything it depends on is done (derived).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headway.dialects.comfyui.desk import Desk
from headway.dialects.comfyui.frames import NodeState
from headway.dialects.comfyui.plan import Plan, Sampler
from headway.dialects.comfyui.privacy import without_folders
from headway.dialects.comfyui.roll import Known
from headway.dialects.comfyui.wire import LARGEST_META, size
from headway.model.events import (
    Activity,
    Position,
    Progress,
    Queued,
    Reading,
    Registered,
    Started,
    StepEnded,
    StepStarted,
)
from headway.model.keys import job_key
from headway.model.words import Basis

LONGEST_PROMPT = 3_000  # characters
MOST_STEPS = 5_000  # steps of one job that are told of


class Teller:
    """Tells what became known of jobs."""

    def __init__(self, desk: Desk, *, keep_prompts: bool = False) -> None:
        self._desk = desk
        self._keep_prompts = keep_prompts

    def registered(self, job: Known, at: float, *, resumed: bool = False) -> None:
        """The job exists."""
        if job.registered:
            return
        job.registered = True
        meta: dict[str, Any] = {
            "number": int(job.number) if job.number == int(job.number) else job.number
        }
        if job_key(job.key).native != job.native and size(job.native) <= LARGEST_META:
            meta["native"] = job.native
        if resumed:
            meta["resumed"] = True
        self._desk.say(Registered, job.key, at, meta=meta)

    def planned(self, job: Known, plan: Plan, client: str, at: float) -> None:
        """Its graph was read."""
        if job.plan is not None:
            return
        job.plan = plan
        meta = plan.facts()
        if client:
            meta["submitter"] = client
        if self._keep_prompts and plan.texts:
            meta["prompt"] = "\n".join(plan.texts)[:LONGEST_PROMPT]
        if meta:
            self._desk.say(Registered, job.key, at, meta=meta)
        steps = plan.steps()
        if steps:
            self._desk.say(Registered, job.key, at, meta=steps)

    def queued(self, job: Known, at: float) -> None:
        """It waits, or waited."""
        if job.queued:
            return
        job.queued = True
        stamp = self._desk.stamp(job.created, at)
        self._desk.say(Queued, job.key, at if stamp is None else stamp)

    def placed(self, job: Known, rank: int, of: int, at: float) -> None:
        """It is that far in the line."""
        if job.position != (rank, of):
            job.position = (rank, of)
            self._desk.say(Position, job.key, at, position=rank, of=of)

    def started(self, job: Known, at: float, basis: Basis = "observed") -> None:
        """It runs."""
        job.ran = True
        self._desk.say(Started, job.key, at, basis=basis)

    def step_started(
        self, job: Known, step: str, at: float, *, parent: str = "", basis: Basis = "observed"
    ) -> None:
        """A step of it runs."""
        known = job.running_steps | job.ended_steps.keys()
        if not step or step in known or len(known) >= MOST_STEPS:
            return
        job.running_steps.add(step)
        ear = "socket" if basis == "observed" else "console"
        self._desk.say(
            StepStarted, job.key, at, basis=basis, ear=ear, step=step, name=job.name_of(step),
            parent=parent,
        )  # fmt: skip

    def step_ended(
        self, job: Known, step: str, at: float, *, basis: Basis = "observed", cached: bool = False
    ) -> None:
        """A step of it is over."""
        if not step or (step in job.ended_steps and not cached):
            return
        if len(job.ended_steps) >= MOST_STEPS:
            return
        job.running_steps.discard(step)
        job.ended_steps[step] = at
        name = job.name_of(step)
        self._desk.say(StepEnded, job.key, at, basis=basis, step=step, cached=cached, name=name)

    def node(self, job: Known, node: NodeState, at: float) -> None:
        """One node of a progress_state; only what changed is told."""
        if node.running:
            self.step_started(job, node.step, at, parent=node.parent)
            if (node.done, node.total) != (0.0, 1.0):  # what every node says when it begins
                self.bar(job, node.step, node.done, node.total, at)
        elif node.step not in job.ended_steps:
            self.step_started(job, node.step, at, parent=node.parent)
            self.step_ended(job, node.step, at)

    def bar(self, job: Known, step: str, done: float, total: float | None, at: float) -> None:
        """A bar of the status socket moved."""
        bar = job.bar(step)
        if len(job.bars) <= MOST_STEPS and bar.moves(done, total):
            self._desk.say(
                Progress, job.key, at, ear="socket", step=step, done=done, total=total, run=bar.run
            )

    def drawn(self, job: Known, step: str, done: float, total: float | None, at: float) -> None:
        """A bar of the console moved."""
        bar = job.drawing(step)
        if bar.moves(done, total):
            self._desk.say(
                Progress, job.key, at, basis="derived", ear="console", step=step, done=done,
                total=total, run=bar.run,
            )  # fmt: skip

    def sampling(self, job: Known, sampler: Sampler, began: float) -> None:
        """A sampler draws: it runs, and all before it is done."""
        if job.sampler == sampler.step and sampler.step in job.running_steps:
            return
        job.sampler = sampler.step
        self.done(job, sorted(sampler.before), began)
        self.step_started(job, sampler.step, began, basis="derived")

    def done(self, job: Known, steps: Iterable[str], at: float) -> None:
        """These must be over by now."""
        for step in steps:
            self.step_ended(job, step, at, basis="derived")

    def loading(self, job: Known, name: str, at: float) -> None:
        """A model is being brought to the device for it; "" = not any more."""
        words = f"loading {without_folders(name)}" if name else ""
        self._desk.say(Activity, job.key, at, basis="derived", ear="console", text=words)
        if name:
            self.was_cold(job, at, cold=True)

    def was_cold(self, job: Known, at: float, *, cold: bool) -> None:
        """Whether models had to be loaded for it."""
        if job.cold is None or (cold and not job.cold):
            job.cold = cold
            self._desk.say(
                Reading, job.key, at, basis="derived", ear="console", field="cold", value=cold
            )

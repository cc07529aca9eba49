"""Ears for the mirror extension: every step of everybody's jobs, said by the server itself.

Rule 1: what the mirror says is reported, by an observer of its own; its bars never mix with
    those of the status socket or the console, and while it is heard those say nothing of jobs.
Rule 2: outputs and reasons stand in the history: a job's end is told from there, and by the
    mirror's word only where the history holds nothing.
Rule 3: a listing that was asked for before a word may be heard after it: what is new is spared
    by one listing, and what was deleted leaves the roll when a listing no longer has it.
    The other way round a job's last words may be heard after its history was: they count.
Rule 4: where the mirror is lost nothing is told twice: steps that were told stay told, and
    socket and console go on from there.
"""

from __future__ import annotations

from collections.abc import Callable

from headway.dialects.comfyui.desk import Desk
from headway.dialects.comfyui.jobs import MOST_STEPS, Teller
from headway.dialects.comfyui.line import LineEar
from headway.dialects.comfyui.mirror_frames import Word, Words
from headway.dialects.comfyui.queue import Row
from headway.dialects.comfyui.roll import Bar, Known, Roll
from headway.dialects.comfyui.wedge import Wedge
from headway.model.events import (
    Ended,
    Event,
    Finishing,
    Progress,
    Queued,
    Started,
    StepEnded,
    StepStarted,
)
from headway.model.words import Outcome

EAR = "mirror"
SAID = "the mirror in the server said so"
MOST_RUNNING = 100  # jobs that began and are not done, if ever there is more than one
LAST_WORDS = 0.5  # seconds that a job's history may wait for the mirror's last words of it
MOST_OUTCOMES = 1_000  # ends whose history entry is not there yet

WHY: dict[str, str] = {"cancelled": "stopped by somebody", "failed": "failed; its reason is gone"}
OUTCOMES: dict[str, Outcome] = {
    "succeeded": "succeeded", "failed": "failed", "cancelled": "cancelled",
}  # fmt: skip


class Steps:
    """What was told of one job by the mirror's word."""

    def __init__(self) -> None:
        self.began: set[str] = set()
        self.over: set[str] = set()
        self.bars: dict[str, Bar] = {}
        self.cached: tuple[float, list[str]] | None = None  # until the graph is known


class MirrorEar:
    """Hears the mirror's words. `live`: it is heard now."""

    def __init__(self, desk: Desk, roll: Roll, teller: Teller, wedge: Wedge, line: LineEar) -> None:
        self._desk, self._roll, self._tell, self._wedge = desk, roll, teller, wedge
        self._line = line
        self.live = False
        self.boot = ""
        self._running: dict[str, Known] = {}  # by native id: only one of an id runs at a time
        self._steps: dict[str, Steps] = {}
        self._outcomes: dict[str, str] = {}
        self._deleted: set[str] = set()
        self._read: dict[str, Callable[[Word, float], None]] = {
            "queued": self._queued,
            "deleted": self._was_deleted,
            "started": self._started,
            "cached": self._cached,
            "step": self._step,
            "bar": self._bar,
            "over": self._over,
            "ended": self._ended,
            "done": self._done,
        }

    def hear(self, found: Words, at: float) -> str:
        """A frame; the proof of a restart, if it is one."""
        proof = ""
        if found.report:
            if self.boot and found.boot != self.boot:
                proof = "its mirror extension is that of another process"
            self.live, self.boot, self._running = True, found.boot, {}
            self._desk.want("listing")
        self._desk.missed(*found.skipped)
        for word in found.words:
            stamp = self._desk.stamp(word.at, at)
            self._read[word.kind](word, at if stamp is None else stamp)
        return proof

    def lost(self) -> None:
        """It is not heard any more: socket and console may speak of jobs again."""
        self.live = False
        for job in self._roll:
            job.exact = False

    def listing(self, at: float) -> None:
        """The queue was read: what was deleted is closed, what waited for its graph is told."""
        for key in list(self._deleted):
            job = self._roll.get(key)
            if job is None or job.place in ("gone", "over"):
                self._deleted.discard(key)
                if job is not None and job.place == "gone":
                    self._roll.close(job)
        for key, steps in list(self._steps.items()):
            job = self._roll.get(key)
            if job is not None and steps.cached is not None and job.plan is not None:
                self._tell_cached(job, steps)
            if job is not None and job.place == "gone" and job.gone_at == at and self._speaks(job):
                job.ask_at = at + LAST_WORDS
            if job is None or (job.place == "over" and not self._speaks(job)):
                del self._steps[key]

    def history(self, key: str, at: float) -> None:
        """The history was read; if it holds nothing of that job, the mirror's word ends it."""
        job, outcome = self._roll.get(key), self._outcomes.pop(key, "")
        if job is not None and outcome and job.place != "over":
            self._end(job, OUTCOMES[outcome], at, WHY.get(outcome, ""))
            self._roll.close(job)

    def _speaks(self, job: Known) -> bool:
        """Whether it began, by the mirror's word, and was not called done yet."""
        return self._running.get(job.native) is job

    def _say(self, kind: type[Event], job: Known, at: float, **fields: object) -> None:
        self._desk.say(kind, job.key, at, basis="reported", ear=EAR, **fields)

    def _end(self, job: Known, outcome: Outcome, at: float, why: str) -> None:
        job.told, job.presumed = True, False
        self._say(Ended, job, at, outcome=outcome, why=why, evidence=SAID)

    def _prompt(self, word: Word, *, running: bool, at: float) -> Known | None:
        """The job that a word with its number is about; None for one that is over."""
        row = Row(
            native=word.native, number=word.number or 0.0, created=word.created, running=running
        )
        job, new = self._roll.of_row(row)
        if job is None:
            return None
        if new:
            self._line.spare(job)
        self._tell.registered(job, at)
        if job.plan is None and not job.asked_plan:
            job.asked_plan = True
            self._desk.want("graphs")
        return job

    def _job(self, word: Word) -> Known | None:
        job = self._running.get(word.native) or self._roll.named(word.native)
        if job is None:
            self._desk.missed("mirror: of a job that nobody knows")
        return job

    def _told(self, job: Known) -> Steps:
        job.exact = job.ran = True
        return self._steps.setdefault(job.key, Steps())

    def _queued(self, word: Word, at: float) -> None:
        job = self._prompt(word, running=False, at=at)
        if job is not None:
            job.queued = True
            self._say(Queued, job, at)

    def _was_deleted(self, word: Word, at: float) -> None:
        job = self._prompt(word, running=False, at=at)
        if job is not None:
            self._deleted.add(job.key)
            self._end(job, "cancelled", at, "removed from the queue")

    def _started(self, word: Word, at: float) -> None:
        job = self._prompt(word, running=True, at=at)
        if job is None:
            return
        self._running[word.native] = job
        while len(self._running) > MOST_RUNNING:
            del self._running[next(iter(self._running))]
        self._told(job)
        self._wedge.lived(at)
        if not job.started:
            job.watched_from_start = True
        job.place, job.started = "running", True
        self._say(Started, job, at)

    def _cached(self, word: Word, at: float) -> None:
        job = self._job(word)
        if job is not None:
            steps = self._told(job)
            steps.cached = (at, word.steps)
            if job.plan is not None:
                self._tell_cached(job, steps)

    def _tell_cached(self, job: Known, steps: Steps) -> None:
        at, cached = steps.cached or (0.0, [])
        steps.cached = None
        needed = set(job.plan.needed or ()) if job.plan else set()
        for step in cached:
            if step in needed and step not in steps.over:
                self._step_over(job, steps, step, at, cached=True)

    def _step(self, word: Word, at: float) -> None:
        job = self._job(word)
        if job is None:
            return
        steps = self._told(job)
        self._wedge.sign(at)
        if word.step in steps.began or len(steps.began) >= MOST_STEPS:
            return
        steps.began.add(word.step)
        if word.step not in job.ended_steps:
            job.running_steps.add(word.step)
        name = word.name or job.name_of(word.step)
        self._say(StepStarted, job, at, step=word.step, name=name, parent=word.parent)

    def _bar(self, word: Word, at: float) -> None:
        job = self._job(word)
        if job is None:
            return
        steps = self._told(job)
        self._wedge.sign(at)
        if word.step in steps.over or len(steps.bars) > MOST_STEPS:
            return
        bar = steps.bars.setdefault(word.step, Bar())
        if bar.moves(word.done, word.total):
            self._say(
                Progress, job, at, step=word.step, done=word.done, total=word.total, run=bar.run
            )

    def _over(self, word: Word, at: float) -> None:
        job = self._job(word)
        if job is None:
            return
        steps = self._told(job)
        self._wedge.sign(at)
        if word.step not in steps.over and len(steps.over) < MOST_STEPS:
            self._step_over(
                job, steps, word.step, at, cached=not word.ran, name=word.name, parent=word.parent
            )

    def _step_over(
        self, job: Known, steps: Steps, step: str, at: float, *, cached: bool, name: str = "",
        parent: str = "",
    ) -> None:  # fmt: skip
        steps.over.add(step)
        job.running_steps.discard(step)
        job.ended_steps[step] = at
        named = name or job.name_of(step)
        self._say(StepEnded, job, at, step=step, cached=cached, name=named, parent=parent)

    def _ended(self, word: Word, at: float) -> None:
        job = self._job(word)
        if job is None:
            return
        self._told(job)
        if word.outcome == "cancelled":
            self._end(job, "cancelled", at, WHY["cancelled"])
        else:
            self._say(Finishing, job, at)

    def _done(self, word: Word, at: float) -> None:
        job = self._running.pop(word.native, None)
        self._wedge.lived(at)
        if job is not None:
            job.ask_at = at
        if job is not None and word.outcome and job.place != "over":
            self._outcomes[job.key] = word.outcome
            while len(self._outcomes) > MOST_OUTCOMES:
                del self._outcomes[next(iter(self._outcomes))]
        self._desk.want("listing")

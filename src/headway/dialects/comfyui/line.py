"""Ears for the queue: who waits and at which place, who runs, who is gone.

Rule 1: an absence is only noted here; what it means is decided in `closing`.
Rule 2: a place in line is told when it changes, not at every look.
Rule 3: who is found running at the first look began at some time before (derived).
Rule 4: graphs are asked for once for a job that is new, and never at every look.
"""

from __future__ import annotations

from typing import NamedTuple

from headway.dialects.comfyui.desk import Desk
from headway.dialects.comfyui.jobs import Teller
from headway.dialects.comfyui.queue import Listing, Row
from headway.dialects.comfyui.roll import Known, Roll
from headway.model.events import Presence, Reading

WITHOUT_LOOKING = 5.0  # seconds: a start within such a gap is not seen, but derived


class Look(NamedTuple):
    """What a listing showed: those that run, those newly gone, those never heard of.

    `began`: one of them runs that did not before.
    """

    running: list[Known]
    gone: list[Known]
    new: list[Known]
    began: bool


class LineEar:
    """Compares each listing with the one before."""

    def __init__(self, desk: Desk, roll: Roll, teller: Teller) -> None:
        self._desk, self._roll, self._tell = desk, roll, teller
        self.first = True  # no listing on this connection yet
        self.survived = False  # a job known before this connection was seen on it
        self._looked_at = 0.0
        self._look = 0
        self._new: list[Known] = []

    def opened(self) -> None:
        """The connection is new."""
        self.first, self.survived = True, False

    def spare(self, job: Known) -> None:
        """It came by another way: the next listing may have been asked for before that."""
        job.look = self._look + 1

    def hear(self, found: Listing, at: float) -> Look:
        """Take the listing."""
        self._desk.missed(*found.skipped)
        self._look += 1
        self._new = []
        late = self.first or at - self._looked_at > WITHOUT_LOOKING
        running = [job for row in found.running if (job := self._row(row, at))]
        began = [job for job in running if self._runs(job, at, late=late)]
        self._waits(found.waiting, at)
        absent = [job for job in self._roll if job.look != self._look]
        gone = [job for job in absent if job.place != "gone"]
        for job in gone:
            self._leaves(job, at)
        for job in absent:
            job.reads += 1
        self._counted(len(found.running), len(found.waiting), at)
        self._ask_plans(asked=found.graphs)
        self.first, self._looked_at = False, at
        return Look(running=running, gone=gone, new=self._new, began=bool(began))

    def _row(self, row: Row, at: float) -> Known | None:
        job, new = self._roll.of_row(row)
        if job is None:
            return None
        if job.place == "gone":
            job.place = "running" if job.ran else "waiting"
            self._desk.say(Presence, job.key, at, presence="seen")
        job.look, job.reads, job.doomed, job.asked = self._look, 0, "", 0.0
        self.survived = self.survived or not job.unbroken
        job.unbroken, job.unwatched = True, False
        self._new += [job] if new else []
        self._tell.registered(job, at, resumed=new and row.running and self.first)
        if row.plan is not None:
            self._tell.planned(job, row.plan, row.client, at)
        self._tell.queued(job, at)
        return job

    def _runs(self, job: Known, at: float, *, late: bool) -> bool:
        if job.place == "running" and job.started:
            return False
        job.place, job.started = "running", True
        job.watched_from_start = not late
        self._tell.started(job, at, "derived" if late else "observed")
        return True

    def _waits(self, rows: list[Row], at: float) -> None:
        waiting = [job for row in rows if (job := self._row(row, at))]
        for rank, job in enumerate(waiting, 1):
            if job.place == "waiting":
                self._tell.placed(job, rank, len(waiting), at)

    def _leaves(self, job: Known, at: float) -> None:
        job.ran = job.ran or job.place == "running"
        job.place, job.gone_at, job.ask_at = "gone", at, at
        job.reads, job.asked = 0, 0.0
        self._desk.say(Presence, job.key, at, presence="missing")

    def _counted(self, running: int, waiting: int, at: float) -> None:
        for field, value in (("running", running), ("waiting", waiting)):
            if self._desk.changed(field, value):
                self._desk.say(Reading, self._desk.key, at, field=field, value=value)

    def _ask_plans(self, *, asked: bool) -> None:
        for job in self._roll:
            if job.plan is None and not job.asked_plan and job.place != "gone":
                job.asked_plan = True
                if not asked:
                    self._desk.want("graphs")

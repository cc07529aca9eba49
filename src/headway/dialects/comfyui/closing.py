"""How jobs close: by their history, or by a verdict on what is left of them.

Rule 1: the history is asked for ids that left the queue, and only for those; a few times,
    for it may be slow or unreadable, and until it answered nothing is decided.
Rule 2: a verdict that better evidence may change stays open, and is told again if so.
Rule 3: the history entry of another use of the same id is that use's, not this one's.
"""

from __future__ import annotations

from headway.dialects.comfyui.desk import Desk
from headway.dialects.comfyui.history import Entry
from headway.dialects.comfyui.jobs import Teller
from headway.dialects.comfyui.roll import Known, Roll
from headway.dialects.comfyui.verdict import Evidence, Verdict, verdict
from headway.dialects.comfyui.wedge import Wedge
from headway.dialects.comfyui.wire import Skip
from headway.model.events import Ended, Finishing, Registered

TRIES = 3  # empty answers of the history before anything is decided
UNREADABLE_TRIES = 6  # unreadable answers that count as one empty one
AGAIN = 0.7  # seconds between two looks for the same id
MOST_OPEN = 1_000  # verdicts that wait for better evidence


class ClosingEar:
    """Ends jobs."""

    def __init__(self, desk: Desk, roll: Roll, teller: Teller, wedge: Wedge) -> None:
        self._desk, self._roll, self._tell, self._wedge = desk, roll, teller, wedge
        self._open: dict[str, Known] = {}
        self.trouble = ""

    @property
    def busy(self) -> bool:
        """Whether a job is gone and not yet closed."""
        return any(job.place == "gone" for job in self._roll)

    def left(self, jobs: list[Known], at: float) -> None:
        """These are gone from the queue since the look before."""
        for job in jobs:
            if job.to_its_end:
                self._desk.say(Finishing, job.key, at, basis="derived", ear="console")
        self.tick(at)

    def tick(self, now: float) -> None:
        """Ask again, or decide, where it is time."""
        for job in self._roll:
            if job.place == "gone" and (now >= job.ask_at or job.ask_at - now > 60.0):
                self._next(job, now)
        for job in list(self._open.values()):
            self._judge_again(job, now)

    def history(self, native: str, key: str, found: Entry | Skip | None, at: float) -> None:
        """The history's answer for an id; `key` is the job it was asked for, "" if none."""
        job = self._roll.get(key)
        if isinstance(found, Skip):
            self._desk.missed(found.reason)
        elif found is not None:
            self._desk.missed(*found.skipped)
            entry_of = self._job_of(found, job)
            if entry_of is not None:
                self._close(entry_of, found, at)
        if job is not None and job.place == "gone":
            job.asked += 1 if not isinstance(found, Skip) else 1 / UNREADABLE_TRIES
            job.replaced = job.replaced or isinstance(found, Entry)
            job.ask_at = at + AGAIN
            self._next(job, at)

    def doom(self, proof: str, at: float) -> None:
        """A restart is proven: whatever is not there any more is lost."""
        for job in [*self._roll, *self._open.values()]:
            if not job.unbroken:  # not seen on this connection
                job.doomed, job.ask_at = proof, at
        self.tick(at)

    def broken(self) -> None:
        """The connection was broken: what nobody watched is not known."""
        self._open = {key: job for key, job in self._open.items() if job.unbroken}
        for job in [*self._roll, *self._open.values()]:
            # What had left the queue before was not there for a restart to take.
            job.unwatched = job.unwatched or job.place in ("gone", "over")
            job.unbroken = False

    def unwatched(self) -> None:
        """Whatever was not over may have ended since, unseen."""
        for job in [*self._roll, *self._open.values()]:
            job.unwatched = True

    @property
    def lost_sight(self) -> bool:
        """Whether a job, known before this connection, was not seen on it."""
        return any(not job.unbroken for job in [*self._roll, *self._open.values()])

    def _job_of(self, entry: Entry, asked: Known | None) -> Known | None:
        if entry.row is None:
            return asked
        if asked is not None and asked.native == entry.row.native:
            same = asked.created == entry.row.created
            if same if asked.created or entry.row.created else asked.number == entry.row.number:
                return asked
        return self._roll.of_entry(entry.row)

    def _next(self, job: Known, now: float) -> None:
        decided = self._verdict(job, now) if job.asked >= TRIES or job.doomed else None
        if job.told and job.asked >= TRIES:
            self._roll.close(job)
        elif decided is not None:
            self._decide(job, decided, now)
        elif now >= job.ask_at:
            job.ask_at = now + (AGAIN if job.asked < TRIES else 5.0)
            self._desk.want("history", native=job.native, key=job.key)

    def _verdict(self, job: Known, now: float) -> Verdict | None:
        return verdict(
            Evidence(
                reads=job.reads,
                ran=job.ran,
                unbroken=job.unbroken,
                alive=self._wedge.alive_at >= job.gone_at,
                wedged=self.trouble,
                restart=job.doomed,
                unwatched=job.unwatched,
                to_its_end=job.to_its_end,
                replaced=job.replaced,
                waited=max(now - job.gone_at, 0.0),
            )
        )

    def _decide(self, job: Known, found: Verdict, now: float) -> None:
        job.told, job.presumed = True, found.basis == "inferred"
        self._desk.say(
            Ended,
            job.key,
            job.gone_at or now,
            basis=found.basis,
            outcome=found.outcome,
            why=found.why,
            evidence=found.evidence,
        )
        if found.settled:
            self._open.pop(job.key, None)
        elif len(self._open) < MOST_OPEN:
            self._open[job.key] = job
        if job.place != "over":
            self._roll.close(job)

    def _judge_again(self, job: Known, now: float) -> None:
        found = self._verdict(job, now)
        if found is not None and found.settled:
            self._decide(job, found, now)

    def _close(self, job: Known, entry: Entry, at: float) -> None:
        self._tell.registered(job, at)
        if entry.row is not None and entry.row.plan is not None:
            self._tell.planned(job, entry.row.plan, entry.row.client, at)
        self._tell.queued(job, at)
        began, ended = self._desk.stamp(entry.started, at), self._desk.stamp(entry.ended, at)
        if began is not None:
            self._tell.started(job, began)
        end = at if ended is None else ended
        self._steps(job, entry, end if began is None else began, end)
        if entry.outputs:
            self._desk.say(Registered, job.key, at, meta={"outputs": entry.outputs})
        if job.watched_from_start and self._wedge.console and job.cold is None:
            self._tell.was_cold(job, end, cold=False)
        self._end(job, entry, end)
        job.ended_at = end
        for stamp in (began, ended):
            self._wedge.lived(stamp or 0.0)

    def _steps(self, job: Known, entry: Entry, began: float, end: float) -> None:
        needed = set(job.plan.needed or ()) if job.plan else set()
        for step in entry.cached:
            if not needed or step in needed:
                self._tell.step_ended(job, step, began, cached=True)
        self._tell.done(job, [step for step in entry.executed if not needed or step in needed], end)
        if entry.outcome == "succeeded" and job.plan is not None:
            self._tell.done(job, job.plan.needed or (), end)

    def _end(self, job: Known, entry: Entry, at: float) -> None:
        evidence = "its history entry"
        outcome, why = entry.outcome or "unknown", entry.why
        if entry.outcome is None:
            why = "its history entry has no status"
        self._desk.say(
            Ended, job.key, at, outcome=outcome, why=why, evidence=evidence, detail=entry.detail
        )
        job.told, job.presumed = True, False
        self._open.pop(job.key, None)
        self._roll.close(job)

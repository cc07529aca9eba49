"""Which jobs are monitored, and what was last heard of each.

Rule 1: one prompt for each job number: monitoring it again with another prompt replaces
the first. Several numbers may name one prompt.
Rule 2: a prompt id that was used twice means its newest use.
Rule 3: at most `UNFINISHED` jobs that are not over, then adding is refused; of those that
are over the newest `FINISHED` are kept, so that they can still be asked for.
"""

from __future__ import annotations

from collections.abc import Iterable

from headway.errors import UsageError
from headway.model.views import JobView
from headway.model.words import RESOLVED
from headway.monitor.update import JobId, ProgressUpdate

UNFINISHED = 10_000  # jobs; more is a program that forgets to stop monitoring
FINISHED = 1_000  # jobs


class Monitored:
    """A job that is monitored. `view` None: nobody has heard of its prompt."""

    __slots__ = (
        "asked",
        "job_id",
        "job_type",
        "monitored_at",
        "named",
        "prompt",
        "searched",
        "told",
        "view",
    )

    def __init__(self, job_id: JobId, prompt: str, job_type: str, *, at: float) -> None:
        self.job_id = job_id
        self.prompt = prompt
        self.job_type = job_type
        self.monitored_at = at
        self.view: JobView | None = None
        self.told: ProgressUpdate | None = None
        self.asked = False  # since the connection stands
        self.searched = False  # in the history of its back end, if nobody knows it
        self.named = ""  # the key of the job that carries its number

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.view is not None and self.view.phase in RESOLVED

    def take(self, view: JobView) -> bool:
        """Believe the view, unless a newer use of the prompt id is known; True if believed."""
        mine = self.view
        if mine is not None and mine.key != view.key and _began(view) < _began(mine):
            return False
        self.view = view
        return True


class Roster:
    """Every monitored job, by its number and by its prompt. Any thread may add and drop."""

    def __init__(self) -> None:
        self._jobs: dict[str, Monitored] = {}

    def add(self, job: Monitored) -> None:
        """Monitor it from now on. Raises: UsageError at the bound."""
        known = self._jobs.get(str(job.job_id))
        if known is not None and known.prompt == job.prompt:
            job.view, job.told, job.named = known.view, known.told, known.named
        if known is None and len(self._jobs) >= UNFINISHED and len(self.open()) >= UNFINISHED:
            hint = "stop_monitoring_job those that are over for you"
            raise UsageError(f"{UNFINISHED} unfinished jobs are monitored", hint)
        self._jobs.pop(str(job.job_id), None)  # so that it stands last
        self._jobs[str(job.job_id)] = job
        self._forget()

    def drop(self, job_id: JobId) -> bool:
        """Monitor it no more; whether it was monitored."""
        return self._jobs.pop(str(job_id), None) is not None

    def get(self, job_id: JobId) -> Monitored | None:
        """The job of that number."""
        return self._jobs.get(str(job_id))

    def has(self, job: Monitored) -> bool:
        """Whether it is monitored still, and not another in its place."""
        return self._jobs.get(str(job.job_id)) is job

    def open(self) -> list[Monitored]:
        """Those that are not over."""
        return [one for one in self._all() if not one.over]

    def of_prompt(self, prompts: Iterable[str]) -> dict[str, list[Monitored]]:
        """Those of these prompts."""
        wanted: dict[str, list[Monitored]] = {prompt: [] for prompt in prompts}
        for one in self._all():
            if one.prompt in wanted:
                wanted[one.prompt].append(one)
        return wanted

    def unasked(self) -> list[Monitored]:
        """Those that the server is still to be asked about, or told the number of."""
        return [one for one in self._all() if not one.asked or _is_missed(one) or _is_nameless(one)]

    def ask_again(self) -> None:
        """A new connection: what is not over may have ended meanwhile."""
        for one in self.open():
            one.asked, one.named = False, ""

    def _all(self) -> list[Monitored]:
        return list(self._jobs.values())

    def _forget(self) -> None:
        if len(self._jobs) <= FINISHED:
            return
        over = [one for one in self._all() if one.over]
        for one in over[: max(len(over) - FINISHED, 0)]:
            self._jobs.pop(str(one.job_id), None)


def _is_missed(job: Monitored) -> bool:
    return job.view is None and not job.searched


def _is_nameless(job: Monitored) -> bool:
    return job.view is not None and job.named != job.view.key


def _began(view: JobView) -> float:
    return view.queued_at or view.started_at or view.updated_at

"""One message's tasks, and how they stand. `tasks` has the laws.

Rule 1: whoever calls holds the manager's lock.
Rule 2: each call costs the same however many tasks there are, but for `withdraw`.
"""

from __future__ import annotations

from collections import deque

from headway.progress.groups import Group
from headway.progress.jobs import Job
from headway.progress.voice import warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from headway.model.views import JobView

OUTCOMES = ("succeeded", "failed", "cancelled", "lost", "unknown")
WORDS = {"succeeded": "completed"}  # what ended otherwise is "failed" in the seed's words
MOST_EARLY = 10_000  # ends without a registration


class Task:
    """One task. `outcome` "": it has not ended. Times are seconds since the Unix epoch."""

    __slots__ = (
        "attempts",
        "completed_at",
        "deadline",
        "id",
        "job",
        "metadata",
        "outcome",
        "prompt",
        "started_at",
    )

    def __init__(
        self,
        id: str,  # noqa: A002
        job: Job | None,
        *,
        prompt: str = "",
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self.id = id
        self.job = job
        self.prompt = prompt
        self.metadata = metadata or {}
        self.outcome = ""
        self.attempts = 1
        self.started_at: float | None = None
        self.completed_at: float | None = None
        self.deadline: float | None = None

    def __repr__(self) -> str:
        return f"<Task {self.id!r} {self.state}>"

    @property
    def state(self) -> str:
        """pending, generating, completed or failed."""
        if self.outcome:
            return WORDS.get(self.outcome, "failed")
        return "pending" if self.started_at is None else "generating"


class Message:
    """The tasks of one message. `registered`: it is tracked, not only ends came early."""

    def __init__(self, group: Group, began: float) -> None:
        self.group = group
        self.began = began
        self.registered = False
        self.settled = False
        self.announced = 0  # the total at which "all complete" was told; 0 while it does not hold
        self.emptied = False
        self.tasks: dict[str, Task] = {}
        self._anonymous: deque[Task] = deque()
        self._counts = dict.fromkeys(OUTCOMES, 0)
        self._early: deque[tuple[str, str, float]] = deque()
        self._early_by_id: dict[str, tuple[str, str, float]] = {}
        self._overdue = 0
        self._number = 0

    @property
    def total(self) -> int:
        """How many tasks are known."""
        return len(self.tasks)

    @property
    def completed(self) -> int:
        """How many of them have ended."""
        return sum(self._counts.values())

    def state(self) -> dict[str, int]:
        """The counts: the outcomes and `pending` partition the total."""
        completed = self.completed
        return {
            "pending": self.total - completed,
            "completed": completed,
            "total": self.total,
            **self._counts,
            "early": len(self._early) + len(self._early_by_id),
            "overdue": self._overdue,
        }

    def register_many(self, n: int, deadline: float | None, metadata: dict[str, Any]) -> None:
        """`n` tasks that nobody named."""
        self.registered = True
        for _ in range(n):
            self._number += 1
            task = self._add(f"#{self._number}", "", deadline, metadata)
            if self._early:
                self._resolve(task, *self._early.popleft())
            else:
                self._anonymous.append(task)

    def register(
        self,
        id: str,  # noqa: A002
        prompt: str,
        deadline: float | None,
        metadata: dict[str, Any],
    ) -> None:
        """A task of that id, unless it is known."""
        self.registered = True
        if id in self.tasks:
            return
        task = self._add(id, prompt, deadline, metadata)
        early = self._early_by_id.pop(id, None)
        if early is not None:
            self._resolve(task, *early)

    def pending(self, id: str | None) -> Task | None:  # noqa: A002
        """The task of that id, or the oldest without a name, that has not ended."""
        if id is None:
            while self._anonymous and self._anonymous[0].outcome:
                self._anonymous.popleft()
            return self._anonymous[0] if self._anonymous else None
        task = self.tasks.get(id)
        return task if task is not None and not task.outcome else None

    def end(self, id: str | None, outcome: str, why: str, at: float) -> bool:  # noqa: A002
        """True if that is counted now; else it waits, or is no news."""
        task = self.pending(id)
        if task is not None:
            self._resolve(task, outcome, why, at)
            return True
        if len(self._early) + len(self._early_by_id) >= MOST_EARLY:
            warn(f"more than {MOST_EARLY} tasks ended that nobody registered: some are left out")
        elif id is None:
            self._early.append((outcome, why, at))
        elif id not in self.tasks:
            self._early_by_id.setdefault(id, (outcome, why, at))
        return False

    def start(self, task: Task, at: float) -> None:
        """Work on it begins."""
        if task.started_at is None:
            task.started_at = at
            if task.job is not None:
                task.job.start()

    def retry(self, task: Task, why: str) -> None:
        """This attempt failed, the next one is to come."""
        task.attempts += 1
        task.started_at = None
        if task.job is not None:
            task.job.fail(why, final=False)

    def withdraw(self, n: int) -> None:
        """Of those that have not ended, so many are not to be done: the unnamed first."""
        waiting = [task for task in reversed(self.tasks.values()) if not task.outcome]
        for task in sorted(waiting, key=lambda task: not task.id.startswith("#"))[:n]:
            del self.tasks[task.id]
            task.outcome = "cancelled"
            if task.job is not None:
                task.job.cancel("withdrawn")
        self.emptied = self.emptied or not self.tasks

    def seal(self) -> None:
        """These are all."""
        self.group.seal_exactly([task.job.key for task in self.tasks.values() if task.job])

    def leave(self) -> None:
        """What has not ended is not followed any more."""
        for task in self.tasks.values():
            if task.job is not None and not task.outcome:
                task.job.end("unknown", why="its message was cleared")

    def look(self, now: float) -> tuple[list[Task], bool]:
        """Those that are overdue since the last look, and whether others still may be."""
        waiting = [task for task in self.tasks.values() if task.deadline is not None]
        late = [task for task in waiting if not task.outcome and now >= (task.deadline or 0.0)]
        for task in late:
            task.deadline = None
        self._overdue += len(late)
        return late, any(task.deadline is not None and not task.outcome for task in waiting)

    def restore(self, found: Sequence[JobView]) -> None:
        """Take up what the plane remembers."""
        again = {str(job.meta.get("retry_of", "")) for job in found}
        self.registered = True
        for view in sorted(found, key=lambda job: job.key):
            if view.key in again or view.why == "withdrawn":
                continue
            id = str(view.meta.get("task") or view.key)  # noqa: A001
            if view.outcome is None or view.outcome == "lost":
                self._add(id, "", None, {"retry_of": view.key})
                continue
            task = self.tasks[id] = Task(id, None)
            task.outcome, task.started_at = view.outcome, view.started_at
            task.completed_at, task.attempts = view.ended_at, view.attempt
            self._counts[view.outcome] += 1

    def _add(
        self,
        id: str,  # noqa: A002
        prompt: str,
        deadline: float | None,
        metadata: dict[str, Any],
    ) -> Task:
        named = {} if id.startswith("#") else {"task": id}
        job = self.group.job(
            "" if id.startswith("#") else id, queued=True, show=False, meta=metadata | named
        )
        task = self.tasks[id] = Task(id, job, prompt=prompt, metadata=metadata)
        task.deadline = deadline
        self.emptied = False
        return task

    def _resolve(self, task: Task, outcome: str, why: str, at: float) -> None:
        task.outcome, task.completed_at = outcome, at
        self._counts[outcome] += 1
        if task.job is not None:
            task.job.end(outcome, why=why)  # type: ignore[arg-type]

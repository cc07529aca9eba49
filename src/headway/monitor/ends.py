"""How monitored jobs ended, for the statistics: one row for each job.

Rule 1: an end is kept under the job's key: heard twice, it counts once; corrected, it is
replaced.
Rule 2: times are of jobs that succeeded, from start to end, without waiting; a job whose
start nobody saw is no sample.
Rule 3: the newest `SAMPLES` ends are kept; with them all that a server remembers.
"""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import Any, NamedTuple

from headway.model.views import JobView
from headway.model.words import RESOLVED
from headway.talk.frames import GenerationStats, spread

SAMPLES = 1_000  # jobs
LONGEST_PATTERN = 50  # characters of what went wrong
BROKEN = ("failed", "lost")


class _End(NamedTuple):
    job_type: str
    seconds: float | None
    per_step: float | None
    pattern: str


class Ends:
    """The newest ends."""

    def __init__(self) -> None:
        self._ends: dict[str, _End] = {}

    def see(self, view: JobView, job_type: str) -> None:
        """Remember how it ended, if it has."""
        if view.phase not in RESOLVED:
            return
        seconds = _seconds(view)
        steps = view.meta.get("sampling_steps")
        counted = isinstance(steps, int | float) and steps > 0
        per_step = seconds / float(steps) if seconds is not None and counted else None  # type: ignore[arg-type]
        self._ends.pop(view.key, None)
        self._ends[view.key] = _End(job_type, seconds, per_step, _pattern(view))
        while len(self._ends) > SAMPLES:
            del self._ends[next(iter(self._ends))]

    def statistics(self) -> GenerationStats:
        """The spread of times and the kinds of failures, by job type."""
        times: dict[str, list[float]] = {}
        for one in self._ends.values():
            if one.seconds is not None:
                times.setdefault(one.job_type, []).append(one.seconds)
        broken = Counter(
            f"{one.job_type}:{one.pattern}" for one in self._ends.values() if one.pattern
        )
        paces = [one.per_step for one in self._ends.values() if one.per_step is not None]
        return {
            "completion_times": {name: spread(some) for name, some in sorted(times.items())},
            "average_step_duration": median(paces) if paces else None,
            "failure_patterns": dict(broken),
            "sample_counts": {name: len(some) for name, some in sorted(times.items())},
        }


def job_type_of(meta: dict[str, Any]) -> str | None:
    """The type that its monitor gave the job; None if it was never monitored."""
    given = meta.get("job_type")
    return given if isinstance(given, str) else None


def _seconds(view: JobView) -> float | None:
    if view.outcome != "succeeded" or view.started_at is None or view.ended_at is None:
        return None
    return max(view.ended_at - view.started_at, 0.0)


def _pattern(view: JobView) -> str:
    if view.outcome not in BROKEN:
        return ""
    return view.why.partition(":")[0].strip()[:LONGEST_PATTERN] or str(view.outcome)

"""What the server said last: the jobs that are not over, and its sources.

Rule 1: counts are None unless every watched back end is seen: not seeing is not idle.
"""

from __future__ import annotations

from headway.client.stream import News
from headway.model.keys import join
from headway.model.views import JobView, SourceView
from headway.model.words import ACTIVE, RESOLVED, WAITING

WATCHED = "comfyui"


class Picture:
    """The newest view of each."""

    def __init__(self) -> None:
        self._jobs: dict[str, JobView] = {}
        self._sources: dict[str, SourceView] = {}

    def take(self, news: News) -> list[JobView]:
        """Believe the news; the jobs among them."""
        if news.fresh:
            self._jobs.clear()
            self._sources.clear()
        for key in news.gone:
            self._jobs.pop(key, None)
            self._sources.pop(key, None)
        jobs = [one for one in news.entities if isinstance(one, JobView)]
        for job in jobs:
            self._jobs[job.key] = job
            if job.phase in RESOLVED:
                del self._jobs[job.key]
        self._sources |= {one.key: one for one in news.entities if isinstance(one, SourceView)}
        return jobs

    def sees(self, job: JobView) -> bool:
        """Whether the job's back end can be seen, as far as is known."""
        source = self._sources.get(join(job.source))
        return source is None or source.seen is not False

    def newest(self, prompt: str) -> JobView | None:
        """The job of that prompt id that is not over, if there is one."""
        found = [one for one in self._jobs.values() if one.native == prompt]
        return max(found, key=lambda one: one.queued_at or 0.0, default=None)

    def counts(self) -> tuple[int, int] | tuple[None, None]:
        """How many run and how many wait, of everybody's jobs."""
        watched = [one for one in self._all() if one.meta.get("source_kind") == WATCHED]
        if not watched or not all(one.seen for one in watched):
            return None, None
        phases = [one.phase for one in self._jobs.values()]
        return sum(one in ACTIVE for one in phases), sum(one in WAITING for one in phases)

    def seen(self) -> list[SourceView]:
        """The back ends that can be asked."""
        return [one for one in self._all() if one.seen and one.meta.get("source_kind") == WATCHED]

    def _all(self) -> list[SourceView]:
        return list(self._sources.values())

"""One connection to a server: what it tells about monitored jobs, and what we tell it.

Rule 1: it begins with nothing: what runs comes with the first news; each monitored job
that is not among it is asked for once, because it may have ended meanwhile.
Rule 2: a monitored job is told its number (`job_id`, `job_type`) as facts about the job,
so that every page sees it: once, as soon as the job is known. One that the server does not
know is looked for, once, in the history of its back ends.
Rule 3: it never reconnects itself: whoever follows comes back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing

from headway.client import Client, News
from headway.errors import Refused, Unreachable, UsageError
from headway.model.events import AnyEvent, Registered
from headway.model.views import JobView, SourceView
from headway.monitor.ends import SAMPLES, Ends, job_type_of
from headway.monitor.past import past_of
from headway.monitor.picture import Picture
from headway.monitor.roster import Monitored, Roster
from headway.monitor.update import is_news, update_of
from headway.talk import frames

log = logging.getLogger(__name__)

OBSERVER = "monitor"
PAGE = 500  # jobs asked for at once


class Following:
    """What one connection knows. `news` is called with each monitored job that changed."""

    def __init__(
        self,
        client: Client,
        roster: Roster,
        ends: Ends,
        news: Callable[[Monitored], None],
        *,
        clock: Callable[[], float],
    ) -> None:
        self.picture = Picture()
        self.asked = asyncio.Condition()
        self.recalled: dict[str, JobView] = {}
        self._client = client
        self._roster = roster
        self._ends = ends
        self._news = news
        self._clock = clock
        self._wake = asyncio.Event()
        self._refused = False

    async def run(self, stands: Callable[[], None]) -> None:
        """Follow until the connection breaks. `stands`: called once all is known.

        Raises: a group of Unreachable, Refused, UsageError.
        """
        self._roster.ask_again()
        async with asyncio.TaskGroup() as group:
            stream = self._client.changes(topics=["jobs", "sources"], patience=0.0)
            async with aclosing(stream) as changes:
                self._take(await anext(changes))
                group.create_task(self._settle(stands))
                async for news in changes:
                    self._take(news)
        raise Unreachable("the stream ended")

    def wake(self) -> None:
        """There may be a job to ask for."""
        self._wake.set()

    def sees(self, view: JobView) -> bool:
        """Whether its back end can be seen now."""
        return self.picture.sees(view)

    def _take(self, news: News) -> None:
        jobs = self.picture.take(news)
        monitored = self._roster.of_prompt(job.native for job in jobs)
        for job in jobs:
            self._remember(job)
            for one in monitored[job.native]:
                self._believe(one, job)
        if any(isinstance(one, SourceView) for one in news.entities):
            self._wake.set()  # one that can be asked now, perhaps

    def _believe(self, one: Monitored, view: JobView) -> None:
        if not one.take(view):
            return
        self._ends.see(view, one.job_type)
        update = update_of(one.job_id, view, now=self._clock(), seen=self.sees(view))
        if is_news(update, one.told):
            one.told = update
            self._news(one)
        if one.named != view.key:
            self._wake.set()

    def _remember(self, job: JobView) -> None:
        # What another program, or we before a restart, monitored.
        kind = job_type_of(job.meta)
        if kind is None:
            return
        self._ends.see(job, kind)
        self.recalled.pop(str(frames.job_id(job)), None)
        self.recalled[str(frames.job_id(job))] = job
        while len(self.recalled) > SAMPLES:
            del self.recalled[next(iter(self.recalled))]

    async def _settle(self, stands: Callable[[], None]) -> None:
        await self._recall()
        stands()
        while True:
            self._wake.clear()
            for one in self._roster.unasked():
                await self._ask(one)
            async with self.asked:
                self.asked.notify_all()
            await self._wake.wait()

    async def _recall(self) -> None:
        found: list[JobView] = []
        after = ""
        for _ in range(SAMPLES // PAGE):
            page = await self._client.jobs(active=False, limit=PAGE, after=after)
            found += page.jobs
            after = page.next
            if not after:
                break
        for job in reversed(found):  # oldest first, so that the newest stays
            self._remember(job)
        monitored = self._roster.of_prompt(job.native for job in found)
        for job in reversed(found):
            for one in monitored[job.native]:
                self._believe(one, job)

    async def _ask(self, one: Monitored) -> None:
        if not one.asked:
            view = self.picture.newest(one.prompt) or await self._job(one)
            one.asked = True
            if view is not None:
                self._believe(one, view)
        if one.view is None and not one.searched:
            await self._search(one)
        if one.view is not None and one.named != one.view.key:
            await self._name(one, one.view)

    async def _job(self, one: Monitored) -> JobView | None:
        try:
            job = await self._client.job(one.view.key if one.view else one.prompt)
        except UsageError:
            return None
        return job if job.native == one.prompt else None

    async def _search(self, one: Monitored) -> None:
        for source in self.picture.seen():
            one.searched = True
            events = await past_of(one.prompt, source, clock=self._clock)
            if events and await self._say(events):
                view = await self._job(one)
                if view is not None:
                    self._believe(one, view)
                return

    async def _name(self, one: Monitored, view: JobView) -> None:
        if frames.job_id(view) == one.job_id and job_type_of(view.meta) == one.job_type:
            one.named = view.key
            return
        await self._say([_facts(one, view)])
        one.named = view.key

    async def _say(self, events: Sequence[AnyEvent]) -> bool:
        try:
            await self._client.report(events)
        except (Refused, UsageError) as error:
            if not self._refused:
                log.warning("monitor.refused why=%s hint=%s", error, error.hint)
            self._refused = True
            return False
        return True


def _facts(one: Monitored, view: JobView) -> Registered:
    # The number was the job's from its beginning: dated so, it is no sign of life of it.
    since = view.queued_at or view.started_at or view.updated_at or one.monitored_at
    meta = {
        "job_id": one.job_id,
        "job_type": one.job_type,
        "monitored_at": one.monitored_at,
    }
    return Registered(key=view.key, at=since, observer=OBSERVER, meta=meta)


def causes(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """Every error in the group."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from causes(error)
        else:
            yield error

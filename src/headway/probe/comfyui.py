"""A look at one ComfyUI.

Rule 1: a finished job's history is not asked for, no socket is opened.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from headway.dialects.comfyui.desk import Want
from headway.dialects.comfyui.ears import Ears, Heard
from headway.dialects.comfyui.frames import read_entries
from headway.dialects.comfyui.queue import LARGEST_QUEUE, read_jobs, read_queue
from headway.dialects.comfyui.server import LARGEST_STATS, read_stats
from headway.dialects.comfyui.wire import Skip
from headway.model.events import AnyEvent
from headway.probe.link import Answer, Gone, Link
from headway.probe.told import seen

MOST_ASKS = 8  # questions to one back end
LARGEST_LOGS = 8 * 1024 * 1024  # bytes

Clock = Callable[[], float]


class Look(threading.Thread):
    """A look at one ComfyUI."""

    kind = "comfyui"

    def __init__(self, source: str, url: str, patience: float, clock: Clock) -> None:
        super().__init__(daemon=True)
        self.source = source
        self.url = url
        self._link = Link(url, patience)
        self._clock = clock
        self._events: list[AnyEvent] = []
        self.problem = ""

    def run(self) -> None:
        """Ask until everything is known or the time is over."""
        try:
            self._look()
        except (OSError, ValueError, Gone) as error:
            self.problem = str(error) or type(error).__name__

    def events(self) -> list[AnyEvent]:
        """What was found; nothing if there was a problem."""
        return [] if self.problem else self._events

    def _look(self) -> None:
        ears = Ears(self.source, url=self.url)
        began = time.monotonic()
        stats = self._link.ask("/system_stats", limit=LARGEST_STATS)
        server = read_stats(stats.body or b"") if stats.status == 200 else Skip("")
        if isinstance(server, Skip):
            raise Gone("what answers there is no ComfyUI")
        now = self._clock()
        self._events += seen(self.source, time.monotonic() - began, now)
        logs = self._link.ask("/internal/logs/raw", limit=LARGEST_LOGS)
        self._events += ears.met(server, now).events
        heard = ears.opened(now, tier=1 if logs.status == 200 else 0)
        wants = self._take(heard, deque())
        for _ in range(MOST_ASKS):
            if not wants:
                break
            wants = self._take(self._answered(ears, wants.popleft(), logs), wants)
        self._events += ears.tick(self._clock()).events

    def _take(self, heard: Heard, wants: deque[Want]) -> deque[Want]:
        self._events += heard.events
        fresh = [one for one in heard.wants if one.kind != "history" and one not in wants]
        return wants + deque(fresh)

    def _answered(self, ears: Ears, want: Want, logs: Answer) -> Heard:
        if want.kind == "raw_logs":
            return ears.raw_logs(read_entries(logs.body or b""), self._clock())
        if want.kind == "listing":
            jobs = self._link.ask("/api/jobs?status=pending,in_progress", limit=LARGEST_QUEUE)
            if jobs.status == 200:
                return ears.listing(read_jobs(jobs.body or b""), self._clock())
        queue = self._link.ask("/queue", limit=LARGEST_QUEUE)
        if queue.status != 200 or queue.body is None:
            raise Gone(f"its queue cannot be read: status {queue.status}")
        return ears.listing(read_queue(queue.body, planned=ears.planned), self._clock())

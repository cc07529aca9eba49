"""One blocking look at back ends, for `status` where no server runs.

Rule 1: what is answered was said by the back ends just now; rows of the store are leads
and no more.
Rule 2: each back end has `PATIENCE` seconds for everything; all are asked at once.
Rule 3: looking changes nothing: no socket is opened, nothing is subscribed to, a finished
job's history is not asked for.
Rule 4: nothing that a back end says makes it raise; what cannot be read is not known.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlsplit

from headway.dialects.comfyui.desk import Want
from headway.dialects.comfyui.ears import Ears, Heard
from headway.dialects.comfyui.frames import read_entries
from headway.dialects.comfyui.queue import LARGEST_QUEUE, read_jobs, read_queue
from headway.dialects.comfyui.server import LARGEST_STATS, read_stats
from headway.dialects.comfyui.wire import Skip
from headway.fold.folding import Entities, fold
from headway.fold.views import view
from headway.model.entities import Step
from headway.model.events import AnyEvent, Presence, Reading, Registered
from headway.model.keys import join
from headway.model.views import AnyView

PATIENCE = 2.0  # seconds for one back end, from the first connection to the last answer
MOST_ASKS = 8  # questions to one back end
LARGEST_LOGS = 8 * 1024 * 1024  # bytes
USUAL = {"comfyui": "http://127.0.0.1:8188", "comfyui-8000": "http://127.0.0.1:8000"}
"""Where a ComfyUI is usually found: its own port and that of its desktop app."""

Clock = Callable[[], float]


class Gone(Exception):
    """It cannot be reached, or is no ComfyUI. The message is for people."""


class Answer(NamedTuple):
    """What came. `body` None: more than was asked for."""

    status: int
    body: bytes | None


def probe(
    named: Mapping[str, str],
    *,
    discover: bool = True,
    patience: float = PATIENCE,
    clock: Clock = time.time,
    usual: Mapping[str, str] = USUAL,
) -> list[AnyView]:
    """What the back ends do now: `named` ones (name to URL), and with `discover` usual ones.

    A named one that cannot be reached is in the answer as missing, a usual one is not.
    """
    known = {_place(url) for url in named.values()}
    extra = {
        name: url
        for name, url in (usual.items() if discover else ())
        if name not in named and _place(url) not in known
    }
    looks = [Look(name, url, patience, clock) for name, url in (*named.items(), *extra.items())]
    for one in looks:
        one.start()
    for one in looks:
        one.join()
    return [shown for one in looks for shown in one.views(demanded=one.source in named)]


class Look(threading.Thread):
    """A look at one ComfyUI."""

    def __init__(self, source: str, url: str, patience: float, clock: Clock) -> None:
        super().__init__(daemon=True)
        self.source = source
        self._url = url
        self._until = time.monotonic() + patience
        self._clock = clock
        self._events: list[AnyEvent] = []
        self._problem = ""

    def run(self) -> None:
        """Ask until everything is known or the time is over."""
        try:
            self._look()
        except (OSError, HTTPException, ValueError, Gone) as error:
            self._problem = str(error) or type(error).__name__

    def views(self, *, demanded: bool) -> list[AnyView]:
        """What was found. `demanded`: also that it was not found."""
        if self._problem:
            return _views(self._missing()) if demanded else []
        return _views(self._events)

    def _look(self) -> None:
        ears = Ears(self.source, url=self._url)
        began = time.monotonic()
        stats = self._ask("/system_stats", limit=LARGEST_STATS)
        server = read_stats(stats.body or b"") if stats.status == 200 else Skip("")
        if isinstance(server, Skip):
            raise Gone("what answers there is no ComfyUI")
        now = self._clock()
        self._say_seen(time.monotonic() - began, now)
        logs = self._ask("/internal/logs/raw", limit=LARGEST_LOGS)
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
            jobs = self._ask("/api/jobs?status=pending,in_progress", limit=LARGEST_QUEUE)
            if jobs.status == 200:
                return ears.listing(read_jobs(jobs.body or b""), self._clock())
        queue = self._ask("/queue", limit=LARGEST_QUEUE)
        if queue.status != 200 or queue.body is None:
            raise Gone(f"its queue cannot be read: status {queue.status}")
        return ears.listing(read_queue(queue.body, planned=ears.planned), self._clock())

    def _ask(self, path: str, *, limit: int) -> Answer:
        left = self._until - time.monotonic()
        if left <= 0:
            raise Gone("it did not answer in time")
        parts = urlsplit(self._url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        link = kind(parts.hostname or "", parts.port, timeout=left)
        try:
            link.request("GET", parts.path.rstrip("/") + path)
            answer = link.getresponse()
            body = self._body(answer.read1, limit)
            return Answer(answer.status, body)
        except TimeoutError as error:
            raise Gone("it did not answer in time") from error
        finally:
            link.close()

    def _body(self, read: Callable[[int], bytes], limit: int) -> bytes | None:
        pieces: list[bytes] = []
        size = 0
        while piece := read(262_144):
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                return None
            if time.monotonic() > self._until:
                raise Gone("it did not answer in time")
        return b"".join(pieces)

    def _say_seen(self, seconds: float, now: float) -> None:
        key, took = join(self.source), round(seconds, 4)
        self._events += [
            Presence(key=key, at=now, basis="observed", presence="seen"),
            Reading(key=key, at=now, basis="observed", field="response_time", value=took),
        ]

    def _missing(self) -> list[AnyEvent]:
        key, now = join(self.source), self._clock()
        meta = {"source_kind": "comfyui", "url": self._url, "title": self.source}
        return [
            Registered(key=key, at=now, meta=meta),
            Presence(key=key, at=now, basis="observed", presence="missing"),
            Reading(key=key, at=now, basis="observed", field="unreachable", value=self._problem),
        ]


def _views(events: Sequence[AnyEvent]) -> list[AnyView]:
    entities: Entities = {}
    for event in events:
        fold(entities, event)
    return [view(one) for one in entities.values() if not isinstance(one, Step)]


def _place(url: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return url, None  # it is no URL: looking at it will say so
    return ("127.0.0.1" if host in ("localhost", "::1") else host), port

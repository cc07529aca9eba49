"""One connection to a ComfyUI, from the first question to the loss.

    identify → subscribe → settle (the full report) → batches, beside drain and ask

Rule 1: `drain` and `ask` never raise: how they ended lies in the inbox like anything else.
Rule 2: answers are heard in the order in which they were asked for.
Rule 3: large answers are read in a thread, so that frames go on being heard.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncGenerator, Callable
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec

from headway.dialects.comfyui.desk import Want
from headway.dialects.comfyui.ears import Ears, Heard
from headway.dialects.comfyui.frames import read_entries
from headway.dialects.comfyui.history import LARGEST_HISTORY, read_history, read_recent
from headway.dialects.comfyui.queue import LARGEST_QUEUE, read_jobs, read_queue
from headway.dialects.comfyui.server import LARGEST_STATS, read_stats
from headway.dialects.comfyui.wire import Skip
from headway.errors import SourceLost
from headway.model.events import AnyEvent
from headway.sources.comfyui_mirror import MirrorLink, Said
from headway.sources.http import Answer, Asker, stopped
from headway.sources.inbox import Came, Inbox
from headway.sources.pacing import Pacing

LARGEST_LOGS = 8 * 1024 * 1024  # bytes
IN_A_THREAD = 256 * 1024  # bytes from which an answer is read in a thread
SETTLE_ASKS = 60  # questions before the first report
SETTLE_TIME = 5.0  # seconds before the first report
RECENT = 16  # ended jobs that are looked at when some ran between two looks
TICK = 1.0  # seconds between two judgements while busy
IDLE_TICK = 20.0  # seconds between two while idle, and between two looks then
DEAF_LOOK = 5.0  # seconds between looks at an idle server whose socket seems stuck
SILENCE = 2.0  # seconds late, and a broken connection may have been dead for some time
MOST_MISSING = 2  # answers in a row that may be missing
BAD_GATEWAY = 502

Clock = Callable[[], float]


class Reply(msgspec.Struct, frozen=True):
    """What was asked, and what came: read, or a Skip."""

    want: Want
    found: Any
    ahead: float | None = None


class Link:
    """The state of one connection."""

    def __init__(self, ears: Ears, asker: Asker, *, clock: Clock, poll: float) -> None:
        self._ears, self._asker, self._clock, self._poll = ears, asker, clock, poll
        self._inbox = Inbox()
        self._pacing = Pacing(every=poll)
        self._wished = asyncio.Event()
        self._url = ""
        self._jobs_api = True
        self._missing = 0
        self._events: list[AnyEvent] = []
        self._heard_frames = 0
        self._frames_before = 0
        self._counts: tuple[int, ...] = ()
        self._deaf = False
        self._ticked_at = self._looked_at = self._heard_at = 0.0

    async def identify(self, url: str) -> None:
        """Make sure that it is a ComfyUI. Raises: SourceLost."""
        self._url = url
        answer = await self._asker.ask("/system_stats", limit=LARGEST_STATS)
        if answer is None:
            raise stopped(url)
        refuse_others(answer, url)
        server = read_stats(answer.body or b"")
        if isinstance(server, Skip):
            hint = "check the port: ComfyUI's is 8188, its desktop app's 8000"
            raise SourceLost(f"what answers at {url} is no ComfyUI", hint, retry=False)
        now = self._clock()
        if answer.ahead is not None:
            self._take(self._ears.clock(answer.ahead, now))
        self._jobs_api = server.has_jobs_api is not False
        self._take(self._ears.met(server, now))

    async def subscribe(self, sid: str, *, wanted: bool) -> None:
        """Ask for the console's lines; without them it is tier 0. Raises: SourceLost."""
        body = {"enabled": True, "clientId": sid}
        path = "/internal/logs/subscribe"
        answer = (
            await self._asker.ask(path, limit=LARGEST_STATS, method="PATCH", json=body)
            if wanted
            else None
        )
        heard = answer is not None and answer.status == 200
        self._take(self._ears.opened(self._clock(), tier=1 if heard else 0))

    @property
    def inbox(self) -> Inbox:
        """Where everything that comes lies until it is heard."""
        return self._inbox

    async def meet(self, mirror: MirrorLink) -> None:
        """Hear the mirror's report, before anything is asked: what runs is then known exactly."""
        said = await mirror.first()
        if said is not None:
            self._take(said.heard_by(self._ears, self._clock()))

    async def settle(self) -> None:
        """Ask until nothing is wished for: the first report is a full one. Raises: SourceLost."""
        until = self._clock() + SETTLE_TIME
        for _ in range(SETTLE_ASKS):
            want, _ = self._pacing.next(self._clock())
            if want is None or self._clock() > until:
                break
            self._hear(Came(self._clock(), await self._reply(want)))
        self._take(self._ears.tick(self._clock()))

    async def drain(self, socket: aiohttp.ClientWebSocketResponse[Any]) -> None:
        """Read the socket to its end, whatever comes."""
        reason, gone = "closed the connection", True
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._inbox.frame(_as_bytes(message.data), self._clock())
                elif message.type is aiohttp.WSMsgType.ERROR:
                    break
            if isinstance(socket.exception(), TimeoutError | aiohttp.ServerTimeoutError):
                reason, gone = "does not answer our pings", False
        except (aiohttp.ClientError, OSError):
            reason = "broke the connection"
        lost = SourceLost(f"{self._url} {reason}", "it is tried again", gone=gone)
        self._inbox.answer(lost, self._clock())

    async def ask(self) -> None:
        """Ask what is wished for, one question at a time, as long as there is an answer."""
        try:
            while True:
                want, wait = self._pacing.next(self._clock())
                if want is None:
                    await self._wait_for_wishes(wait)
                    continue
                began = self._clock()
                reply = await self._reply(want)
                self._pacing.took(want, max(self._clock() - began, 0.0), self._clock())
                self._inbox.answer(reply, self._clock())
        except SourceLost as lost:
            self._inbox.answer(lost, self._clock())

    async def batches(self) -> AsyncGenerator[list[AnyEvent], None]:
        """The full report, then what is heard. Raises: SourceLost."""
        yield self._give()
        while True:
            lost: SourceLost | None = None
            for came in await self._inbox.take(within=self._until_tick()):
                if isinstance(came.what, SourceLost):
                    lost = lost or came.what
                    lost.gone = lost.gone and came.at - self._heard_at <= self._poll + SILENCE
                else:
                    self._hear(came)
            self._tick()
            if self._events:
                yield self._give()
            if lost is not None:
                raise lost

    async def _wait_for_wishes(self, seconds: float) -> None:
        self._wished.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._wished.wait()
        except TimeoutError:
            return

    def _until_tick(self) -> float:
        every = TICK if self._ears.busy else DEAF_LOOK
        due = self._ticked_at + every
        if not (self._ears.busy or self._deaf):
            every, due = IDLE_TICK, max(due, self._looked_at + IDLE_TICK)
        return min(max(due - self._clock(), 0.02), every)

    def _tick(self) -> None:
        now = self._clock()
        every = TICK if self._ears.busy else DEAF_LOOK
        if 0.0 <= now - self._ticked_at < every:
            return
        self._ticked_at = now
        self._take(self._ears.tick(now))
        if self._inbox.dropped:
            dropped, self._inbox.dropped = self._inbox.dropped, 0
            self._take(self._ears.missed(f"frame: conflated, {dropped} at once", now))
            self._wish([Want("listing")])
        if self._ears.busy or self._deaf or not 0.0 <= now - self._looked_at < IDLE_TICK:
            self._wish([Want("listing")])
        if self._deaf and not self._ears.busy:
            self._wish([Want("recent")])

    def _hear(self, came: Came) -> None:
        self._heard_at = came.at
        if came.frame:
            self._heard_frames += 1
            self._deaf = False
            self._take(self._ears.frame(came.what, came.at))
            return
        if isinstance(came.what, Said):
            self._take(came.what.heard_by(self._ears, came.at))
            return
        reply: Reply = came.what
        if reply.ahead is not None:
            self._take(self._ears.clock(reply.ahead, came.at))
        if reply.want.kind == "history":
            self._take(self._ears.history(reply.want, reply.found, came.at))
        elif reply.want.kind == "recent":
            self._take(self._ears.recent(reply.found, came.at))
        elif reply.want.kind == "raw_logs":
            self._take(self._ears.raw_logs(reply.found, came.at))
        else:
            self._listen_to_silence(reply.found)
            self._take(self._ears.listing(reply.found, came.at))

    def _listen_to_silence(self, found: Any) -> None:
        if isinstance(found, Skip):
            return
        self._looked_at = self._clock()
        counts = (len(found.running), len(found.waiting))
        silent = self._heard_frames == self._frames_before
        if self._counts and counts != self._counts and silent:
            self._deaf = True
        self._counts, self._frames_before = counts, self._heard_frames

    def _take(self, heard: Heard) -> None:
        self._events += heard.events
        self._wish(heard.wants)

    def _wish(self, wants: list[Want]) -> None:
        for want in wants:
            self._pacing.wish(want)
        if wants:
            self._wished.set()

    def _give(self) -> list[AnyEvent]:
        events, self._events = self._events, []
        return events

    async def _reply(self, want: Want) -> Reply:
        path, limit, read = self._question(want)
        if not path:
            return Reply(want, None)
        answer = await self._asker.ask(path, limit=limit)
        if answer is None:
            self._missing += 1
            if self._missing >= MOST_MISSING:
                raise stopped(self._url)
            self._wish([want])
            return Reply(want, Skip(f"{want.kind}: no answer in time"))
        self._missing = 0
        if want.kind == "listing" and self._jobs_api and answer.status in (400, 404, 405):
            self._jobs_api = False
            return await self._reply(want)
        return Reply(want, await _read(answer, want, read), answer.ahead)

    def _question(self, want: Want) -> tuple[str, int, Callable[[bytes], Any]]:
        if want.kind == "raw_logs":
            return "/internal/logs/raw", LARGEST_LOGS, read_entries
        if want.kind == "history":
            texts = self._ears.keep_prompts
            find = functools.partial(read_history, native=want.native, with_texts=texts)
            return history_path(want.native), LARGEST_HISTORY, find
        if want.kind == "recent":
            path = f"/api/jobs?limit={RECENT}" if self._jobs_api else f"/history?max_items={RECENT}"
            return path, LARGEST_HISTORY, read_recent
        if want.kind == "listing" and self._jobs_api:
            return "/api/jobs?status=pending,in_progress", LARGEST_QUEUE, read_jobs
        read = functools.partial(
            read_queue, planned=self._ears.planned, with_texts=self._ears.keep_prompts
        )
        return "/queue", LARGEST_QUEUE, read


def history_path(native: str) -> str:
    """The path of an id's history; "" for ids that no path can name."""
    quoted = quote(native, safe="", errors="replace")
    return "" if native in ("", ".", "..") or len(quoted) > 8_000 else f"/history/{quoted}"


def refuse_others(answer: Answer, url: str) -> None:
    """Raises: SourceLost where what answers wants something else first, or is another."""
    if 300 <= answer.status < 400:
        where = answer.location or "somewhere else"
        hint = "if that is where it is, use that address"
        raise SourceLost(f"{url} redirects to {where}", hint, retry=False)
    if answer.status in (401, 403):
        hint = "it, or a proxy in front of it, wants a login; give an address without one"
        raise SourceLost(f"{url} refuses to answer: {answer.status}", hint, retry=False)
    if answer.status >= 500:
        hint = "it may be starting; it is tried again"
        gone = answer.status == BAD_GATEWAY  # a gateway that found nobody behind it
        raise SourceLost(f"{url} answers {answer.status}", hint, gone=gone)


async def _read(answer: Answer, want: Want, read: Callable[[bytes], Any]) -> Any:
    if answer.body is None:
        return Skip(f"{want.kind}: too large to read")
    if answer.status != 200:
        return Skip(f"{want.kind}: status {answer.status}")
    if len(answer.body) > IN_A_THREAD:
        return await asyncio.to_thread(read, answer.body)
    return read(answer.body)


def _as_bytes(data: Any) -> bytes:
    return data.encode("utf-8", "replace") if isinstance(data, str) else bytes(data)

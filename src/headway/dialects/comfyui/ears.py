"""The ears for one ComfyUI: the state machine that joins queue, history, socket, console.

    ears = Ears("comfy", url="http://127.0.0.1:8188")
    heard = ears.met(stats, now)            # then opened(), listing(), raw_logs()
    heard.events, heard.wants               # to tell; to ask the server next

Rule 1: sans-IO: the caller holds the socket and the clock, and asks what is wished for.
Rule 2: one object for the life of a source, over all its connections: what is known of a
    server's life is what proves its restart.
Rule 3: no call raises for anything that the server sent.
Rule 4: answers must be given in the order in which they were asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from headway.dialects.comfyui.closing import ClosingEar
from headway.dialects.comfyui.console import ConsoleEar
from headway.dialects.comfyui.desk import Desk, Want
from headway.dialects.comfyui.frames import Lines, Status, read_frame
from headway.dialects.comfyui.history import Entry, Past
from headway.dialects.comfyui.jobs import Teller
from headway.dialects.comfyui.line import LineEar, Look
from headway.dialects.comfyui.mirror import MirrorEar
from headway.dialects.comfyui.mirror_frames import Challenge, Words
from headway.dialects.comfyui.queue import Listing
from headway.dialects.comfyui.restart import Traces, by_console, by_numbers, with_number
from headway.dialects.comfyui.roll import Known, Roll
from headway.dialects.comfyui.server import Server
from headway.dialects.comfyui.socket import SocketEar
from headway.dialects.comfyui.wedge import Wedge
from headway.dialects.comfyui.wire import Skip
from headway.model.events import AnyEvent, Reading, Registered
from headway.model.views import JobView, SourceView

UNREADABLE = 3  # listings in a row that could not be read, and what runs is not known any more
SMALLEST_OFFSET = 2.0  # seconds: HTTP dates are whole seconds, so less is no evidence


class Heard(NamedTuple):
    """What was heard, in order, and what to ask next."""

    events: list[AnyEvent]
    wants: list[Want]


class Ears:
    """Hears one ComfyUI. `keep_prompts`: keep the prompts of everybody's jobs."""

    def __init__(
        self, source: str, *, url: str = "", title: str = "", keep_prompts: bool = False
    ) -> None:
        self._desk = Desk(source)
        self._meta = {"source_kind": "comfyui", "url": url, "title": title or source}
        self.keep_prompts = keep_prompts
        self._roll = Roll(source)
        self._wedge = Wedge()
        self._tell = Teller(self._desk, keep_prompts=keep_prompts)
        parts = (self._desk, self._roll, self._tell, self._wedge)
        self._line = LineEar(self._desk, self._roll, self._tell)
        self._socket = SocketEar(*parts)
        self._console = ConsoleEar(*parts)
        self._closing = ClosingEar(*parts)
        self._mirror = MirrorEar(*parts, self._line)
        self._tier = 0  # without the mirror
        self._traces = Traces()
        self._unreadable = 0  # listings in a row
        self._told_of_change = False  # the socket said so since the listing before
        self._since: float | None = None  # all that ended before is known, or none of ours

    @property
    def busy(self) -> bool:
        """Whether anything waits, runs, or is gone without a verdict: worth polling."""
        return any(True for _ in self._roll) or bool(self._socket.unknown)

    @property
    def planned(self) -> frozenset[tuple[str, int | None]]:
        """The jobs whose graph is known, for `read_queue`."""
        return frozenset((job.native, job.created) for job in self._roll if job.plan is not None)

    def remember(self, known: Iterable[JobView], source: SourceView | None) -> None:
        """Take up what was known before this program started; harmless to repeat."""
        for job in self._roll.seed(known):
            self._traces = with_number(self._traces, job.number, job.created)
        readings = source.readings if source is not None else {}
        instance, boot = readings.get("instance"), readings.get("boot")
        if isinstance(instance, int) and not isinstance(instance, bool):
            self._roll.instance = max(self._roll.instance, instance)
        if isinstance(boot, str) and not self._traces.boot:
            self._traces = msgspec.structs.replace(self._traces, boot=boot)
        mirrored = readings.get("mirror_boot")
        if isinstance(mirrored, str) and not self._mirror.boot:
            self._mirror.boot = mirrored

    def met(self, server: Server, at: float) -> Heard:
        """The server said who it is."""
        self._desk.forget()
        meta = {name: value for name, value in self._meta.items() if value}
        self._desk.say(Registered, self._desk.key, at, meta=meta)
        self._reading("version", server.version, at)
        server.tell_devices(self._desk, at)
        return self._heard(at)

    def opened(self, at: float, *, tier: int) -> Heard:
        """A connection stands; `tier` 1: the console is heard as well."""
        self._line.opened()
        self._console.turns.forget()
        self._wedge.console = tier >= 1
        self._wedge.sign(at)
        self._closing.broken()
        self._tier = tier
        self._reading("tier", tier, at)
        self._reading("instance", self._roll.instance, at)
        if tier >= 1:
            self._desk.want("raw_logs")  # first, for they may prove a restart
        self._desk.want("listing")
        if self._since is None:
            self._since = at
        else:
            self._desk.want("recent")  # what ended while nobody looked
        return self._heard(at)

    def unwatched(self) -> None:
        """A time passed in which the server may have worked on without being heard."""
        self._closing.unwatched()

    def clock(self, ahead: float, at: float) -> Heard:
        """The server's clock is so many seconds ahead of ours, by its HTTP date."""
        offset = ahead if abs(ahead) > SMALLEST_OFFSET else 0.0
        if abs(offset - self._desk.offset) > SMALLEST_OFFSET or not (offset or self._desk.offset):
            self._desk.offset = offset
            self._reading("clock_offset", round(offset, 1), at)
        return self._heard(at)

    def frame(self, data: bytes | str, at: float) -> Heard:
        """A text frame of the status socket."""
        found = read_frame(data)
        if isinstance(found, Skip):
            self._desk.missed(found.reason)
        elif isinstance(found, Status):
            if not found.greeting:
                self._desk.want("listing")
                self._told_of_change = True
        elif isinstance(found, Lines):
            self._console.hear(found.entries, at)
        else:
            self._desk.missed(*getattr(found, "skipped", ()))
            if self._mirror.live:
                self._wedge.sign(at)  # the mirror says the same, and more
            else:
                self._socket.hear(found, at)
        return self._heard(at)

    def mirror(self, found: Words | Challenge | Skip, at: float) -> Heard:
        """A frame of the mirror extension, from its first report on."""
        if isinstance(found, Skip):
            self._desk.missed(found.reason)
        elif isinstance(found, Words):
            proof = self._mirror.hear(found, at)
            if proof:
                self._restarted(proof, at)
            if any(word.kind == "done" for word in found.words):
                self._closing.tick(at)  # its history is there, and was not asked for before
            if found.report:
                self._reading("tier", 2, at)
                self._reading("mirror", "heard", at)
                self._reading("mirror_boot", found.boot, at)
        return self._heard(at)

    def no_mirror(self, why: str, at: float) -> Heard:
        """The mirror extension is not heard, or not any more. `why` "": it is not installed."""
        if self._mirror.live:
            self._mirror.lost()
            self._desk.want("listing")
        self._reading("tier", self._tier, at)
        self._reading("mirror", why, at)
        return self._heard(at)

    def listing(self, found: Listing | Skip, at: float) -> Heard:
        """An answer of /api/jobs or /queue."""
        if isinstance(found, Skip):
            self._desk.missed(found.reason)
            self._unreadable += 1
            if self._unreadable >= UNREADABLE:
                self._reading("unseen", f"its queue cannot be read ({found.reason})", at)
            return self._heard(at)
        self._unreadable = 0
        self._reading("unseen", "", at)
        look = self._line.hear(found, at)
        self._look_for_restart(look.new, at)
        running = [job.key for job in look.running]
        self._wedge.listing(frozenset(running), len(found.waiting), at)
        self._console.late(look.running[0] if len(running) == 1 else None, at)
        self._console.listing(running, at)
        self._console.planned(at)
        self._unseen(look, at)
        self._mirror.listing(at)
        self._closing.left(look.gone, at)
        for native in self._socket.unknown:
            if self._roll.named(native) is not None:
                self._socket.release(native)
            else:
                self._desk.want("history", native=native)
        return self._heard(at)

    def history(self, want: Want, found: Entry | Skip | None, at: float) -> Heard:
        """An answer of /history/{id}."""
        self._closing.history(want.native, want.key, found, at)
        if not isinstance(found, Skip):
            self._mirror.history(want.key, at)
        self._socket.release(want.native)
        return self._heard(at)

    def recent(self, found: list[Past] | Skip, at: float) -> Heard:
        """An answer about the newest ended jobs: those that ran between two looks."""
        if isinstance(found, Skip):
            self._desk.missed(found.reason)
            return self._heard(at)
        for past in found:
            ended = self._desk.stamp(past.ended, at)
            if ended is not None and ended >= (self._since or 0.0) and not self._ended(past, ended):
                self._desk.want("history", native=past.native)
        return self._heard(at)

    def raw_logs(self, found: Lines | Skip, at: float) -> Heard:
        """An answer of /internal/logs/raw."""
        if isinstance(found, Skip):
            self._desk.missed(found.reason)
            return self._heard(at)
        heard = Traces(newest=self._console.newest, boot=self._traces.boot)
        lived = self._console.kept(found.entries, at)
        proof = by_console(heard, lived.boot)
        if proof:
            self._restarted(proof, at)
        if lived.boot:
            self._traces = msgspec.structs.replace(self._traces, boot=lived.boot)
            self._reading("boot", lived.boot, at)
        return self._heard(at)

    def missed(self, reason: str, at: float) -> Heard:
        """The source could not hear something."""
        self._desk.missed(reason)
        return self._heard(at)

    def tick(self, now: float) -> Heard:
        """Time passed: ask again, decide, judge the worker."""
        self._closing.trouble = self._wedge.trouble(now)
        self._closing.tick(now)
        self._console.planned(now)
        self._reading("trouble", self._closing.trouble, now)
        if self._desk.changed("skipped", self._desk.skipped):
            source = self._desk.key
            self._desk.say(Reading, source, now, field="skipped", value=self._desk.skipped)
            self._desk.say(Reading, source, now, field="skips", value=self._desk.reasons())
        return self._heard(now)

    def _ended(self, past: Past, ended: float) -> bool:
        known = self._roll.ended_use(past.native)
        return known is not None and (known.place != "over" or known.ended_at >= ended - 0.001)

    def _look_for_restart(self, new: list[Known], at: float) -> None:
        lost_sight = self._closing.lost_sight and not self._line.survived
        for job in sorted(new, key=lambda one: (one.created or 0, one.number)):
            proof = by_numbers(self._traces, job.number, job.created)
            if proof and lost_sight:
                self._restarted(proof, at)
                lost_sight = False
            self._traces = with_number(self._traces, job.number, job.created)

    def _unseen(self, look: Look, at: float) -> None:
        """A prompt may come, run and be gone between two looks."""
        if self._mirror.live:
            pass  # it tells of each prompt
        elif self._wedge.console:
            if self._console.unseen(len(look.new), at):
                self._desk.want("recent")
        elif self._told_of_change and not (look.new or look.gone or look.began):
            self._desk.want("recent")
        self._told_of_change = False

    def _restarted(self, proof: str, at: float) -> None:
        self._roll.instance += 1
        self._traces = msgspec.structs.replace(self._traces, number=None, created=None)
        self._wedge.restarted(at)
        self._closing.doom(proof, at)
        self._reading("instance", self._roll.instance, at)
        self._desk.want("listing")

    def _reading(self, field: str, value: Any, at: float) -> None:
        if self._desk.changed(field, value):
            self._desk.say(Reading, self._desk.key, at, field=field, value=value)

    def _heard(self, at: float) -> Heard:
        del at
        return Heard(*self._desk.take())

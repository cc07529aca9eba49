"""Ears for the console: other people's steps on a stock server.

Rule 1: a line counts only while exactly one job can be meant (`turns`); what is read from
    it is derived, and it gives way to a job's own frames.
Rule 2: which sampler draws: of the needed ones that have not drawn, and whose samplers
    before them all have: the only one, or the only one with as many steps as the bar.
    Otherwise the bar is the job's, and no step's.
Rule 3: "Prompt executed" is never a success: a reason to look, and once the job is gone
    from the queue, proof that it ran to its end.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from headway.dialects.comfyui import logs
from headway.dialects.comfyui.desk import Desk
from headway.dialects.comfyui.jobs import Teller
from headway.dialects.comfyui.plan import Sampler
from headway.dialects.comfyui.restart import Traces
from headway.dialects.comfyui.roll import Known, Roll
from headway.dialects.comfyui.turns import Held, Turns
from headway.dialects.comfyui.wedge import Wedge

SEEN_WITHIN = 0.2  # seconds in which a listing may have been read before its prompt came
MOST_PROMPTS = 1_000
WITHOUT_PLAN = 5.0  # seconds that a bar waits for its job's graph
MOST_EARLY = 200  # bars of one job that wait for it
LONGEST_BAR = 86_400.0  # seconds: a bar's elapsed time beyond this is not believed


class ConsoleEar:
    """Hears console lines, as they come and as they were kept for late joiners."""

    def __init__(self, desk: Desk, roll: Roll, teller: Teller, wedge: Wedge) -> None:
        self._desk, self._roll, self._tell, self._wedge = desk, roll, teller, wedge
        self.turns = Turns()
        self.newest = ""  # the server's time of the newest line
        self._kept: Held = []
        self._floor: float | None = None  # when the prompt before the present one ended
        self._prompts: list[float] = []  # when one came that no listing has shown yet
        self._early: dict[str, Held] = {}  # bars of jobs whose graph is still asked for
        self._read: dict[type, Callable[[Known, Any, float], None]] = {
            logs.Bar: self._bar,
            logs.Loading: lambda job, line, at: self._tell.loading(job, line.name, at),
            logs.Loaded: lambda job, _, at: self._tell.loading(job, "", at),
        }

    def hear(self, entries: list[tuple[str, str]], at: float) -> None:
        """Lines as they come."""
        for stamp, line in logs.lines(entries):
            self.newest = max(self.newest, stamp[:40])
            self._line(line, at)

    def listing(self, running: list[str], at: float) -> None:
        """The queue was read: lines that waited may have an owner now."""
        held = self.turns.listing(running, at)
        self._replay_to(self._roll.get(self.turns.owner), held)

    def kept(self, entries: list[tuple[str, str]], at: float) -> Traces:
        """Lines that the server kept: what they say of its life; the rest waits for `late`."""
        found = list(logs.lines(entries))
        newest = max((stamp for stamp, _ in entries), default="")[:40]
        boots = [stamp for stamp, line in found if isinstance(line, logs.StartedUp)]
        ends = [n for n, (_, line) in enumerate(found) if isinstance(line, _BREAKS)]
        self._floor = at - _age(found[ends[-1]][0], newest) if ends else None
        current = found[ends[-1] + 1 :] if ends else found
        self._kept = [(at - _age(stamp, newest), line) for stamp, line in current]
        self.newest = max(self.newest, newest)
        return Traces(boot=boots[-1][:40] if boots else "", newest=newest)

    def late(self, job: Known | None, at: float) -> None:
        """The queue was read for the first time; `job` is the only one that runs."""
        kept, self._kept = self._kept, []
        floor, self._floor = self._floor, None
        if job is None:
            return
        queued = self._desk.stamp(job.created, at)
        if queued is not None and floor is not None:
            # Only one runs at a time: it began when the one before it ended, or later.
            self._tell.started(job, max(queued, floor), "derived")
        self._replay_to(job, kept)

    def _line(self, line: logs.Line, at: float) -> None:
        if isinstance(line, logs.Executed):
            self._executed(at)
        elif isinstance(line, logs.GotPrompt):
            self._prompts = [*self._prompts, at][-MOST_PROMPTS:]
            self._desk.want("listing")
        elif isinstance(line, logs.WorkerDied):
            self._wedge.died()
        elif isinstance(line, logs.StartedUp):
            self._desk.want("raw_logs")
        else:
            self._wedge.sign(at)
            job = self._roll.get(self.turns.line(line, at))
            if job is not None:
                self._apply(job, line, at)

    def _executed(self, at: float) -> None:
        self._wedge.sign(at)
        key, held = self.turns.executed(at)
        job = self._roll.get(key)
        if job is not None:
            job.to_its_end = True
        self._replay_to(self._roll.get(self.turns.owner), held)
        self._desk.want("listing")

    def _replay_to(self, job: Known | None, held: Held, *, patient: bool = True) -> None:
        for at, line in held:
            if job is not None:
                self._apply(job, line, at, patient=patient)

    def unseen(self, new: int, at: float) -> bool:
        """Whether prompts came, as the console said, that no listing since has shown."""
        del self._prompts[:new]
        due = [came for came in self._prompts if not 0.0 <= at - came < SEEN_WITHIN]
        self._prompts = [came for came in self._prompts if came not in due]
        if self._prompts:
            self._desk.want("listing")
        return bool(due)

    def planned(self, at: float) -> None:
        """Graphs may have come: bars that waited for them are heard now."""
        for key, held in list(self._early.items()):
            job = self._roll.get(key)
            if job is None or job.plan is not None or at - held[0][0] > WITHOUT_PLAN:
                del self._early[key]
                self._replay_to(job, held, patient=False)

    def _waits(self, job: Known, line: logs.Line, at: float) -> bool:
        if job.plan is not None or not isinstance(line, logs.Bar):
            return False
        held = self._early.setdefault(job.key, [])
        if len(held) < MOST_EARLY:
            held.append((at, line))
        return True

    def _apply(self, job: Known, line: logs.Line, at: float, *, patient: bool = True) -> None:
        if patient and self._waits(job, line, at):
            self.planned(at)
            return
        read = self._read.get(type(line))
        if read is not None and job.place != "over":
            job.ran = True
            read(job, line, at)

    def _bar(self, job: Known, line: logs.Bar, at: float) -> None:
        if job.exact:
            return
        drawn = job.drawing(job.sampler)
        if (drawn.done, drawn.total) == (line.done, line.total):
            return  # a bar is drawn once more when it closes
        sampler = self._sampler(job, line)
        if sampler is None:
            job.sampler = ""
            self._tell.drawn(job, "", line.done, line.total, at)
            return
        began = at - min(line.elapsed or 0.0, LONGEST_BAR)
        self._tell.sampling(job, sampler, began)
        self._tell.drawn(job, sampler.step, line.done, line.total, at)
        if sampler.one_bar and line.done == line.total:
            self._tell.step_ended(job, sampler.step, at, basis="derived")

    def _sampler(self, job: Known, line: logs.Bar) -> Sampler | None:
        samplers = job.plan.samplers if job.plan else ()
        drew = job.ended_steps
        open_ones = [
            one
            for one in samplers
            if one.step not in drew
            and all(other.step in drew for other in samplers if other.step in one.before)
        ]
        fitting = [one for one in open_ones if one.steps is None or one.steps == line.total]
        if len(open_ones) == 1 and not open_ones[0].one_bar:
            return open_ones[0]
        return fitting[0] if len(fitting) == 1 else None


_BREAKS = (logs.Executed, logs.StartedUp)


def _age(stamp: str, newest: str) -> float:
    """Seconds between two of the server's own times; 0 where they cannot be read."""
    try:
        between = datetime.fromisoformat(newest[:26]) - datetime.fromisoformat(stamp[:26])
    except (ValueError, TypeError):
        return 0.0
    return min(max(between.total_seconds(), 0.0), LONGEST_BAR)

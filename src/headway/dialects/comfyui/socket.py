"""Ears for the status socket: frames of prompts whose submitter gave no client id come to
everybody, and tell each step exactly.

Rule 1: `status` names no job: it is a wish to look at the queue, no more.
Rule 2: a frame about a job that is not known waits until the queue, then the history,
    was looked at; at most `MOST_HELD` frames wait, and at the bound the oldest go: the
    newest progress_state holds all that they said.
Rule 3: "success" on the socket is not yet in the history: finishing until it is there.
Rule 4: `executing` is not "the" node: nodes run in parallel; it is one that began.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from headway.dialects.comfyui.desk import Desk
from headway.dialects.comfyui.frames import (
    BarMoved,
    Began,
    Frame,
    NodeBegan,
    NodeEnded,
    NodeStates,
    Nothing,
    Over,
    WereCached,
)
from headway.dialects.comfyui.jobs import Teller
from headway.dialects.comfyui.roll import Known, Roll
from headway.dialects.comfyui.wedge import Wedge
from headway.model.events import Ended, Finishing

MOST_HELD = 1_000  # frames


class SocketEar:
    """Hears frames that name a job."""

    def __init__(self, desk: Desk, roll: Roll, teller: Teller, wedge: Wedge) -> None:
        self._desk, self._roll, self._tell, self._wedge = desk, roll, teller, wedge
        self._held: deque[tuple[str, float, Frame]] = deque(maxlen=MOST_HELD)
        self._read: dict[type, Callable[[Known, Any, float], None]] = {
            NodeStates: self._nodes,
            BarMoved: self._bar,
            NodeBegan: self._node_began,
            NodeEnded: self._node_ended,
            Began: self._began,
            WereCached: self._cached,
            Over: self._over,
        }

    @property
    def unknown(self) -> list[str]:
        """The ids that frames wait for."""
        return list(dict.fromkeys(native for native, _, _ in self._held))

    def hear(self, frame: Frame, at: float) -> None:
        """A frame about a job, known or not."""
        if isinstance(frame, Nothing):
            return
        native: str = frame.native  # type: ignore[union-attr]
        job = self._roll.named(native)
        if job is None:
            self._hold(native, frame, at)
            return
        self._wedge.sign(at)
        self._read[type(frame)](job, frame, at)

    def release(self, native: str) -> None:
        """The id was looked for: its frames are heard now, or forgotten if nobody has it."""
        mine = [one for one in self._held if one[0] == native]
        if not mine:
            return
        kept = [one for one in self._held if one[0] != native]
        self._held = deque(kept, maxlen=MOST_HELD)
        job = self._roll.named(native) or self._roll.ended_use(native)
        if job is None:
            self._desk.missed("frame: of a job that nobody knows")
            return
        for _, at, frame in mine:
            if job.place != "over" or not isinstance(frame, Over):
                self._read[type(frame)](job, frame, at)

    def _hold(self, native: str, frame: Frame, at: float) -> None:
        if len(self._held) == MOST_HELD:
            self._desk.missed("frame: too many before their job was known")
        self._held.append((native, at, frame))
        self._desk.want("listing")

    def _nodes(self, job: Known, frame: NodeStates, at: float) -> None:
        job.exact = job.ran = True
        for node in frame.nodes:
            self._tell.node(job, node, at)

    def _bar(self, job: Known, frame: BarMoved, at: float) -> None:
        job.exact = job.ran = True
        if frame.step not in job.ended_steps:
            self._tell.step_started(job, frame.step, at)
            self._tell.bar(job, frame.step, frame.done, frame.total, at)

    def _node_began(self, job: Known, frame: NodeBegan, at: float) -> None:
        job.ran = True
        if frame.step:
            self._tell.step_started(job, frame.step, at)
        else:
            self._desk.want("listing")

    def _node_ended(self, job: Known, frame: NodeEnded, at: float) -> None:
        self._tell.step_ended(job, frame.step, at)

    def _began(self, job: Known, frame: Began, at: float) -> None:
        stamp = self._desk.stamp(frame.stamp, at)
        self._tell.started(job, at if stamp is None else stamp)

    def _cached(self, job: Known, frame: WereCached, at: float) -> None:
        stamp = self._desk.stamp(frame.stamp, at)
        needed = set(job.plan.needed or ()) if job.plan else set()
        for step in frame.steps:
            if not needed or step in needed:
                self._tell.step_ended(job, step, at if stamp is None else stamp, cached=True)

    def _over(self, job: Known, frame: Over, at: float) -> None:
        stamp = self._desk.stamp(frame.stamp, at)
        when = at if stamp is None else stamp
        job.ran = True
        if frame.outcome == "cancelled":
            job.told = True
            why = "stopped by somebody"
            evidence = "the server said execution_interrupted"
            self._desk.say(Ended, job.key, when, outcome="cancelled", why=why, evidence=evidence)
        else:
            self._desk.say(Finishing, job.key, when)
        self._desk.want("listing")

"""What Headway says of a simulated ComfyUI, against what really happened there.

Rule 1: the truth is the simulation's own account (`SimComfyUI.fate`), never what Headway heard.
Rule 2: false is: an end that contradicts the truth, or that is told while the thing goes on;
    a success before its entry could be read; idle while something runs; running for what has
    been over for `BOUND` seconds of contact, a restart that was not told by then included.
Rule 3: "unknown" for what ended is never false. Where its entry lies open at the end it is a
    miss, and is counted; where it was lost it is unsure, and right only after a silence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from headway.model.keys import job_key
from headway.model.views import JobView, SourceView
from headway.sim.comfyui import SimComfyUI
from headway.sim.comfyui.fates import Fate
from headway.store.contract import Change
from headway.talk.status import status_of

BOUND = 5.0  # seconds of contact
UNNOTICED = 30.0  # seconds in which a silent connection may pass for a quiet one
SAME = 0.05  # seconds: told in the same moment

#: how it ended → what may be said of it, beside "unknown"
SAYS = {
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
    "deleted": "cancelled",
    "lost": "lost",
}
RECORDED = ("succeeded", "failed", "cancelled")  # ends that the history tells


@dataclass
class Verdicts:
    """What was found in one story. Times are seconds.

    `lost_after`: from contact with the restarted server to the word "lost"; `told_after`: the
    same for other ends. `idle_for`, `missing_for`: the longest that idle was shown while
    something ran, and that a job which was gone from the queue stood as unfinished.
    `phantoms`: jobs that never were, made of changed bytes.
    """

    false: list[str] = field(default_factory=list)
    misses: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    lost_after: list[float] = field(default_factory=list)
    told_after: list[float] = field(default_factory=list)
    phantoms: int = 0
    idle_for: float = 0.0
    missing_for: float = 0.0


class Judge:
    """Looks at every change that is told, and at the status for scripts in between."""

    def __init__(self, sim: SimComfyUI, source: str) -> None:
        self.found = Verdicts()
        self.healed_at: float | None = 0.0  # None while a fault lasts
        self._sim = sim
        self._source = source
        self._jobs: dict[str, JobView] = {}
        self._outcomes: dict[str, str] = {}
        self._phantoms: set[str] = set()
        self._contact_at: float | None = None
        self._itself: SourceView | None = None
        self._idle_since: float | None = None

    def hear(self, changes: Iterable[Change], now: float) -> None:
        """These were told just now."""
        for change in changes:
            view = change.view
            if isinstance(view, SourceView) and view.key == self._source:
                was = self._itself is not None and self._itself.seen
                self._itself = view
                if not view.seen:
                    self._contact_at = None
                elif not was or self._contact_at is None:
                    self._contact_at = now
            elif isinstance(view, JobView) and self._exists(view):
                self._jobs[view.key] = view
                if view.outcome and view.outcome != self._outcomes.get(view.key):
                    self._outcomes[view.key] = view.outcome
                    self._told(view, now)

    def look(self, now: float) -> None:
        """Look at what stands there now."""
        views = [job for job in self._jobs.values() if not job.outcome]
        if self._itself is None:
            return
        self._judge_idle(not views and self._says_idle(now), now)
        for view in views:
            self._judge_lateness(view, now)

    def close(self) -> None:
        """The story is over: what is still unsaid?"""
        for view in self._jobs.values():
            fate = self._fate(view)
            if self._since(fate) is not None and not view.outcome:
                self._wrong(f"{view.phase} at the end, and it {fate.end}")
            if view.outcome == "unknown" and fate.end == "lost":
                self.found.unsure.append(view.evidence)
            elif view.outcome == "unknown" and self._sim.history(fate.prompt_id) is not None:
                self.found.misses.append(f"{fate.end}: {view.evidence}")
            self.found.outcomes.append(f"{fate.end or 'runs'} → {view.outcome or view.phase}")

    def _told(self, view: JobView, now: float) -> None:
        fate = self._fate(view)
        if not fate.end:
            self._wrong(f"told {view.outcome} while it goes on ({view.evidence})")
        elif view.outcome not in (SAYS[fate.end], "unknown") and not self._unrecorded(view, fate):
            self._wrong(f"told {view.outcome}, and it {fate.end} ({view.evidence})")
        elif view.outcome == "succeeded" and fate.readable_at is None:
            self._wrong("told succeeded before its outputs could be read")
        since = self._since(fate)
        if since is not None:
            kept = self.found.lost_after if fate.end == "lost" else self.found.told_after
            kept.append(max(now - since, 0.0))

    def _says_idle(self, now: float) -> bool:
        said = status_of([self._itself] if self._itself else [], now=now, version="0")
        return bool(said["servers"][0]["backends"][0]["status"] == "idle")

    def _judge_idle(self, idle: bool, now: float) -> None:
        began = [fate.accepted_at for fate in self._sim.fates if not fate.end]
        if not idle or not began:
            self._idle_since = None
            return
        self._idle_since = self._idle_since or now
        self.found.idle_for = max(self.found.idle_for, now - self._idle_since)
        if now - self._idle_since > (BOUND if self._in_order(now) else UNNOTICED):
            self._wrong("idle while something waits or runs")

    def _judge_lateness(self, view: JobView, now: float) -> None:
        fate = self._fate(view)
        since = self._since(fate)
        if not fate.end or since is None:
            return
        if view.missing_since is not None and fate.end == "deleted":
            self.found.missing_for = max(self.found.missing_for, now - since)
        elif now - since > BOUND + SAME:
            self._wrong(f"still {view.phase} {BOUND} s after contact, and it {fate.end}")

    def _since(self, fate: Fate) -> float | None:
        """From when Headway could know of the end; None while it could not."""
        if self.healed_at is None or self._contact_at is None or not fate.end:
            return None
        known_at = fate.readable_at if fate.end in RECORDED else fate.ended_at
        return None if known_at is None else max(self.healed_at, self._contact_at, known_at)

    def _unrecorded(self, view: JobView, fate: Fate) -> bool:
        """The server died after its last event and before its entry: that, too, is a loss."""
        return view.outcome == "lost" and fate.end in RECORDED and fate.readable_at is None

    def _in_order(self, now: float) -> bool:
        return self.healed_at is not None and now - self.healed_at > BOUND

    def _exists(self, view: JobView) -> bool:
        """Not so where a changed byte made a job that never was."""
        fate = next((one for one in self._sim.fates if one.prompt_id == view.native), None)
        created = str(fate.item[3].get("create_time", "")) if fate else ""
        real = fate is not None and created in ("", job_key(view.key).incarnation)
        self.found.phantoms += 0 if real or view.key in self._phantoms else 1
        self._phantoms |= set() if real else {view.key}
        return real

    def _fate(self, view: JobView) -> Fate:
        return self._sim.fate(view.native)

    def _wrong(self, what: str) -> None:
        if what not in self.found.false:
            self.found.false.append(what)

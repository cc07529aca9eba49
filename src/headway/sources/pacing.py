"""When the next question may be asked: watching must cost the watched server nothing.

Rule 1: looks at the queue: by the clock one in `every` seconds, and only while something
    is active (`comfyui_link`); when the server itself says that something changed at
    once, but never more than `PROMPT` in that time on average.
Rule 2: what is large to answer is asked for less often: at most a small share of the
    server's time goes into answering us.
Rule 3: one question at a time, in the order of wishes; a wish made twice is one.
"""

from __future__ import annotations

from headway.dialects.comfyui.desk import Want

AT_ONCE = 4.0  # looks that a quiet time saves up
PROMPT = 4.0  # looks in `every` seconds, on average: 0.4 ms each where there is a jobs API
SHARE = 0.03  # of the time that answering a big question may take
GAPS = {"history": 0.05, "recent": 1.0, "raw_logs": 2.0}
"""Seconds between two questions of a kind: about an ended job, about what ended lately,
about the kept console."""
LONGEST_PAUSE = {"listing": 1.0, "history": 1.0}
"""Seconds: an answer that was slow because the server computes says nothing of its cost,
and who waits for an end must not wait for that."""


class Pacing:
    """Wishes, and the time from which each may be asked.

    `every`: seconds between looks that only the clock asks for.
    """

    def __init__(self, *, every: float) -> None:
        self._every = every / PROMPT
        self._saved = AT_ONCE
        self._saved_at = 0.0
        self._not_before: dict[str, float] = {}
        self._took: dict[str, float] = {}  # seconds that the last answer took
        self._wishes: dict[Want, None] = {}

    def wish(self, want: Want) -> None:
        """Ask this some time."""
        self._wishes[want] = None

    def wished(self, kind: str) -> bool:
        """Whether such a question waits."""
        return any(want.kind == kind for want in self._wishes)

    def next(self, now: float) -> tuple[Want | None, float]:
        """The question to ask now, taken off; or None and the seconds until one is due."""
        soonest = 60.0
        for want in self._wishes:
            wait = self._wait(want, now)
            if wait <= 0.0:
                del self._wishes[want]
                self._spend(want, now)
                return want, 0.0
            soonest = min(soonest, wait)
        return None, soonest

    def took(self, want: Want, seconds: float, now: float) -> None:
        """The question took so long to answer."""
        gap = GAPS.get(want.kind, 0.0)
        if want.kind in LONGEST_PAUSE:  # once may be the line's doing, or a stop's
            before, self._took[want.kind] = self._took.get(want.kind, 0.0), seconds
            seconds = min(before, seconds)
        patience = max(LONGEST_PAUSE.get(want.kind, 30.0), 4.0 * seconds)
        pause = min(seconds / SHARE - 0.5, patience, 30.0)
        self._not_before[want.kind] = now + max(gap, pause)

    def _wait(self, want: Want, now: float) -> float:
        wait = self._not_before.get(want.kind, 0.0) - now
        if wait > 60.0:  # the clock was set back
            wait = 0.0
        if want.kind == "listing":
            wait = max(wait, (1.0 - self._tokens(now)) * self._every)
        return wait

    def _spend(self, want: Want, now: float) -> None:
        if want.kind == "listing":
            self._saved, self._saved_at = self._tokens(now) - 1.0, now

    def _tokens(self, now: float) -> float:
        self._saved_at = min(self._saved_at, now)  # the clock was set back: save from here on
        return min(self._saved + (now - self._saved_at) / self._every, AT_ONCE)

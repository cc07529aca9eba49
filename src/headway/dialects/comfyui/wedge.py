"""Whether the worker still works: its thread can die while everything else answers.

Rule 1: waiting jobs and nothing running, for `GAP`: wedged. Between two jobs that state
    is normal for a moment.
Rule 2: a running job, a console that is listened to, and not a sign for `SILENCE`: wedged.
    Without the console silence is normal and says nothing.
Rule 3: the console's word that the thread ended counts at once.
Rule 4: a listing that shows a running job, and a run dated by the server, prove that the
    worker lived then. Frames and lines may come late and prove nothing.
"""

from __future__ import annotations

GAP = 30.0  # seconds in which the worker must take the next job
SILENCE = 600.0  # seconds: three times longer than any step we know of


class Wedge:
    """Signs of life, and what their absence means."""

    def __init__(self) -> None:
        self.console = False  # whether console lines are heard
        self.alive_at = 0.0  # when the worker surely had a job for the last time
        self._sign_at = 0.0
        self._gap_since: float | None = None
        self._running: frozenset[str] = frozenset()
        self._waiting = 0
        self._dead = False

    def listing(self, running: frozenset[str], waiting: int, at: float) -> None:
        """The queue was read."""
        if running:
            self.alive_at = max(self.alive_at, at)
        if running - self._running:
            self._dead = False
        if running != self._running:
            self.sign(at)
        stuck = waiting > 0 and not running
        self._gap_since = (
            (self._gap_since if self._gap_since is not None else at) if stuck else None
        )
        self._running, self._waiting = running, waiting

    def sign(self, at: float) -> None:
        """A step, a bar, a line of the worker was heard; it may have been late."""
        self._sign_at = max(self._sign_at, at)

    def lived(self, stamp: float) -> None:
        """By the server's own time, the worker began or ended a job then."""
        self.alive_at = max(self.alive_at, stamp)

    def died(self) -> None:
        """The console said that the worker's thread ended."""
        self._dead = True

    def restarted(self, at: float) -> None:
        """It is another process now."""
        self._running, self._waiting, self._gap_since = frozenset(), 0, None
        self._dead = False
        self.sign(at)

    def trouble(self, now: float) -> str:
        """Why it is held for stuck; "" if it is not."""
        if self._dead:
            return "its worker thread died (it said so on its console); it needs a restart"
        if self._gap_since is not None and now - self._gap_since >= GAP:
            return "jobs wait and nothing runs"
        if self._running and self.console and now - self._sign_at >= SILENCE:
            return "a job runs and nothing is heard of it"
        return ""

"""What became of our own generations, where nobody listens to them any more.

Rule 1: a restart of the server (another `server_id`) loses what was unfinished when it was
    last heard of.
Rule 2: a session that counts nothing, twice, has nothing of ours: what nobody has heard of
    for `QUIET` ended, and nobody can say how.
Rule 3: while the session counts something, no generation is ended: Swarm goes on without us.
"""

from __future__ import annotations

from collections.abc import Iterable

from headway.dialects.swarmui.counts import Counts
from headway.model.events import AnyEvent, Ended
from headway.model.views import JobView
from headway.model.words import RESOLVED

QUIET = 10.0  # seconds: who listens reports the end within them
READINGS = 2  # in a row


class OwnEar:
    """Ends generations of ours that the server does not have any more."""

    def __init__(self, source: str) -> None:
        self._observer = source
        self._empty = 0  # readings of our session in a row that counted nothing
        self._since = 0.0

    def counts(self, ours: Counts, at: float) -> None:
        """A reading of our session."""
        if ours.unfinished or self._empty == 0:
            self._since = at
        self._empty = 0 if ours.unfinished else self._empty + 1

    def forget(self) -> None:
        """The connection, or the session, is new."""
        self._empty = 0

    def restarted(self, jobs: Iterable[JobView], heard: float, at: float) -> list[AnyEvent]:
        """The server was last heard at `heard`, and has begun anew since."""
        why = "the server restarted while it was unfinished"
        lost = [one for one in jobs if one.phase not in RESOLVED and _begun(one) <= heard]
        return [self._ended(one, "lost", why, "its server_id changed", at) for one in lost]

    def tick(self, jobs: Iterable[JobView], at: float) -> list[AnyEvent]:
        """Time passed."""
        if self._empty < READINGS:
            return []
        why = "it ended, and nobody listened"
        evidence = "our session counts nothing any more"
        return [
            self._ended(one, "unknown", why, evidence, at)
            for one in jobs
            if one.phase not in RESOLVED
            and one.updated_at + QUIET <= at
            and one.updated_at <= self._since
        ]

    def _ended(self, job: JobView, outcome: str, why: str, evidence: str, at: float) -> AnyEvent:
        said = {"outcome": outcome, "why": why, "evidence": evidence}
        return Ended(key=job.key, at=at, observer=self._observer, basis="observed", **said)  # type: ignore[arg-type]


def _begun(job: JobView) -> float:
    return job.queued_at or job.started_at or job.updated_at

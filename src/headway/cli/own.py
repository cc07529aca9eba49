"""Which unfinished jobs were submitted from this machine by this user's programs.

Rule 1: a submission says by which process it was made (`submitted_by`); of this host, it is
ours. What nobody said so of is somebody else's.
"""

from __future__ import annotations

from headway.cli import reach
from headway.cli.shelf import shelf
from headway.host.process import identity, parse
from headway.plane.submitters import SUBMITTED_BY, submitted_by

LOOKED_AT = 1_000  # unfinished jobs

__all__ = ["own_jobs", "submitted_by"]


def own_jobs() -> frozenset[str]:
    """The keys of our own unfinished jobs, as far as they are known. Raises: StoreError."""
    known = reach.found() or shelf()
    if known is None:
        return frozenset()
    here = identity().host
    found = set()
    for job in known.jobs(limit=LOOKED_AT, active=True):
        who = parse(str((job.get("meta") or {}).get(SUBMITTED_BY, "")))
        if who is not None and who.host == here:
            found.add(str(job["key"]))
    return frozenset(found)

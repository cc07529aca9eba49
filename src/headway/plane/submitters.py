"""Which program asked for a job, and whether it still runs.

Rule 1: a submission says by which process it was made (meta `submitted_by`). That process
does not do the work: if it dies the job goes on, and nothing is lost by that.
Rule 2: of a process of another host, boot or pid namespace nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from headway.host.process import alive, identity, parse
from headway.model.views import AnyView, JobView
from headway.model.words import RESOLVED

SUBMITTED_BY = "submitted_by"  # the meta field
ORPHAN = "orphan"  # the meta field of a view: the program that asked for it is gone


def submitted_by() -> dict[str, str]:
    """The meta that says so of a submission of this process."""
    return {SUBMITTED_BY: identity().text}


def gone(who: str) -> bool | None:
    """Whether that process is known to be gone; None if it cannot be told from here."""
    known = parse(who)
    if known is None or not known.host:
        return None
    lives = alive(known)
    return None if lives is None else not lives


def with_orphans(views: Iterable[AnyView]) -> list[AnyView]:
    """The views; those of unfinished jobs whose submitter is gone say so (meta `orphan`)."""
    known: dict[str, bool | None] = {}
    return [_marked(view, known) for view in views]


def _marked(view: AnyView, known: dict[str, bool | None]) -> AnyView:
    if not isinstance(view, JobView) or view.phase in RESOLVED:
        return view
    who = view.meta.get(SUBMITTED_BY)
    if not isinstance(who, str) or not who:
        return view
    if who not in known:
        known[who] = gone(who)
    return replace(view, meta={**view.meta, ORPHAN: True}) if known[who] else view

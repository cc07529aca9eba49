"""What the store remembers of our own submissions, held against what back ends say now.

Rule 1: a row of the store is a lead. That a job runs is said by its back end, or by the
program that submitted it while that one is known to run; never by the row alone.
Rule 2: what both know is told once: the phase as the back end says it, the steps and the
title as whoever listens to it says them, each with its own basis and age.
Rule 3: where the back end cannot be asked, a row is "last seen so" and in no count.
Rule 4: pure but for asking whether a process runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from headway.fold.views import FRESH
from headway.model.keys import join
from headway.model.views import AnyView, JobView, SourceView
from headway.model.words import BASIS_RANK, RESOLVED, WAITING
from headway.plane.submitters import SUBMITTED_BY, gone, with_orphans

Gone = Callable[[str], bool | None]


def leads(stored: Sequence[AnyView]) -> list[JobView]:
    """The unfinished submissions among what is stored."""
    return [
        one
        for one in stored
        if isinstance(one, JobView) and one.phase not in RESOLVED and SUBMITTED_BY in one.meta
    ]


def places(rows: Sequence[JobView]) -> dict[str, tuple[str, str]]:
    """The kind and URL of the back ends of these, by source, as far as they were stored."""
    said = {one.source: [one.meta.get(name) for name in ("server_kind", "server_url")]
            for one in rows}  # fmt: skip
    return {name: (str(kind), str(url)) for name, (kind, url) in said.items() if kind and url}


def merged(
    asked: Sequence[AnyView],
    rows: Sequence[JobView],
    *,
    asked_at: float,
    ended: Callable[[str], float | None] = lambda key: None,
    gone: Gone = gone,
) -> list[AnyView]:
    """What is so now. `asked`: what back ends said since `asked_at`; `rows`: the leads.

    `ended`: when a job that a back end listed was told to be over, None if it was not.
    """
    known = {one.key: one for one in rows}
    listed = {one.key for one in asked if isinstance(one, JobView)}
    told: list[AnyView] = []
    for one in asked:
        if not isinstance(one, JobView):
            told.append(one)
        elif (ended(one.key) or 0.0) < asked_at:
            told.append(_both(one, known[one.key]) if one.key in known else one)
    left = [one for one in rows if one.key not in listed]
    sources = {one.key: one for one in asked if isinstance(one, SourceView)}
    for name in dict.fromkeys(one.source for one in left):
        of_it = [one for one in left if one.source == name]
        told += _unlisted(of_it, sources.get(join(name)), asked_at, gone)
    return with_orphans(told)


def _both(listed: JobView, row: JobView) -> JobView:
    """One job: where it stands by its back end, what it does by who listens to it."""
    both = replace(
        listed,
        title=row.title or listed.title,
        meta={**listed.meta, **row.meta},
        queued_at=row.queued_at or listed.queued_at,
    )
    if listed.phase in WAITING or not _tells_more(row, listed):
        return both
    return replace(
        both,
        started_at=row.started_at or listed.started_at,
        updated_at=max(row.updated_at, listed.updated_at),
        stepped_at=row.stepped_at,
        fraction=row.fraction,
        steps_done=row.steps_done,
        steps_needed=row.steps_needed,
        steps_cached=row.steps_cached,
        bars=row.bars,
        activity=row.activity,
        estimate=row.estimate or listed.estimate,
    )


def _tells_more(row: JobView, listed: JobView) -> bool:
    if not listed.bars:
        return bool(row.bars) or row.fraction is not None
    if not row.bars:
        return False
    ours, theirs = row.bars[0], listed.bars[0]
    # As in a fold: of those that are fresh the best known one, else the newest.
    better = BASIS_RANK[ours.basis] >= BASIS_RANK[theirs.basis]
    return ours.at >= theirs.at - (FRESH if better else 0.0)


def _unlisted(
    rows: list[JobView], source: SourceView | None, asked_at: float, gone: Gone
) -> list[AnyView]:
    lives = {one.key: gone(str(one.meta[SUBMITTED_BY])) is False for one in rows}
    if source is None:
        # Nobody knows where to ask: only a program that runs can tell.
        alive = [one for one in rows if lives[one.key]]
        return [*alive] if alive else _never_asked(rows)
    if not source.seen:
        return [*rows]  # of a source that cannot be reached these are "last seen"
    since = [one for one in rows if lives[one.key] and _first(one) >= asked_at]
    before = [one for one in rows if one not in since]
    if source.meta.get("source_kind") != "swarmui":
        return [*since]  # its queue does not list the others: they are over
    return [*since, *_counted(before, source, lives)]


def _counted(rows: list[JobView], source: SourceView, lives: dict[str, bool]) -> list[JobView]:
    """As many of a SwarmUI's as it counts of our session; who is listened to comes first."""
    said = [source.readings.get(name) for name in ("running", "waiting", "others")]
    if any(not isinstance(one, int | float) for one in said):
        return [one for one in rows if lives[one.key]]
    running, waiting, others = (int(one or 0) for one in said)
    ours = max(running + waiting - others, 0)
    order = sorted(rows, key=lambda one: (not lives[one.key], one.phase in WAITING, _first(one)))
    return order[:ours]


def _never_asked(rows: list[JobView]) -> list[AnyView]:
    name, why = rows[0].source, "where it is was not stored"
    meta, said = {"title": name}, {"unreachable": why}
    return [SourceView(key=join(name), seen=False, meta=meta, readings=said), *rows]


def _first(job: JobView) -> float:
    return job.queued_at or job.started_at or job.updated_at

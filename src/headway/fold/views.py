"""State to what readers see.

Rule 1: a level is shown from the observer with the best fresh basis, ties by the
lowest observer id. Fresh: not more than `FRESH` older than the newest word on it.
Rule 2: what no longer matters is not shown: a position of a running job, a bar of a
succeeded one, "missing" of a resolved one.
Rule 3: a fraction is below 1 until the job succeeded, and None where it would be made up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from math import fsum
from typing import Any

import msgspec

from headway.fold.groups import group_view
from headway.model.entities import (
    AnyEntity,
    Attempt,
    Bar,
    Bars,
    Daemon,
    Entity,
    Group,
    Job,
    Reading,
    Source,
    Stamp,
    Step,
    StepAttempt,
    Worker,
)
from headway.model.keys import job_key, readable, source_of, split
from headway.model.views import (
    AnyView,
    BarView,
    DaemonView,
    Estimate,
    JobView,
    Output,
    SourceView,
    StepView,
    WorkerView,
)
from headway.model.words import BASIS_RANK, OUTCOME_RANK, PRESUMED, RESOLVED, Basis, Outcome, Phase

FRESH = 10.0  # seconds by which a better-known level may lag behind the newest
NEARLY = 0.999  # the most that a fraction says before the job has succeeded
STALL_LIMIT = 600.0  # seconds of silence that count as stalled, without history
HIDDEN_META = frozenset({"needed", "names", "outputs", "title", "job_kind"})
READING = "reading "  # how fields of readings begin among the levels
HIDDEN = frozenset({"reading estimate", "reading stall_limit"})  # they have fields of their own


def view(entity: AnyEntity) -> AnyView:
    """What readers see of the entity."""
    return _VIEWS[type(entity)](entity)


def meta_of(entity: Entity) -> dict[str, Any]:
    """All meta fields, each as its first speaker said it."""
    if len(entity.registrations) == 1:  # as for most
        return dict(entity.registrations[0].meta)
    return {name: value for one in entity.registrations for name, value in one.meta.items()}


def best(observers: dict[str, Reading] | None) -> Reading | None:
    """The reading to show, by Rule 1; None if there is none."""
    if not observers:
        return None
    if len(observers) == 1:  # as nearly always
        (only,) = observers.values()
        return only
    newest = max(reading.at for reading in observers.values())
    fresh = [(who, one) for who, one in observers.items() if one.at >= newest - FRESH]
    return min(fresh, key=lambda pair: (-BASIS_RANK[pair[1].basis], pair[0]))[1]


def phase_of(job: Job) -> tuple[Phase, Basis]:
    """Where the job is, and how that is known."""
    outcome = outcome_of(job)
    return outcome[:2] if outcome is not None else _open_phase(job)


def _open_phase(job: Job) -> tuple[Phase, Basis]:
    if not job.attempts:
        return "pending", "observed"
    attempt = job.attempts[max(job.attempts)]
    if attempt.end is not None:
        return "retrying", attempt.end.basis
    return next(_reached(attempt), ("pending", "observed"))


def outcome_of(job: Job) -> tuple[Outcome, Basis, Attempt] | None:
    """The greatest closing end: how, how known, and the attempt it closed."""
    number = _closing_attempt(job)
    attempt = job.attempts.get(number)
    if attempt is None or attempt.end is None:
        return None
    return attempt.end.outcome, attempt.end.basis, attempt


def shown_attempt(job: Job) -> int:
    """The number of the attempt to show: the one that closed the job, else the newest."""
    return _closing_attempt(job) or max(job.attempts, default=1)


def fraction_of(attempt: Attempt, needed: Iterable[str] | None, phase: Phase) -> float | None:
    """How much of the job is done, in 0..1; None where the steps are unknown."""
    if phase == "succeeded":
        return 1.0
    if needed is None:
        bar = shown_bar(attempt.bars.get("", {}))
        return None if bar is None or not bar[1].total else min(bar_fraction(bar[1]), NEARLY)
    to_run = set(needed) - attempt.cached_steps
    if not to_run or not _has_steps(attempt):
        return None
    under_way = [
        bar_fraction(bar[1])
        for step, bars in attempt.bars.items()
        if step in to_run and (bar := shown_bar(bars))
    ]
    # fsum is exact: the same in any order of bars, and never a bit less as they move on.
    return min(fsum([len(attempt.finished_steps & to_run), *under_way]) / len(to_run), NEARLY)


def shown_bar(bars: Bars) -> tuple[str, Bar] | None:
    """(observer, bar) of the bar to show, by Rule 1; None if there is none."""
    if len(bars) == 1:  # as nearly always
        ((who, named),) = bars.items()
        if len(named) == 1:
            (bar,) = named.values()
            return who, bar
    newest_of = {who: max(named.items(), key=_bar_order)[1] for who, named in bars.items() if named}
    if not newest_of:
        return None
    newest = max(bar.at for bar in newest_of.values())
    fresh = [pair for pair in newest_of.items() if pair[1].at >= newest - FRESH]
    return min(fresh, key=lambda pair: (-BASIS_RANK[pair[1].basis], pair[0]))


def bar_fraction(bar: Bar) -> float:
    """done ÷ total in 0..1; 0 where the total is unknown or nothing."""
    return min(max(bar.done / bar.total, 0.0), 1.0) if bar.total else 0.0


def _bar_order(named: tuple[str, Bar]) -> tuple[float, int, float, str]:
    name, bar = named
    return bar.at, bar.run, bar.done, name


def _reached(attempt: Attempt) -> Iterator[tuple[Phase, Basis]]:
    # A step or a bar proves that work began, even if nobody said "started".
    if attempt.finishing:
        yield "finishing", attempt.finishing.basis
    if attempt.started:
        yield "running", attempt.started.basis
    if _has_steps(attempt):
        yield "running", "derived"
    if attempt.queued:
        yield "queued", attempt.queued.basis


def _has_steps(attempt: Attempt) -> bool:
    return bool(attempt.running_steps or attempt.finished_steps or attempt.bars)


def _closing_attempt(job: Job) -> int:
    # Of equal ends the newest attempt's; 0 while none has closed the job.
    ends = [
        (end.basis not in PRESUMED, OUTCOME_RANK[end.outcome], BASIS_RANK[end.basis], number)
        for number, attempt in job.attempts.items()
        if attempt.final and (end := attempt.end)
    ]
    return max(ends)[-1] if ends else 0


def _bar_view(bar: Bar, step: str, name: str) -> BarView:
    return BarView(
        done=bar.done,
        at=bar.at,
        total=bar.total,
        step=step,
        name=name,
        unit=bar.unit,
        basis=bar.basis,
    )


def _bar_views(attempt: Attempt, names: Any) -> list[BarView]:
    known = names if isinstance(names, dict) else {}
    shown = [
        _bar_view(found[1], step, str(known.get(step, "")))
        for step, bars in attempt.bars.items()
        if (found := shown_bar(bars))
    ]
    return sorted(shown, key=lambda bar: (-bar.at, bar.step))


def _job_view(job: Job) -> JobView:
    closed = outcome_of(job)
    phase, basis = closed[:2] if closed else _open_phase(job)
    number = shown_attempt(job)
    attempt = job.attempts.get(number) or Attempt()
    meta = meta_of(job)
    end = attempt.end
    waiting = phase in ("pending", "queued", "retrying")
    position = best(job.levels.get("position")) if waiting else None
    activity = best(job.levels.get("activity")) if phase not in RESOLVED else None
    source, native = _names(job.key)
    updated_at = _updated_at(job, attempt)
    needed = _strings(meta.get("needed"))
    counts = _step_counts(attempt, needed)
    return JobView(
        key=job.key,
        source=source,
        native=str(meta.get("native", native)),
        phase=phase,
        basis=basis,
        outcome=closed[0] if closed else None,
        attempt=number,
        title=str(meta.get("title", "")),
        job_kind=str(meta.get("job_kind", "")),
        queued_at=_at(attempt.queued),
        started_at=_at(attempt.started),
        finishing_at=_at(attempt.finishing),
        ended_at=end.at if end and closed else None,
        updated_at=updated_at,
        stepped_at=attempt.stepped_at or None,
        fraction=fraction_of(attempt, needed, phase),
        steps_done=counts[0],
        steps_needed=counts[1],
        steps_cached=len(attempt.cached_steps),
        bars=[] if phase == "succeeded" else _bar_views(attempt, meta.get("names")),
        position=position.value[0] if position else None,
        position_of=position.value[1] if position else None,
        activity=activity.value if activity else "",
        estimate=None if phase in RESOLVED else _estimate(job),
        stalled_at=_stalled_at(job, updated_at) if phase == "running" else None,
        missing_since=None if phase in RESOLVED else _missing_since(job),
        why=end.why if end else "",
        evidence=end.evidence if end else "",
        outputs=_outputs(meta.get("outputs")),
        meta={name: value for name, value in meta.items() if name not in HIDDEN_META},
        readings=_readings(job),
    )


@lru_cache(maxsize=16_384)
def _names(key: str) -> tuple[str, str]:
    return source_of(key), readable(job_key(key).native)


def _strings(listed: Any) -> list[str] | None:
    # Meta comes from anybody: what is no list of ids says nothing about the steps.
    if not isinstance(listed, list):
        return None
    return [one for one in listed if isinstance(one, str)]


def _step_counts(attempt: Attempt, needed: list[str] | None) -> tuple[int | None, int | None]:
    if needed is None or not _has_steps(attempt):
        return None, None
    to_run = set(needed) - attempt.cached_steps
    return len(attempt.finished_steps & to_run), len(to_run)


def _at(stamp: Stamp | None) -> float | None:
    return stamp.at if stamp else None


def _updated_at(job: Job, attempt: Attempt) -> float:
    times = [one.at for one in job.registrations]
    times.append(attempt.stepped_at)
    times += [stamp.at for stamp in (attempt.queued, attempt.started, attempt.finishing) if stamp]
    times += [
        bar.at
        for bars in attempt.bars.values()
        for named in bars.values()
        for bar in named.values()
    ]
    times += [
        reading.at
        for field, observers in job.levels.items()
        if field not in HIDDEN
        for reading in observers.values()
    ]
    if attempt.end:
        times.append(attempt.end.at)
    return max(times, default=0.0)


def _stalled_at(job: Job, updated_at: float) -> float:
    limit = best(job.levels.get("reading stall_limit"))
    known = limit is not None and isinstance(limit.value, int | float)
    return updated_at + (float(limit.value) if limit and known else STALL_LIMIT)


def _missing_since(entity: Entity) -> float | None:
    presence = best(entity.levels.get("presence"))
    return presence.at if presence and presence.value == "missing" else None


def _estimate(job: Job) -> Estimate | None:
    reading = best(job.levels.get("reading estimate"))
    try:
        return msgspec.convert(reading.value, Estimate) if reading and reading.value else None
    except msgspec.ValidationError:
        return None  # not ours: any program may post a reading of that name


def _outputs(listed: Any) -> list[Output]:
    if not isinstance(listed, list):
        return []
    return [
        Output(
            n=n,
            name=str(one["name"]),
            media=str(one.get("media", "")),
            step=str(one.get("step", "")),
        )
        for n, one in enumerate(listed)
        if isinstance(one, dict) and "name" in one
    ]


def _readings(entity: Entity) -> dict[str, Any]:
    shown = {
        field[len(READING) :]: reading.value
        for field, observers in entity.levels.items()
        if field.startswith(READING) and field not in HIDDEN and (reading := best(observers))
    }
    return dict(sorted(shown.items())) if len(shown) > 1 else shown


def _step_view(step: Step) -> StepView:
    name = readable(split(step.key)[3])
    number = max(step.attempts, default=1)
    attempt = step.attempts.get(number) or StepAttempt()
    bar = shown_bar(attempt.bars)
    known = attempt.ended or attempt.started
    return StepView(
        key=step.key,
        job=step.key.rpartition("~")[0],
        step=name,
        phase=_step_phase(attempt),
        attempt=number,
        name=attempt.name,
        parent=attempt.parent,
        cached=attempt.cached,
        started_at=_at(attempt.started),
        ended_at=_at(attempt.ended),
        basis=known.basis if known else "derived",
        bar=_bar_view(bar[1], name, attempt.name) if bar else None,
    )


def _step_phase(attempt: StepAttempt) -> str:
    if attempt.cached:
        return "cached"
    if attempt.ended:
        return "ended"
    return "running" if attempt.started or attempt.bars else "pending"


def _node(entity: Entity) -> dict[str, Any]:
    meta = meta_of(entity)
    presence = best(entity.levels.get("presence"))
    activity = best(entity.levels.get("activity"))
    times = [one.at for observers in entity.levels.values() for one in observers.values()]
    return {
        "key": entity.key,
        "title": str(meta.get("title", "")),
        "seen": presence.value == "seen" if presence else None,
        "since": presence.at if presence else None,
        "activity": activity.value if activity else "",
        "updated_at": max(times + [one.at for one in entity.registrations], default=0.0),
        "meta": {name: value for name, value in meta.items() if name != "title"},
        "readings": _readings(entity),
    }


def _worker_view(worker: Worker) -> WorkerView:
    return WorkerView(source=source_of(worker.key), **_node(worker))


_VIEWS: dict[type[AnyEntity], Callable[[Any], AnyView]] = {
    Job: _job_view,
    Step: _step_view,
    Group: group_view,
    Source: lambda source: SourceView(**_node(source)),
    Worker: _worker_view,
    Daemon: lambda daemon: DaemonView(**_node(daemon)),
}

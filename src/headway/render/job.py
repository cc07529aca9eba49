"""One job: what it is, where it stands, and its steps as bars over time.

Rule 1: a job and its steps are plain data, as in JSON.
Rule 2: all bars share one scale, from the job's start to its end or now; a step whose
times nobody saw has no bar.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from headway.render.jobs import RESOLVED, state_of
from headway.render.style import MANNER, paint
from headway.render.table import as_ascii, columns_of, cut, padded, safe, wrapped
from headway.render.times import clock, count, duration, span

Job = Mapping[str, Any]
Step = Mapping[str, Any]

LABEL = 11  # columns
LONGEST_NAME = 26  # columns of a step's name
TAIL = 14  # columns for a step's length and its k/n
SHORTEST_BAR = 8  # columns; a narrower terminal shows no bars


def job_text(
    job: Job,
    steps: Sequence[Step],
    *,
    now: float,
    width: int = 80,
    plain: bool = False,
    verbose: bool = False,
    colour: bool = False,
    asked: bool = True,
) -> str:
    """The job's facts, then its steps as a waterfall. `asked` False: as last seen."""
    now = now if asked else min(now, job.get("updated_at") or now)
    lines = [safe(str(job.get("title") or job.get("native") or job["key"]))]
    for label, value in _facts(job, now, verbose=verbose, asked=asked):
        first, *more = wrapped(safe(value), max(width - LABEL, 8))
        lines += [f"{label:<{LABEL}}{first}", *[" " * LABEL + one for one in more]]
    if steps:
        lines += ["", *waterfall(job, steps, now=now, width=width)]
    shown = [cut(as_ascii(line) if plain else line, width) for line in lines]
    text = "".join(f"{one}\n" for one in shown).replace("…", "~" if plain else "…")
    if not colour:
        return text
    state = state_of(job, asked=asked)
    manner = MANNER.get(str(job.get("phase")), "")
    return text.replace(
        f"State{'':<6}{state}", f"State{'':<6}{paint(state, manner, colour=True)}", 1
    )


def waterfall(job: Job, steps: Sequence[Step], *, now: float, width: int) -> Iterator[str]:
    """A line for each step: its name, its bar on the job's scale, how long it took."""
    start = _first([job.get("started_at"), *[one.get("started_at") for one in steps]])
    end = job.get("ended_at") if job.get("phase") in RESOLVED else now
    names = [_name(one) for one in steps]
    room = min(max(map(columns_of, names)), LONGEST_NAME, max(width // 3, 8))
    bar = width - room - TAIL - 2
    for name, step in zip(names, steps, strict=True):
        drawn = _bar(step, start, end, bar, now) if bar >= SHORTEST_BAR else ""
        gap = " " if drawn else ""
        yield f"{padded(name, room)}{gap}{drawn} {_tail(step, job, now)}".rstrip()
    if start is not None and end is not None and bar >= SHORTEST_BAR:
        scale = duration(end - start)
        yield f"{'':<{room}} 0{scale:>{bar - 1}}"


def _facts(job: Job, now: float, *, verbose: bool, asked: bool) -> Iterator[tuple[str, str]]:
    yield "Job", str(job["key"])
    yield "State", state_of(job, asked=asked)
    if job.get("why"):
        yield "Why", str(job["why"])
    if job.get("evidence"):
        yield "Evidence", str(job["evidence"])
    yield from _course(job, now)
    if asked:
        yield from _expected(job, now)
    else:
        yield "Last seen", clock(job.get("updated_at"), now)
    if verbose or job.get("basis", "observed") not in ("observed", "reported"):
        yield "Known", str(job.get("basis", "observed"))
    for name, value in sorted((job.get("meta") or {}).items()):
        if verbose or name == "model":
            yield name[: LABEL - 1].capitalize(), str(value)
    for one in job.get("outputs") or []:
        yield "Output", f"{one['name']}" + (f" ({one['media']})" if one.get("media") else "")


def _course(job: Job, now: float) -> Iterator[tuple[str, str]]:
    queued, started, ended = (job.get(f"{name}_at") for name in ("queued", "started", "ended"))
    if queued:
        waited = (started or ended or now) - queued
        yield "Queued", f"{clock(queued, now)}, waited {duration(max(waited, 0.0))}"
    if started:
        took = (ended if job.get("phase") in RESOLVED else now) or now
        yield "Started", f"{clock(started, now)}, ran {duration(max(took - started, 0.0))}"
    if ended:
        yield "Ended", clock(ended, now)
    if job.get("position"):
        of = f" of {job['position_of']}" if job.get("position_of") else ""
        yield "Queue", f"{job['position']}{of}"
    if job.get("fraction") is not None and job.get("phase") not in RESOLVED:
        yield "Progress", f"{100 * job['fraction']:.1f}%{_of_steps(job)}"
    if job.get("missing_since"):
        yield "Missing", f"not listed since {clock(job['missing_since'], now)}"


def _of_steps(job: Job) -> str:
    needed = job.get("steps_needed")
    return f", {job.get('steps_done') or 0} of {needed} steps done" if needed else ""


def _expected(job: Job, now: float) -> Iterator[tuple[str, str]]:
    if job.get("phase") in RESOLVED:
        return
    one = job.get("estimate")
    if not one:
        yield "ETA", "no estimate yet"
        return
    left = [max(one[name] - now, 0.0) for name in ("end_at", "low_at", "high_at")]
    yield "ETA", f"{duration(left[0])} ({span(left[1], left[2])}), at {clock(one['end_at'], now)}"


def _name(step: Step) -> str:
    indent = "  " if step.get("parent") else ""
    return indent + safe(str(step.get("name") or step.get("step") or step["key"]))


def _bar(step: Step, start: float | None, end: float | None, room: int, now: float) -> str:
    began = step.get("started_at")
    if step.get("cached") or began is None or start is None or end is None or end <= start:
        return " " * room
    over = step.get("ended_at")
    until = end if over is None else over
    first: int = min(max(round((began - start) / (end - start) * room), 0), room - 1)
    last: int = min(max(round((until - start) / (end - start) * room), first + 1), room)
    sign = "▒" if over is None else "█"
    return " " * first + sign * (last - first) + " " * (room - last)


def _tail(step: Step, job: Job, now: float) -> str:
    if step.get("cached"):
        return "cached"
    began, over = step.get("started_at"), step.get("ended_at")
    until = over or job.get("ended_at") or now
    took = duration(None if began is None else max(until - began, 0.0))
    bar = step.get("bar") or {}
    total = bar.get("total")
    return f"{took:>6}" + (f" {count(bar['done'])}/{count(total)}" if total else "")


def _first(times: Sequence[float | None]) -> float | None:
    return min((one for one in times if one is not None), default=None)

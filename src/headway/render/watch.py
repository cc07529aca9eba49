"""What runs, as lines that stay in place (a terminal) or follow each other (a pipe).

Rule 1: made from the answer of `status`, so that both say the same.
Rule 2: a pipe gets a line only when something a person would notice has changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from headway.render.jobs import state_of
from headway.render.status import seconds_of
from headway.render.style import MANNER, paint
from headway.render.table import as_ascii, columns_of, cut, padded, safe
from headway.render.times import count, duration, span, to_the_second

Status = dict[str, Any]
Job = Mapping[str, Any]

BAR = 20  # columns
STATE = 10  # columns of the seed's words
SHOWN = 12  # lines; the rest is a number


def block(
    status: Status,
    ended: Sequence[Job] = (),
    *,
    width: int = 80,
    plain: bool = False,
    colour: bool = False,
) -> list[str]:
    """The lines of a live block, each at most `width` columns wide. `ended`: newest first."""
    listed = status["active_generations"]
    now = seconds_of(status["at"]) or 0.0
    lines = [head(status)]
    lines += [_line(one, now, width=width) for one in listed[:SHOWN]]
    if len(listed) > SHOWN:
        lines.append(f"… and {len(listed) - SHOWN:,} more")
    lines += status["unseen"]
    lines += [f"{state_of(one):<{STATE}}  {_how(one)}" for one in ended]
    return [_finished(line, width, plain=plain, colour=colour) for line in lines]


def head(status: Status) -> str:
    """How much goes on, in one line."""
    listed = status["active_generations"]
    waiting = sum(1 for one in listed if one["status"] == "pending")
    running = len(listed) - waiting
    if status["generations_running"] == 0:
        return "idle"
    if status["generations_running"] is None and not listed:
        return "not known whether anything runs"
    more = "" if status["generations_running"] is not None else ", perhaps more"
    return f"{running} running, {waiting} waiting{more}"


def news(
    before: Status | None, after: Status, ended: Mapping[str, Job] | None = None
) -> Iterator[str]:
    """A line for each job that a person would say has moved on, and for each that is gone.

    `ended`: by its key, what became of a job that is gone, where that is known.
    """
    known = _by_job(before) if before else {}
    now = to_the_second(seconds_of(after["at"]) or 0.0)
    found = _by_job(after)
    for key, one in found.items():
        if key not in known or _tenth(known[key]) != _tenth(one):
            yield f"{now}  {_words(one, seconds_of(after['at']) or 0.0)}"
    for key in gone(before, after):
        job = (ended or {}).get(key)
        yield f"{now}  {_named(known[key])}  {state_of(job) if job else 'no longer active'}"
    if before is None or head(before) != head(after):
        yield f"{now}  {head(after)}"


def gone(before: Status | None, after: Status) -> list[str]:
    """The keys of jobs that were active before and are not any more."""
    found = _by_job(after)
    return [key for key in (_by_job(before) if before else {}) if key not in found]


def _by_job(status: Status) -> dict[str, Status]:
    return {one["job"]: one for one in status["active_generations"]}


def _tenth(one: Status) -> tuple[Any, ...]:
    percent = one["progress"]
    moved = None if percent is None else int(percent // 10)
    return one["phase"], one["status"], moved, one["queue_position"]


def _line(one: Status, now: float, *, width: int) -> str:
    parts = [padded(one["status"], STATE)]
    if width >= 60 or one["progress"] is not None:
        parts.append(_bar(one["progress"], BAR if width >= 60 else 10))
    parts += [part for part in (_where(one), _left(one, now, wide=width >= 70)) if part]
    line = "  ".join(parts)
    room = width - columns_of(line) - 2
    return f"{line}  {cut(_named(one), room)}" if room > 5 else line


def _words(one: Status, now: float) -> str:
    parts = [_named(one), one["status"], _where(one), _left(one, now, wide=True)]
    return "  ".join(part for part in parts if part)


def _named(one: Status) -> str:
    return safe(str(one["title"] or one["session_id"]))


def _how(job: Job) -> str:
    started, ended = job.get("started_at"), job.get("ended_at")
    took = None if started is None or ended is None else ended - started
    why = f": {job['why']}" if job.get("why") and job.get("phase") != "succeeded" else ""
    return safe(f"{duration(took):>6}  {job.get('title') or job.get('native')}{why}")


def _bar(percent: float | None, room: int) -> str:
    if percent is None:
        return f"{'░' * room}     –"
    full = int(percent / 100 * room)
    return f"{'█' * full}{'░' * (room - full)} {percent:4.0f}%"


def _where(one: Status) -> str:
    if one["queue_position"]:
        return f"#{one['queue_position']} in line"
    if one["step"] is None:
        return one["activity"] or ""
    of = f"/{count(one['steps'])}" if one["steps"] else ""
    # Where no step has a name the room is for the job's own.
    name = f"{one['step_name']} " if one["step_name"] else ""
    return f"{name}{count(one['step'])}{of}"


def _left(one: Status, now: float, *, wide: bool) -> str:
    if one["stalled_for"] is not None:
        return f"stalled {duration(one['stalled_for'])}"
    if one["eta"] is None:
        starts = seconds_of(one["eta_starts_at"])
        return "" if starts is None else f"starts in {duration(max(starts - now, 0.0))}"
    low, high = seconds_of(one["eta_low_at"]), seconds_of(one["eta_high_at"])
    if one["overdue"] or low is None or high is None:
        return "overdue"
    spread = f" ({span(max(low - now, 0.0), max(high - now, 0.0))})" if wide else ""
    return f"{duration(one['eta'])} left{spread}"


def _finished(line: str, width: int, *, plain: bool, colour: bool) -> str:
    shown = cut(as_ascii(safe(line)) if plain else safe(line), width)
    shown = shown.replace("…", "~") if plain else shown
    word = shown.partition(" ")[0]
    manner = MANNER.get(word, "")
    return paint(word, manner, colour=colour) + shown[len(word) :]

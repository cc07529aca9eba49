"""Jobs as a listing, one line each.

Rule 1: import-light: `headway jobs` without a server prints with it.
Rule 2: a job is plain data, as in JSON: the fields of a job's view; missing is unknown.
Rule 3: the id shown is long enough to be given back to any command.
"""

from headway.render.table import Column, columns_of, safe, table
from headway.render.times import UNKNOWN, clock, duration

TYPE_CHECKING = False  # importing typing would take longer than the rest
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Job = Mapping[str, Any]

SHORTEST_ID = 8  # characters
RESOLVED = frozenset({"succeeded", "failed", "cancelled", "lost", "unknown"})
COLUMNS = (
    Column("JOB", keep=9),
    Column("STATE", keep=8),
    Column("DONE", keep=6, right=True),
    Column("TOOK", keep=5, right=True),
    Column("WHEN", keep=4, right=True),
    Column("SOURCE", keep=3, elastic=10),
    Column("TITLE", keep=7, elastic=16),
)


def jobs_text(
    jobs: "Sequence[Job]",
    *,
    now: float,
    width: int = 80,
    plain: bool = False,
    asked: bool = True,
) -> str:
    """The listing in the order given. `asked` False: as last seen; nobody was asked since."""
    if not jobs:
        return "No jobs\n"
    ids = short_ids([str(one.get("native") or one["key"]) for one in jobs])
    rows = [_row(one, short, now, asked=asked) for one, short in zip(jobs, ids, strict=True)]
    return table(COLUMNS, rows, width=width, plain=plain)


def short_ids(ids: "Sequence[str]") -> list[str]:
    """Each id cut to the shortest start that tells it from the others.

    An id that occurs twice stays whole.
    """
    size = SHORTEST_ID
    longest = max(map(len, ids), default=0)
    while size < longest and len({one[:size] for one in ids}) < len(set(ids)):
        size += 4
    return [one[:size] for one in ids]


def state_of(job: "Job", *, asked: bool = True) -> str:
    """Where the job is, in one or two words; a guess has a question mark."""
    phase = str(job.get("phase", "unknown"))
    if phase not in RESOLVED and not asked:
        return f"last {phase}"
    if job.get("missing_since") and phase not in RESOLVED:
        return f"{phase}, missing"
    return f"{phase}?" if job.get("basis") in ("inferred", "estimated") else phase


def done_of(job: "Job") -> str:
    """How much of it is done, in percent or as its place in line."""
    if job.get("position"):
        return f"#{job['position']}"
    fraction = job.get("fraction")
    return UNKNOWN if fraction is None else f"{100 * fraction:.0f}%"


def _row(job: "Job", short: str, now: float, *, asked: bool) -> list[str]:
    started, ended = job.get("started_at"), job.get("ended_at")
    until = ended if job.get("phase") in RESOLVED else now if asked else None
    took = None if started is None or until is None else max(until - started, 0.0)
    when = ended or started or job.get("queued_at") or job.get("updated_at")
    return [
        short,
        state_of(job, asked=asked),
        done_of(job),
        duration(took),
        clock(when, now),
        str(job.get("source", "")),
        _title(job),
    ]


def _title(job: "Job") -> str:
    title = safe(str(job.get("title") or ""))
    why = safe(str(job.get("why") or "")) if job.get("phase") != "succeeded" else ""
    if not why:
        return title
    return f"{title}: {why}" if columns_of(title) else why

"""What waits and what runs: the answers of /queue and /api/jobs as one listing.

Rule 1: `queue_pending` is a heap, not a line: the place in line is the rank by
    (number, prompt id), never the place in the answer.
Rule 2: a row that cannot be read is left out and counted; the others stay.
Rule 3: a plan is made once for each job, not at every look.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from headway.dialects.comfyui.plan import Plan, plan_of
from headway.dialects.comfyui.privacy import submitter
from headway.dialects.comfyui.wire import Skip, decode, ident, listed, mapping, number, whole

LARGEST_QUEUE = 64 * 1024 * 1024  # bytes

RUNNING = frozenset({"in_progress"})
WAITING = frozenset({"pending"})


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One job that waits or runs. `created` is in the server's clock, in milliseconds.

    `plan` None: the answer holds no graph, or it was not asked for.
    """

    native: str
    number: float
    running: bool
    created: int | None = None
    plan: Plan | None = None
    client: str = ""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """All that waits (in the order in which it will run) and runs. `graphs`: with plans."""

    running: list[Row] = []
    waiting: list[Row] = []
    graphs: bool = False
    skipped: list[str] = []


Planned = Collection[tuple[str, int | None]]


def read_queue(body: bytes, *, planned: Planned = (), with_texts: bool = False) -> Listing | Skip:
    """The listing in an answer of /queue; jobs in `planned` get no new plan."""
    value = decode(body, limit=LARGEST_QUEUE)
    if isinstance(value, Skip):
        return value
    if not isinstance(value, dict) or "queue_running" not in value:
        return Skip("queue: not a queue")
    rows: list[Row] = []
    skipped: list[str] = []
    for field, running in (("queue_running", True), ("queue_pending", False)):
        for item in listed(value.get(field)):
            row = item_row(item, running=running, planned=planned, with_texts=with_texts)
            rows.append(row) if row else skipped.append("queue: item")
    return _listing(rows, skipped, graphs=True)


def read_jobs(body: bytes) -> Listing | Skip:
    """The listing in an answer of /api/jobs; rows of finished jobs are left out."""
    value = decode(body, limit=LARGEST_QUEUE)
    if isinstance(value, Skip):
        return value
    if not isinstance(value, dict) or not isinstance(value.get("jobs"), list):
        return Skip("jobs: not a list of jobs")
    rows: list[Row] = []
    skipped: list[str] = []
    for entry in value["jobs"]:
        status = mapping(entry).get("status")
        if status not in RUNNING and status not in WAITING:
            skipped += [] if isinstance(status, str) else ["jobs: row"]
            continue
        row = _job_row(entry, running=status in RUNNING)
        rows.append(row) if row else skipped.append("jobs: row")
    return _listing(rows, skipped, graphs=False)


def item_row(
    item: Any, *, running: bool, planned: Planned = (), with_texts: bool = False
) -> Row | None:
    """The row of a queue item [number, id, graph, extra_data, outputs]; None if it is none."""
    if not isinstance(item, list) or len(item) < 3:
        return None
    placed, native = number(item[0]), ident(item[1])
    if placed is None or native is None:
        return None
    extra = mapping(item[3]) if len(item) > 3 else {}
    created = whole(extra.get("create_time"))
    fresh = (native, created) not in planned
    outputs = item[4] if len(item) > 4 else None
    return Row(
        native=native,
        number=placed,
        running=running,
        created=created,
        plan=plan_of(item[2], outputs, with_texts=with_texts) if fresh else None,
        client=submitter(extra.get("client_id")),
    )


def _job_row(entry: dict[str, Any], *, running: bool) -> Row | None:
    native, placed = ident(entry.get("id")), number(entry.get("priority"))
    if native is None:
        return None
    created = whole(entry.get("create_time"))
    return Row(native=native, number=placed or 0.0, running=running, created=created)


def _listing(rows: list[Row], skipped: list[str], *, graphs: bool) -> Listing:
    waiting = [row for row in rows if not row.running]
    waiting.sort(key=lambda row: (row.number, row.native))
    running = [row for row in rows if row.running]
    return Listing(running=running, waiting=waiting, graphs=graphs, skipped=skipped)

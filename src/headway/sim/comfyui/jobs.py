"""The jobs API: one flat row for each prompt that waits, runs or is over.

Rule 1: a row leaves out what is null. A waiting or running one has no times but that of its
    creation.
Rule 2: what the answer to a bad question says is the error's text, status 400.
Rule 3: up to 0.15 every shown thing counts as an output; since then only files do, and the words
    of a node are the preview of a prompt that shows no file.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from headway.sim.comfyui.prompts import Item, PromptQueue, is_id
from headway.sim.comfyui.version import Version

STATUSES = ("pending", "in_progress", "completed", "failed", "cancelled")

#: sort_by -> the key to sort rows by; rows without a time come as 0
SORTS = {
    "created_at": lambda row: row.get("create_time", 0),
    "execution_duration": lambda row: (
        row.get("execution_end_time", 0) - row.get("execution_start_time", 0)
    ),
}
ORDERS = {"asc": False, "desc": True}  # sort_order -> reversed

LONGEST_WORDS = 1024  # characters of a preview

Row = dict[str, Any]
Shown = tuple[str, str, Any]  # node, media, and a file or words


class BadQuestion(Exception):
    """The query or the body makes no sense; the text says why."""

    def __init__(self, text: str, **more: Any) -> None:
        super().__init__(text)
        self.body = {"error": text, **more}


def listing(queue: PromptQueue, version: Version, query: Mapping[str, str]) -> dict[str, Any]:
    """The body of GET /api/jobs. Raises BadQuestion."""
    wanted = _statuses(query.get("status"), version)
    key = _choice(SORTS, query.get("sort_by", "created_at"), "sort_by")
    backwards = _choice(ORDERS, query.get("sort_order", "desc"), "sort_order")
    limit, offset = _limit(query.get("limit")), max(0, _integer(query.get("offset", "0"), "offset"))
    workflow_id = query.get("workflow_id")
    rows = [
        row
        for row in rows_of(queue, version)
        if row["status"] in wanted and workflow_id in (None, row.get("workflow_id"))
    ]
    rows.sort(key=key, reverse=backwards)
    page = rows[offset:] if limit is None else rows[offset : offset + limit]
    more = offset + len(page) < len(rows)
    return {
        "jobs": page,
        "pagination": {"offset": offset, "limit": limit, "total": len(rows), "has_more": more},
    }


def single(queue: PromptQueue, version: Version, prompt_id: str) -> Row | None:
    """The body of GET /api/jobs/{id}, or None for an unknown id. Finished jobs are told in full."""
    row = next((row for row in rows_of(queue, version) if row["id"] == prompt_id), None)
    entry = queue.history.get(prompt_id)
    if row is None or entry is None or row["status"] in ("pending", "in_progress"):
        return row
    workflow = {"prompt": entry["prompt"][2], "extra_data": entry["prompt"][3]}
    return {
        **row,
        "outputs": entry["outputs"],
        "execution_status": entry["status"],
        "workflow": workflow,
    }


def asked_ids(body: Any) -> list[str]:
    """The ids in the body of POST /api/jobs/cancel. Raises BadQuestion."""
    ids = body.get("job_ids") if isinstance(body, dict) else None
    if not isinstance(ids, list):
        raise BadQuestion("job_ids must be a list")
    wrong = [asked if isinstance(asked, str) else repr(asked) for asked in ids if not is_id(asked)]
    if wrong:
        raise BadQuestion("job_ids contains invalid id(s)", invalid_ids=wrong)
    return ids


def rows_of(queue: PromptQueue, version: Version) -> Iterator[Row]:
    for item in queue.running:
        yield _row(item, "in_progress", **_counts([], version))
    for item in queue.pending:
        yield _row(item, "pending", **_counts([], version))
    for entry in queue.history.values():
        yield _finished(entry, version)


def _row(item: Item, status: str, **more: Any) -> Row:
    number, prompt_id, _, extra_data, _ = item
    workflow = (extra_data.get("extra_pnginfo") or {}).get("workflow") or {}
    row = {
        "id": prompt_id,
        "status": status,
        "priority": number,
        "create_time": extra_data.get("create_time"),
        **more,
        "workflow_id": workflow.get("id"),
    }
    return {key: value for key, value in row.items() if value is not None}


def _finished(entry: Mapping[str, Any], version: Version) -> Row:
    messages = dict(entry["status"]["messages"])
    end: Mapping[str, Any] = next((messages[kind] for kind in ENDS if kind in messages), {})
    shown = list(_shown_files(entry["outputs"]))
    return _row(
        entry["prompt"],
        _outcome(messages, version),
        execution_start_time=messages.get("execution_start", {}).get("timestamp"),
        execution_end_time=end.get("timestamp"),
        execution_error=messages.get("execution_error"),
        **_counts(shown, version),
        preview_output=_preview(shown, version),
    )


def _counts(shown: Sequence[Shown], version: Version) -> dict[str, int]:
    files = [file for _, _, file in shown if isinstance(file, dict)]
    counted = files if version.has("text_previews") else shown
    if not version.has("previewable_count"):
        return {"outputs_count": len(counted)}
    return {"outputs_count": len(counted), "previewable_outputs_count": len(files)}


#: the kind of the last message -> the status of the job
ENDS = {
    "execution_success": "completed",
    "execution_interrupted": "cancelled",
    "execution_error": "failed",
}


def _outcome(messages: Mapping[str, Any], version: Version) -> str:
    outcome = next(status for kind, status in ENDS.items() if kind in messages)
    return "failed" if outcome == "cancelled" and not version.has("cancelled_status") else outcome


def _shown_files(outputs: Mapping[str, Mapping[str, Any]]) -> Iterator[Shown]:
    for node, shown in outputs.items():
        for media, files in shown.items():
            if media != "animated":
                yield from ((node, media, file) for file in files)


def _preview(shown: Sequence[Shown], version: Version) -> Row | None:
    """A saved file, else a temporary one, else some words."""
    files = [(node, media, file) for node, media, file in shown if isinstance(file, dict)]
    files.sort(key=lambda found: found[2].get("type") != "output")
    words = [
        (node, media, _words(text))
        for node, media, text in shown
        if media == "text" and version.has("text_previews")
    ]
    best = next(iter(files + words), None)
    return None if best is None else {**best[2], "nodeId": best[0], "mediaType": best[1]}


def _words(text: str) -> Row:
    whole = len(text) <= LONGEST_WORDS
    return {"content": text} if whole else {"content": text[:LONGEST_WORDS], "truncated": True}


def _statuses(text: str | None, version: Version) -> tuple[str, ...]:
    known = STATUSES if version.has("cancelled_status") else STATUSES[:-1]
    if not text:
        return known
    asked = tuple(part.strip() for part in text.split(",") if part.strip())
    wrong = [status for status in asked if status not in known]
    if wrong:
        raise BadQuestion(
            f"Invalid status value(s): {', '.join(wrong)}. Valid values: {', '.join(known)}"
        )
    return asked


def _choice(table: Mapping[str, Any], asked: str, name: str) -> Any:
    if asked not in table:
        raise BadQuestion(f"{name} must be {' or '.join(repr(key) for key in table)}")
    return table[asked]


def _limit(text: str | None) -> int | None:
    if text is None:
        return None
    limit = _integer(text, "limit")
    if limit <= 0:
        raise BadQuestion("limit must be a positive integer")
    return limit


def _integer(text: str, name: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise BadQuestion(f"{name} must be an integer") from error

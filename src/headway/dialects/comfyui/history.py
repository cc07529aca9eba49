"""How a job ended and what it made: an entry of /history/{id}.

Rule 1: `status_str` is only "success" or "error"; an "error" with an
    `execution_interrupted` message was a cancel.
Rule 2: an ExecutionBlocked error ends nothing: the run goes on and succeeds.
Rule 3: times come from the messages; empty outputs are a success like any other.
Rule 4: a video may stand under `images`: the file's ending and `animated` tell.
Rule 5: of an output its name, medium and place are kept, never a text that was made.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headway.dialects.comfyui.graph import step_id
from headway.dialects.comfyui.privacy import error_class, secrets_of, without_folders
from headway.dialects.comfyui.queue import Row, item_row
from headway.dialects.comfyui.wire import (
    LARGEST_META,
    Skip,
    decode,
    ident,
    listed,
    mapping,
    number,
    size,
    text,
)
from headway.model.words import Outcome

LARGEST_HISTORY = 64 * 1024 * 1024  # bytes
LONGEST_READ = 2_000_000  # characters; cut only after scrubbing, never through a secret
LONGEST_WHY = 1_000  # characters
LONGEST_DETAIL = 200_000  # characters

#: ending of a file name → medium
MEDIA = {
    **dict.fromkeys(("mp4", "webm", "mkv", "mov", "avi", "m4v", "gif"), "video"),
    **dict.fromkeys(("png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff", "avif", "exr"), "image"),
    **dict.fromkeys(("flac", "wav", "mp3", "ogg", "opus", "m4a", "aac"), "audio"),
    **dict.fromkeys(("txt", "md", "json", "csv", "srt"), "text"),
    **dict.fromkeys(("glb", "gltf", "obj", "ply", "stl", "fbx", "usdz", "splat"), "3d"),
}
#: key of a node's outputs → medium, where the ending says nothing
MEDIA_OF_KEY = {"images": "image", "gifs": "video", "video": "video", "audio": "audio", "3d": "3d"}
FOLDERS = frozenset({"output", "temp", "input"})

OUTCOMES: dict[str, Outcome] = {
    "execution_interrupted": "cancelled",
    "execution_error": "failed",
    "execution_success": "succeeded",
}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What the history says of one run. Times are in the server's clock, in milliseconds.

    `outcome` None: it has no status that can be read.
    """

    row: Row | None
    outcome: Outcome | None = None
    started: float | None = None
    ended: float | None = None
    cached: list[str] = []
    executed: list[str] = []
    outputs: list[dict[str, Any]] = []
    why: str = ""
    detail: str = ""
    skipped: list[str] = []


class Past(msgspec.Struct, frozen=True):
    """A job that ended; in the server's clock, in milliseconds."""

    native: str
    ended: float


def read_history(body: bytes, native: str, *, with_texts: bool = False) -> Entry | Skip | None:
    """The entry of that id; None if the history has none."""
    value = decode(body, limit=LARGEST_HISTORY)
    if isinstance(value, Skip):
        return value
    if not isinstance(value, dict):
        return Skip("history: not a history")
    raw = value.get(native)
    if raw is None and len(value) == 1:
        raw = next(iter(value.values()))  # an id that our reading had to clean
    if raw is None:
        return None
    if not isinstance(raw, dict):
        return Skip("history: entry")
    return entry_of(raw, with_texts=with_texts)


def read_recent(body: bytes) -> list[Past] | Skip:
    """The ended jobs in an answer of /api/jobs?limit=N or /history?max_items=N."""
    value = decode(body, limit=LARGEST_HISTORY)
    if isinstance(value, Skip):
        return value
    if not isinstance(value, dict):
        return Skip("recent: not a list of jobs")
    rows = value["jobs"] if isinstance(value.get("jobs"), list) else None
    found = [_past_row(row) for row in rows] if rows is not None else _past_entries(value)
    return [past for past in found if past is not None]


def _past_row(row: Any) -> Past | None:
    native = ident(mapping(row).get("id"))
    ended = number(mapping(row).get("execution_end_time"))
    return None if native is None or ended is None else Past(native, ended)


def _past_entries(value: dict[str, Any]) -> list[Past | None]:
    entries = [entry_of(raw) for raw in value.values() if isinstance(raw, dict)]
    return [
        Past(one.row.native, one.ended) if one.row and one.ended is not None else None
        for one in entries
    ]


def entry_of(raw: dict[str, Any], *, with_texts: bool = False) -> Entry:
    """The entry as it came, reduced to what may be told."""
    messages = _messages(mapping(raw.get("status")).get("messages"))
    item = raw.get("prompt")
    row = item_row(item, running=False, with_texts=with_texts)
    kind = next((kind for kind in OUTCOMES if kind in messages), "")
    last = messages.get(kind, {})
    why, detail = _failure(last, item) if kind == "execution_error" else ("", "")
    return Entry(
        row=row,
        outcome=OUTCOMES.get(kind) or _said(mapping(raw.get("status")).get("status_str")),
        started=number(messages.get("execution_start", {}).get("timestamp")),
        ended=number(last.get("timestamp")),
        cached=_steps(messages.get("execution_cached", {}).get("nodes")),
        executed=_steps(last.get("executed")),
        outputs=_outputs(raw.get("outputs")),
        why=why or ("stopped by somebody" if kind == "execution_interrupted" else ""),
        detail=detail,
        skipped=[] if row else ["history: prompt"],
    )


def _messages(listing: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for message in listed(listing):
        if not isinstance(message, list) or len(message) != 2 or not isinstance(message[0], str):
            continue
        data = mapping(message[1])
        if data.get("exception_type") != "ExecutionBlocked":
            found[message[0]] = data
    return found


def _said(status: Any) -> Outcome | None:
    return "succeeded" if status == "success" else "failed" if status == "error" else None


def _steps(nodes: Any) -> list[str]:
    return [step_id(node) for node in listed(nodes) if isinstance(node, str) and node]


def _failure(error: dict[str, Any], item: Any) -> tuple[str, str]:
    named, node = error_class(error.get("exception_type")), text(error.get("node_type"))
    where = f" of {node}" if node else ""
    graph = item[2] if isinstance(item, list) and len(item) > 2 else None
    secrets = secrets_of(graph, error.get("current_inputs"))
    if secrets is None:
        return f"{named}{where}", ""
    said = text(error.get("exception_message"), limit=LONGEST_READ).strip()
    message = without_folders(secrets.scrub(said))[:LONGEST_WHY]
    trace = "".join(text(line, limit=LONGEST_READ) for line in listed(error.get("traceback")))
    detail = without_folders(secrets.scrub(trace))[:LONGEST_DETAIL]
    return (f"{named}: {message}{where}" if message else f"{named}{where}"), detail


def _outputs(outputs: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    left = LARGEST_META
    for node, shown in mapping(outputs).items():
        moving = any(one is True for one in listed(mapping(shown).get("animated")))
        for key, items in mapping(shown).items():
            for item in listed(items):
                output = _output(item, step_id(node), key, moving=moving)
                left -= size(output) + 20 if output is not None else 0
                if output is not None and left > 0:
                    found.append({"n": len(found), **output})
    return found


def _output(item: Any, step: str, key: str, *, moving: bool) -> dict[str, Any] | None:
    if not isinstance(item, dict):
        return None
    name, folder = text(item.get("filename"), limit=1024), item.get("type", "output")
    if not name or folder not in FOLDERS:
        return None
    ending = name.rpartition(".")[2].lower()
    media = "video" if moving else MEDIA.get(ending) or MEDIA_OF_KEY.get(key, "other")
    place = {"filename": name, "subfolder": text(item.get("subfolder"), limit=1024), "type": folder}
    return {"name": name, "media": media, "step": step, "place": place}

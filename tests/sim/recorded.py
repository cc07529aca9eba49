"""Real sessions, and frames made comparable: what differs from run to run is replaced.

Rule 1: two frames are alike when their texts are, so the order of keys and 1.0 against 1 count too.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

RECORDINGS = Path(__file__).parents[1] / "recordings" / "comfyui"


class Session:
    """One recorded session."""

    def __init__(self, name: str) -> None:
        lines = (RECORDINGS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        self.rows: list[dict[str, Any]] = [json.loads(line) for line in lines]

    def after(self, note: str) -> "Session":
        """The part that follows a note."""
        return self._part(self._place(note) + 1, None)

    def before(self, note: str) -> "Session":
        return self._part(0, self._place(note))

    def heard(self, who: str) -> list[Any]:
        """What one socket received; a binary frame is its kind."""
        rows = [row for row in self.rows if row["channel"] == f"ws:{who}"]
        return [
            f"binary {row['event_type']}" if row.get("binary") else row["message"]
            for row in rows
            if row["direction"] == "recv"
        ]

    def lines(self, who: str) -> list[list[str]]:
        """The console as one subscriber heard it: the entries of each message."""
        frames = [frame for frame in self.heard(who) if is_of("logs", frame)]
        return [alike_lines(frame["data"]) for frame in frames]

    def answers(self, method: str, path: str) -> list[Any]:
        """The bodies of all answers to requests whose path begins so."""
        http = [row for row in self.rows if row["channel"] == "http"]
        asked = [row for row in http if row["method"] == method and row["path"].startswith(path)]
        return [row["body"] for row in asked]

    def graphs(self) -> dict[str, Any]:
        """prompt id -> graph, as far as the session shows them."""
        found = {}
        for body in self.answers("GET", "/history"):
            found.update({prompt_id: entry["prompt"][2] for prompt_id, entry in body.items()})
        for body in self.answers("GET", "/queue"):
            items = body["queue_running"] + body["queue_pending"]
            found.update({item[1]: item[2] for item in items})
        return found

    def _place(self, note: str) -> int:
        return next(place for place, row in enumerate(self.rows) if row.get("message") == note)

    def _part(self, start: int, stop: int | None) -> "Session":
        part = Session.__new__(Session)
        part.rows = self.rows[start:stop]
        return part


def comparable(frames: Iterable[Any]) -> list[str]:
    """The frames as texts in which ids, times, counters and memory contents are replaced."""
    ids: dict[str, str] = {}
    return [_text(frame, ids) for frame in frames]


def is_of(kind: str, frame: Any) -> bool:
    return isinstance(frame, dict) and frame["type"] == kind


def without_logs(frames: Iterable[Any]) -> list[Any]:
    return [frame for frame in frames if not is_of("logs", frame)]


def alike_lines(message: dict[str, Any]) -> list[str]:
    """The entries of a message of the console, without durations, rates and traces."""
    texts = [NUMBERS.sub("#", entry["m"]) for entry in message["entries"]]
    return [re.sub(r"(?s)(Traceback \(most recent call last\):).*", r"\1", text) for text in texts]


#: what follows a bar, and decimal numbers
NUMBERS = re.compile(r"\[[^\]]*(?:it/s|s/it)\]|\d+\.\d+")


def _text(frame: Any, ids: dict[str, str]) -> str:
    if isinstance(frame, bytes):
        return f"binary {int.from_bytes(frame[:4], 'big')}"
    return frame if isinstance(frame, str) else json.dumps(_plain(frame, "", ids))


def _plain(value: Any, key: str, ids: dict[str, str]) -> Any:
    if key in REPLACED:
        return REPLACED[key](value, ids)
    if isinstance(value, dict):
        return {name: _plain(inner, name, ids) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, "", ids) for inner in value]
    return value


#: key -> what stands in the place of its value
REPLACED = {
    "prompt_id": lambda value, ids: ids.setdefault(value, f"prompt {len(ids)}"),
    "timestamp": lambda value, ids: type(value).__name__,
    "filename": lambda value, ids: re.sub(r"\d{5}|(?<=temp_)[a-z]{5}", "#", value),
    "traceback": lambda value, ids: [type(line).__name__ for line in value][:1],
    "current_inputs": lambda value, ids: sorted(value),
    "current_outputs": lambda value, ids: sorted(value),
    "executed": lambda value, ids: sorted(value),  # a set in reality
}

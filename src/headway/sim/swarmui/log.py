"""The log: one tracker for each type, whatever level the console shows.

Rule 1: messages are kept before the level is looked at: Verbose and Debug are always there.
Rule 2: one number runs through all types; 1,024 messages of each type are kept.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

KEPT = 1024
TYPES = {"Verbose": "#606060", "Debug": "#808080", "Info": "#00FFFF", "Init": "#00FF00",
         "Warning": "#FFFF00", "Error": "#FF0000"}  # fmt: skip


class Log:
    """All trackers. `backends`: ids of those whose console is kept as well."""

    def __init__(self, backends: list[int], *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._types = [{"name": name, "color": color, "identifier": ""}
                       for name, color in TYPES.items()]  # fmt: skip
        self._types += [
            {"name": f"ComfyUI-{n}", "color": "#707070", "identifier": f"backend-{n}"}
            for n in backends
        ]
        self._kept: dict[str, deque[dict[str, Any]]] = {
            one["name"]: deque(maxlen=KEPT) for one in self._types
        }
        self._last = 0

    def say(self, kind: str, message: str) -> None:
        """Keep a message; one of a type that nobody tracks is lost."""
        self._last += 1
        stamp = datetime.fromtimestamp(self._clock()).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        if kind in self._kept:
            self._kept[kind].append({"sequence_id": self._last, "time": stamp, "message": message})

    def types(self) -> dict[str, Any]:
        return {"types_available": self._types}

    def messages(self, kind: str) -> list[str]:
        """What is kept of a type."""
        return [one["message"] for one in self._kept[kind]]

    def recent(self, kinds: list[str], after: dict[str, int]) -> dict[str, Any]:
        """The answer of ListRecentLogMessages."""
        found = {
            kind: [one for one in self._kept[kind] if one["sequence_id"] > after.get(kind, -1)]
            for kind in kinds
            if kind in self._kept
        }
        data = {kind: rows for kind, rows in found.items() if rows}
        return {**self.types(), "last_sequence_id": self._last, "data": data}

"""What is known of one image of a request of ours."""

from __future__ import annotations

import mimetypes
from typing import Any

from headway.model.events import Activity, AnyEvent


class Image:
    """One job. `unread`: announced paths that nobody has read from yet."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.at = 0.0
        self.prompt = ""
        self.queued = self.started = self.finished = self.over = self.exact = False
        self.done = 0.0
        self.places: list[str] = []
        self.unread: list[str] = []
        self.trouble = ""
        self._doing = ""
        self._bars: dict[str, tuple[float, float, int]] = {}

    def run_of(self, step: str, done: float, total: float) -> int:
        """The number of the bar's run: one more whenever it falls or its total changes."""
        before = self._bars.get(step)
        run = before[2] if before else 0
        if before and (done < before[0] or total != before[1]):
            run += 1
        self._bars[step] = (done, total, run)
        return run

    def does(self, text: str, at: float, observer: str) -> list[AnyEvent]:
        """What it does now, if that is news."""
        if text == self._doing:
            return []
        self._doing = text
        return [Activity(key=self.key, at=at, observer=observer, text=text)]

    def came(self, path: str) -> None:
        """A result; `path` "": it came inside the message, and is nowhere to be read."""
        self.places.append(path)
        if path:
            self.unread.append(path)

    def outputs(self) -> list[dict[str, Any]]:
        """Its results, as meta."""
        return [
            {
                "n": n,
                "name": path.rpartition("/")[2] or "image",
                "media": mimetypes.guess_type(path)[0] or "",
                **({"place": {"path": path}} if path else {}),
            }
            for n, path in enumerate(self.places)
        ]

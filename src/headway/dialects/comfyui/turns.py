"""Whose turn it is on the console: a line names no job, so it is given to one only while
there is exactly one it can be about.

Rule 1: lines belong to the only running job; with none or several, to nobody.
Rule 2: console and queue are heard on two ways. "Prompt executed" ends a turn. When the
    queue shows another job before that line was heard, lines wait; when the line is
    heard before the queue shows the next job, lines wait for that one.
Rule 3: what waits is bounded; at the bound the oldest goes. After `LAG` the queue is
    believed, and what waited belongs to nobody.
"""

from __future__ import annotations

from collections import deque

from headway.dialects.comfyui.logs import Line

LAG = 2.0  # seconds by which the console may lag behind the queue
MOST_HELD = 200  # lines

Held = list[tuple[float, Line]]


class Turns:
    """The state of the console: `owner` is the key of the job that lines are about."""

    def __init__(self) -> None:
        self.owner = ""
        self._next = ""
        self._next_since = 0.0
        self._awaited = False  # a job left, and its last line was not heard yet
        self._closed = ("", 0.0)  # whose turn ended last, and when
        self._held: deque[tuple[float, Line]] = deque(maxlen=MOST_HELD)

    def listing(self, running: list[str], at: float) -> Held:
        """The queue was read; the lines that waited for the job whose turn begins now."""
        alone = running[0] if len(running) == 1 else ""
        if alone == self.owner:
            return []
        if self.owner:
            self.owner, self._awaited = "", True
            self._held.clear()
        if not alone:
            self._next = ""
            return []
        if alone == self._closed[0] and 0.0 <= at - self._closed[1] < LAG:
            return []  # read before its last line was spoken
        if alone != self._next:
            self._next, self._next_since = alone, at
        if self._awaited and 0.0 <= at - self._next_since < LAG:
            return []
        return self._begin(alone)

    def line(self, line: Line, at: float) -> str:
        """The key of the job that the line is about; "" if nobody's, or not known yet."""
        if not self.owner:
            self._held.append((at, line))
        return self.owner

    def executed(self, at: float) -> tuple[str, Held]:
        """A prompt is over: whose it was ("" if not known), and lines for the next one."""
        ended, self.owner = self.owner, ""
        self._held.clear()
        if ended:
            self._closed = (ended, at)
            return ended, []
        if self._awaited and self._next:
            return "", self._begin(self._next)
        self._awaited = False
        return "", []

    def forget(self) -> None:
        """The connection is new: nothing that was heard before counts."""
        self.__init__()  # type: ignore[misc]

    def _begin(self, key: str) -> Held:
        late = self._awaited
        self.owner, self._next, self._awaited = key, "", False
        held = [] if late else list(self._held)
        self._held.clear()
        return held

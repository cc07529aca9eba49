"""What happens in this process, told where everybody can see it.

Rule 1: telling never delays the work: a thread sends, the work goes on.
Rule 2: at the bound (`MOST`) levels are dropped, because the next one says it anew; edges
never are.
Rule 3: whatever keeps it from being told (a full disk, a server that refuses) is said once,
and the work goes on.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol, Self

from headway.errors import HeadwayError
from headway.model.events import EDGES, AnyEvent

MOST = 5_000  # events that wait to be sent, edges left out of count
FAREWELL = 5.0  # seconds to send what waits at the end
PAUSE = 0.1  # seconds in which levels gather; an edge, and a level after a pause, go at once


class Sends(Protocol):
    """A `headway.transport.sender.Sender`, or what stands for it."""

    def send(self, events: Sequence[AnyEvent]) -> object:
        """Send them; returns once they are stored or kept."""
        ...

    def close(self) -> None:
        """Let go of connections and files."""
        ...


class Telling:
    """A context manager; `tell` may be called from any thread. `warn` hears of trouble once."""

    def __init__(self, sender: Sends, *, warn: Callable[[str], object]) -> None:
        self._sender = sender
        self._warn = warn
        self._warned = False
        self._waiting: deque[AnyEvent] = deque()
        self._news = threading.Condition()
        self._urgent = self._over = False
        self._sent_at = float("-inf")
        self._thread = threading.Thread(target=self._send, name="headway-tell", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._news:
            self._over = True
            self._news.notify()
        self._thread.join(FAREWELL)

    def tell(self, events: Sequence[AnyEvent]) -> None:
        """Send these soon, in their order."""
        with self._news:
            room = len(self._waiting) < MOST
            self._waiting.extend(one for one in events if room or type(one) in EDGES)
            quiet = time.monotonic() - self._sent_at >= PAUSE
            if quiet or any(type(one) in EDGES for one in events):
                self._urgent = True
                self._news.notify()

    def _send(self) -> None:
        try:
            while self._wait():
                self._deliver(self._taken())
            self._deliver(self._taken())
        finally:
            self._sender.close()

    def _wait(self) -> bool:
        with self._news:
            self._news.wait_for(lambda: self._urgent or self._over, timeout=PAUSE)
            self._urgent = False
            return not self._over

    def _taken(self) -> list[AnyEvent]:
        with self._news:
            events = list(self._waiting)
            self._waiting.clear()
            if events:
                self._sent_at = time.monotonic()
            return events

    def _deliver(self, events: list[AnyEvent]) -> None:
        try:
            if events:
                self._sender.send(events)
        except HeadwayError as error:
            self._complain(str(error))
        except Exception as error:  # a task root: telling must not end the work
            self._complain(f"{type(error).__name__}: {error}")

    def _complain(self, why: str) -> None:
        if not self._warned:
            self._warned = True
            self._warn(f"others cannot see this: {why}")

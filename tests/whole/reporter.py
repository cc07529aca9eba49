"""A program that reports one edge after the other until its input ends. For the tests.

    python reporter.py sender|store NAME FILE

`sender`: as programs do (`transport`); `store`: straight into the file, as one does that
saw no server. What was acknowledged as stored is appended to FILE, a number a line.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

from headway.errors import HeadwayError
from headway.host import paths
from headway.model.events import AnyEvent, Progress, StepEnded
from headway.store.sqlite import SqliteStore
from headway.transport.sender import Sender

PAUSE = 0.002  # seconds between two edges
AGAIN = 0.05  # seconds until what was not taken is told again

Tell = Callable[[list[AnyEvent]], bool]


def main(how: str, name: str, acknowledged: str) -> None:
    """Report until stdin is closed."""
    tell, over = WAYS[how](), threading.Event()
    threading.Thread(target=_until_closed, args=(over,), daemon=True).start()
    number = 0
    with open(acknowledged, "a", encoding="ascii") as log:
        while not over.is_set():
            at = time.time()
            level = Progress(key=f"{name}~job~", at=at, done=float(number), total=1e9)
            edge = StepEnded(key=f"{name}~job~", at=at, step=str(number))
            if not tell([level, edge]):
                time.sleep(AGAIN)
                continue
            log.write(f"{number}\n")
            log.flush()
            number += 1
            time.sleep(PAUSE)


def _by_sender() -> Tell:
    sender = Sender()

    def tell(events: list[AnyEvent]) -> bool:
        try:
            return sender.send(events) == "stored"
        except HeadwayError:
            return False

    return tell


def _by_store() -> Tell:
    store = SqliteStore.open(paths.store_file(paths.make_private(paths.state_dir())))

    def tell(events: list[AnyEvent]) -> bool:
        try:
            store.append(events)
        except HeadwayError:
            return False
        return True

    return tell


def _until_closed(over: threading.Event) -> None:
    sys.stdin.read()
    over.set()


WAYS: dict[str, Callable[[], Tell]] = {"sender": _by_sender, "store": _by_store}

if __name__ == "__main__":
    main(*sys.argv[1:])

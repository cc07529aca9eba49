"""Being asked to stop, on every system.

Rule 1: the first request asks politely; the second one is the interpreter's own (the
handlers are gone by then), so nobody has to kill a program that hangs.
Rule 2: what was there before is put back.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

ASKED = ("SIGINT", "SIGTERM", "SIGBREAK")  # the last one is Ctrl-Break of Windows


@contextmanager
def stopping(stop: Callable[[], object]) -> Iterator[None]:
    """Call `stop` when the process is asked to end. For the main thread only.

    `stop` runs between two instructions of whatever runs: it should set a flag, or call
    `loop.call_soon_threadsafe`.
    """
    before: dict[int, Any] = {}

    def asked(number: int, frame: FrameType | None) -> None:
        _restore(before)
        stop()

    for name in ASKED:
        number = getattr(signal, name, None)
        if number is not None:
            before[number] = signal.signal(number, asked)
    try:
        yield
    finally:
        _restore(before)


def _restore(before: dict[int, Any]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)

"""The account of one command: a job from its start to its end.

Rule 1: that it runs and how it ended is `reported`, the process itself is the witness; what
    is read from its text is `derived`.
Rule 2: the end is the exit code: 0 succeeded; ended by a signal that asks to stop, or not 0
    soon after one: cancelled; anything else failed, with the last lines.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

from headway import progress
from headway.progress import Job
from headway.run.listening import Listener
from headway.run.privacy import Hide, hiding, title_of
from headway.run.screen import printable
from headway.run.telling import Telling

SOURCE = "run"
LONGEST_COMMAND = 2_000  # characters, where it is kept
STOPS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")


class Account:
    """What is told of one command. Ask for `listener` and `ended` after `started` only."""

    listener: Listener

    def __init__(self, words: Sequence[str], *, name: str, kind: str, keep_args: bool) -> None:
        meta = {"program": title_of(words)}
        if keep_args:
            meta["command"] = printable(" ".join(words))[:LONGEST_COMMAND]
        self._words = words
        self._hide: Hide = (lambda text: text) if keep_args else hiding(words)
        self._job = _job(printable(name) or title_of(words, keep_args=keep_args), kind, meta)

    def not_started(self, error: OSError) -> None:
        """It could not be started."""
        self._job.fail(f"could not be started: {error.strerror}")

    def started(self) -> None:
        """It runs: what it prints is heard from here on."""
        self._telling = Telling(self._job, self._hide)
        self.listener = Listener(self._words, self._telling)

    def ended(self, code: int, *, asked: bool) -> None:
        """It ended so. `asked`: soon after somebody asked it to stop."""
        self.listener.finish()
        if code == 0:
            self._telling.finish()
            self._job.close()
        elif asked or code - 128 in {getattr(signal, name, None) for name in STOPS}:
            self._job.cancel(_why(code))
        else:
            lines = [self._hide(line) for line in self.listener.last_lines]
            self._job.fail(_why(code), detail="\n".join(lines))


def _why(code: int) -> str:
    try:
        return f"ended by {signal.Signals(code - 128).name}" if code > 128 else f"exit code {code}"
    except ValueError:
        return f"exit code {code}"


def _job(title: str, kind: str, meta: dict[str, str]) -> Job:
    source = os.environ.get("HEADWAY_SOURCE") or SOURCE
    return progress.job(title, kind=kind, meta=meta, source=source, basis="derived", show=False)

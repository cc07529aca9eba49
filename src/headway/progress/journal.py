"""The edges of a process that may be killed before its thread has sent them, on disk.

Rule 1: used in workers of multiprocessing alone: a pool ends these with a signal as soon as
it has their results. What it costs, some 20 µs an edge, no loop pays.
Rule 2: an event is written as it is on the wire; `headway.transport.left` finds it.
Rule 3: what was delivered is taken out; one that cannot be written costs nothing but itself.
"""

from __future__ import annotations

import hashlib
import json
import os

from headway.host import paths
from headway.host.process import identity
from headway.progress.voice import Line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LARGEST = 8_388_608  # bytes that are not delivered yet
URL = "HEADWAY_URL"


class Journal:
    """The file of this process, made with the first line. Never raises."""

    def __init__(self) -> None:
        here = identity()
        self._process = here.text
        self._observer = f"{here.host}:{here.pid}"
        url = os.environ.get(URL, "").rstrip("/")
        mark = hashlib.blake2b(url.encode(), digest_size=8).hexdigest()
        self._folder = os.path.join(paths.state_dir(), "outbox")
        self._path = os.path.join(self._folder, f"{mark}.{here.pid}.{here.started}.said")
        self._file = -1
        self._written = 0
        self._useless = False

    def put(self, kind: str, line: Line, at: float, attempt: int, payload: Any) -> None:
        """Write an edge down."""
        if self._useless or self._written > LARGEST:
            return
        basis = line.basis if line.step else "reported"  # as in `telling`
        said = {"key": line.key, "at": at, "observer": self._observer, "basis": basis}
        try:
            event = said | {"attempt": attempt} | _KINDS[kind](self._process, line, payload)
            text = json.dumps(event, default=str).encode() + b"\n"
            os.write(self._opened(), text)
            self._written += len(text)
        except (OSError, ValueError, TypeError, RecursionError):
            self._useless = self._file < 0

    def empty(self) -> None:
        """Everything was delivered."""
        if not self._written:
            return
        try:
            os.ftruncate(self._file, 0)
            self._written = 0
        except OSError:
            self._useless = True

    def close(self) -> None:
        """The process ends as it should, and everything was delivered."""
        if self._file < 0:
            return
        self._useless = True
        try:
            os.close(self._file)
            os.unlink(self._path)
        except OSError:
            return
        finally:
            self._file = -1

    def _opened(self) -> int:
        if self._file < 0:
            paths.make_private(self._folder)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
            self._file = os.open(self._path, flags, 0o600)
        return self._file


def _registered(process: str, line: Line, payload: Any) -> dict[str, Any]:
    ours, theirs = payload
    own = {"title": line.title} if line.title else {}
    return {"kind": "registered", "meta": {**theirs, **ours, **own, "process": process}}


def _ended(_: str, __: Line, payload: Any) -> dict[str, Any]:
    outcome, final, why, evidence, detail = payload[:5]
    words = {"why": str(why)[:4096], "evidence": str(evidence)[:4096]}
    return {
        "kind": "ended",
        "outcome": outcome,
        "final": final,
        "detail": str(detail)[:65_536],
    } | words


_KINDS: dict[str, Callable[[str, Line, Any], dict[str, Any]]] = {
    "registered": _registered,
    "told": lambda _, __, payload: {"kind": "registered", "meta": payload},
    "queued": lambda _, __, ___: {"kind": "queued"},
    "started": lambda _, __, ___: {"kind": "started"},
    "step_started": lambda _, line, payload: {
        "kind": "step_started", "step": line.step, "name": payload[0], "parent": str(payload[1])
    },
    "step_ended": lambda _, line, payload: {
        "kind": "step_ended", "step": line.step, "name": payload[1], "cached": bool(payload[0])
    },
    "ended": _ended,
    "sealed": lambda _, __, payload: {"kind": "sealed", "ids": sorted(payload)},
}  # fmt: skip

"""The server's back ends: an answer of ListBackends as workers.

Rule 1: the answer is a map of ids; its settings hold addresses and passwords and are read for
    one thing only: where a ComfyUI may be reached.
Rule 2: `running` is ready. It becomes "ready" here, so that nobody takes it for work.
Rule 3: `seconds_since_used` that falls proves a claim or a release between two looks.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec

from headway.dialects.comfyui.wire import Skip, mapping, text, whole

MOST_BACKENDS = 64

STATES = {
    "running": "ready",
    "loading": "starting",
    "waiting": "starting",
    "idle": "unreachable",
    "errored": "errored",
    "disabled": "disabled",
}
"""The server's word → ours. Its `loading` is a start, not the loading of a model."""

WORKING = frozenset({"generating", "busy", "processing"})
"""Words of other systems that do mean work; SwarmUI's own has none."""

ROUNDING = 2.0  # seconds
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Backend(msgspec.Struct, frozen=True, kw_only=True):
    """One back end. `used`: seconds since a slot was claimed or released; None: never."""

    id: str
    type: str = ""
    word: str = ""
    title: str = ""
    model: str = ""
    gpu: str = ""
    slots: int | None = None
    used: int | None = None
    address: str = ""

    @property
    def state(self) -> str:
        """What it is, in our words; one that is not in the table stays as it is."""
        return STATES.get(self.word, self.word or "unknown")

    @property
    def is_comfy(self) -> bool:
        """Whether a ComfyUI does its work."""
        return self.type.startswith("comfyui")


def read_backends(value: dict[str, Any]) -> list[Backend] | Skip:
    """The back ends in an answer, the lowest id first."""
    rows = [(name, one) for name, one in value.items() if isinstance(one, dict)]
    if len(rows) < len(value):
        return Skip("backends: not a map of back ends")
    found = [_backend(name, one) for name, one in rows if not name.startswith("-")]
    return sorted(found[:MOST_BACKENDS], key=lambda one: (len(one.id), one.id))


def _backend(name: str, row: dict[str, Any]) -> Backend:
    settings = mapping(row.get("settings"))
    used = whole(row.get("seconds_since_used"))
    never = row.get("time_since_used") == "Never" and not used
    return Backend(
        id=text(name, limit=20),
        type=text(row.get("type"), limit=60),
        word=text(row.get("status"), limit=40).lower(),
        title=text(row.get("title")).strip(),
        model=text(row.get("current_model")),
        gpu=text(settings.get("GPU_ID"), limit=20),
        slots=whole(row.get("max_usages")),
        used=None if never else used,
        address=_address(settings.get("Address")),
    )


def _address(said: Any) -> str:
    """An address without a login; "" for anything else."""
    try:
        parts = urlsplit(text(said, limit=500))
        fine = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
        return parts.geturl().rstrip("/") if fine and parts.port != 0 else ""
    except ValueError:
        return ""


def reachable(backend: Backend, server: str) -> str:
    """Where its ComfyUI can be asked from here; "" if that is not known.

    A loopback address is the server's own: it is one of ours only if the server is here.
    """
    if backend.type != "comfyui_api" or not backend.address:
        return ""
    host = (urlsplit(backend.address).hostname or "").lower()
    there = (urlsplit(server).hostname or "").lower()
    return backend.address if host not in LOOPBACK or there in LOOPBACK else ""


class Uses:
    """Which back ends were used between two looks."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int | None, float]] = {}

    def fell(self, backends: list[Backend], at: float) -> set[str]:
        """The ids of those where a slot was claimed or released since the look before."""
        before, self._seen = self._seen, {one.id: (one.used, at) for one in backends}
        return {
            one.id
            for one in backends
            if one.id in before and one.used is not None and _fell(*before[one.id], one.used, at)
        }

    def forget(self) -> None:
        """The connection is new."""
        self._seen = {}


def _fell(before: int | None, then: float, used: int, now: float) -> bool:
    # Both are whole seconds: an unused one may seem to age up to a second less.
    return before is None or used < before + max(now - then, 0.0) - ROUNDING

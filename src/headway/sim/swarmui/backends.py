"""Back ends, and the slots in which images are made.

Rule 1: `running` means ready, busy or not; nothing in a back end's row says how many of its
    slots are taken.
Rule 2: `seconds_since_used` counts from the last claim or release of a slot, whichever.
Rule 3: several may hold a slot; one at a time computes.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

FEATURES = ["comfyui", "refiners", "controlnet", "endstepsearly", "seamless", "video",
            "variation_seed", "freeu", "yolov8", "comfy_loadimage_b64", "folderslash"]  # fmt: skip


@dataclass(eq=False)
class Backend:
    """One back end. `comfy`: the URL of a ComfyUI that does its work, or "" for none."""

    type: str = "comfyui_selfstart"
    status: str = "running"
    title: str = ""
    over_queue: int = 1
    comfy: str = ""
    model: str | None = None
    id: int = 0
    used_at: float | None = None
    held: int = 0
    computing: asyncio.Lock = field(default_factory=asyncio.Lock)
    #: rows of its ComfyUI's queue, where there is no ComfyUI behind it
    queue: list[list[Any]] = field(default_factory=list)

    @property
    def slots(self) -> int:
        return 1 + self.over_queue

    @property
    def is_comfy(self) -> bool:
        return self.type.startswith("comfyui")

    def touch(self, now: float) -> None:
        self.used_at = now

    def row(self, now: float, *, full: bool) -> dict[str, Any]:
        """Its entry in the answer of ListBackends."""
        seconds = 0 if self.used_at is None else int(now - self.used_at)
        row = {
            "type": self.type,
            "status": self.status,
            "id": self.id,
            "settings": self._settings(),
            "modcount": 0,
            "features": FEATURES if self.status == "running" else [],
            "enabled": self.status != "disabled",
            "title": self.title,
            "max_usages": self.slots,
            "seconds_since_used": seconds,
            "time_since_used": "Never" if self.used_at is None else f"{seconds} seconds ago",
            "can_load_models": True,
        }
        return {**row, "current_model": self.model} if full else row

    def _settings(self) -> dict[str, Any]:
        if self.type == "comfyui_api":
            return {"Address": self.comfy, "AllowIdle": False, "OverQueue": self.over_queue}
        if self.type == "swarmswarmbackend":
            return {"Address": "http://192.168.0.8:7801", "AuthorizationHeader": "Bearer hush"}
        return {"StartScript": "dlbackend/ComfyUI/main.py", "ExtraArgs": "", "GPU_ID": "0",
                "OverQueue": self.over_queue, "AutoRestart": True}  # fmt: skip


class Backends:
    """All of them, in the order of their ids."""

    def __init__(self, backends: list[Backend], *, clock: Callable[[], float]) -> None:
        self.all = dict(enumerate(backends))
        for n, backend in self.all.items():
            backend.id = n
        self._clock = clock

    def free(self) -> Backend | None:
        """A ready one with a slot left, the emptiest first."""
        ready = [one for one in self.all.values() if one.status == "running"]
        open_ones = [one for one in ready if one.held < one.slots]
        return min(open_ones, key=lambda one: (one.held, one.id), default=None)

    def claim(self, backend: Backend) -> None:
        backend.held += 1
        backend.touch(self._clock())

    def release(self, backend: Backend) -> None:
        backend.held -= 1
        backend.touch(self._clock())

    def rows(self, *, full: bool) -> dict[str, Any]:
        return {str(n): one.row(self._clock(), full=full) for n, one in self.all.items()}

    def status(self) -> dict[str, Any]:
        """The word about all of them; one that failed hides all that work."""
        word = self._word()
        level, message = WORDS[word]
        loading = any(one.status in ("loading", "waiting") for one in self.all.values())
        return {"status": word, "class": level, "message": message, "any_loading": loading}

    def _word(self) -> str:
        held = [one.status for one in self.all.values()]
        if not held:
            return "empty"
        if all(one == "disabled" for one in held):
            return "all_disabled"
        if "errored" in held:
            return "errored"
        loading = any(one in ("loading", "waiting") for one in held)
        if "running" in held:
            return "some_loading" if loading else "running"
        if loading:
            return "loading"
        return "disabled" if "disabled" in held else "idle"


WORDS = {
    "running": ("", ""),
    "some_loading": ("warn", "Some backends are ready, but others are still loading..."),
    "loading": ("soft", "Backends are still loading on the server..."),
    "errored": (
        "error",
        "Some backends have errored on the server. Check the server logs for details.",
    ),
    "disabled": (
        "warn",
        "Some backends are disabled. Please enable or configure them to continue.",
    ),
    "idle": (
        "warn",
        "All backends are idle. Cannot generate until at least one backend is running.",
    ),
    "all_disabled": (
        "error",
        "All backends are disabled. You must enable backends in the Backends section of the "
        "Server tab before you can continue.",
    ),
    "empty": (
        "error",
        "No backends present. You must configure backends in the Backends section of the "
        "Server tab before you can continue.",
    ),
}

"""Who the server is: /system_stats.

Rule 1: a server is a ComfyUI if it says so in its own words; nothing else is believed.
Rule 2: what it can do is asked by its version, and where it has none, by trying.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from headway.dialects.comfyui.desk import Desk
from headway.dialects.comfyui.wire import Skip, decode, listed, mapping, text, whole
from headway.model.events import Reading, Registered
from headway.model.keys import join

LARGEST_STATS = 256 * 1024  # bytes
MOST_DEVICES = 16
JOBS_API = (0, 6, 0)  # the first version with /api/jobs
OLDEST = (0, 3, 45)  # the oldest version whose messages we read

_NUMBERS = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")


class Server(msgspec.Struct, frozen=True):
    """A ComfyUI. `version` "" : it does not say."""

    version: str = ""
    devices: list[dict[str, Any]] = []

    @property
    def numbers(self) -> tuple[int, ...] | None:
        """Its version as numbers; None if it is not one."""
        found = _NUMBERS.match(self.version)
        return tuple(int(part or 0) for part in found.groups()) if found else None

    @property
    def has_jobs_api(self) -> bool | None:
        """Whether it has /api/jobs; None: try."""
        return None if self.numbers is None else self.numbers >= JOBS_API

    def tell_devices(self, desk: Desk, at: float) -> None:
        """Its devices as workers."""
        for n, device in enumerate(self.devices[:MOST_DEVICES]):
            kind = text(device.get("type"), limit=20) or "device"
            key = join(desk.source, f"{kind}{n}")
            title = text(device.get("name")) or kind
            desk.say(Registered, key, at, meta={"title": title})
            for field in ("vram_total", "vram_free"):
                size = whole(device.get(field))
                if size is not None and size >= 0 and desk.changed(f"{key} {field}", size):
                    desk.say(Reading, key, at, field=field, value=size)


def read_stats(body: bytes) -> Server | Skip:
    """The server by its answer of /system_stats; a Skip if that is no ComfyUI."""
    value = decode(body, limit=LARGEST_STATS)
    if isinstance(value, Skip):
        return value
    system = mapping(mapping(value).get("system"))
    devices = mapping(value).get("devices")
    if not isinstance(devices, list) or not (
        "comfyui_version" in system or "python_version" in system
    ):
        return Skip("not the stats of a ComfyUI")
    found = [one for one in listed(devices) if isinstance(one, dict)]
    return Server(text(system.get("comfyui_version"), limit=40), found)

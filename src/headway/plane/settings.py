"""Settings of the plane."""

from __future__ import annotations

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the plane keeps and looks.

    keep_days        days that finished jobs are kept
    keep_bytes       bytes that the store may take
    flush_after      seconds until a level that came with no edge is on disk
    look_outside     seconds between looks at what other processes wrote
    discover         whether to look for local back ends that are not configured
    """

    keep_days: float = 90.0
    keep_bytes: int = 2_000_000_000
    flush_after: float = 1.0
    look_outside: float = 0.5
    discover: bool = True

"""Where all meet: catch up, write, supervise, timers, forecasts.

    async with Plane(store, sources=[…]) as plane:
        await plane.report(events)                   # the one door
        recovered, cursor, changes, mailbox = await plane.open(None)

Rule 1: one door. Every fact goes through `report`: admitted, stored, then shown.
Rule 2: one writer. The store is touched by one thread at a time; while a commit is
under way the next batch gathers (at most `writer.GATHERED` events; then `report` waits).
Rule 3: all reconnecting, with back-off and jitter, is here (`supervise`) and nowhere else.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headway.plane.plane import Plane
    from headway.plane.settings import Settings

__all__ = ["Plane", "Settings"]
_HOMES = {"Plane": "headway.plane.plane", "Settings": "headway.plane.settings"}


def __getattr__(name: str) -> Any:
    # `status` without a server asks this room who died, and must not load all of it.
    if name not in _HOMES:
        raise AttributeError(f"module 'headway.plane' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)

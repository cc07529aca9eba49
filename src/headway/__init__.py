"""Headway: one live status plane for generative-media work.

The package is lazy: importing it loads nothing but this file, so that nobody pays for a
room that is not used.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing `typing` would cost the fast commands a fifth of their time
if TYPE_CHECKING:
    from typing import Any

_HOMES = {
    "Client": "headway.client",
    "Event": "headway.model.events",
    "HeadwayError": "headway.errors",
    "JobKey": "headway.model.keys",
    "ProgressManager": "headway.progress.tasks",
    "StatusMonitor": "headway.monitor",
    "__version__": "headway.version",
    "diffusers_callback": "headway.progress.foreign",
    "group": "headway.progress",
    "job": "headway.progress",
    "retrying": "headway.progress",
    "track": "headway.progress",
    "watch_tqdm": "headway.progress.foreign",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'headway' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__

"""How hard the properties are tried: `HEADWAY_PROPERTIES=nightly` for ten thousand each.

Rule 1: a change is never turned down by luck: in CI the examples are the same each time.
The nightly run draws new ones.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

SLOW = [HealthCheck.too_slow]  # a shared core may take its time

settings.register_profile(
    "ci", max_examples=500, derandomize=True, deadline=None, suppress_health_check=SLOW
)
settings.register_profile("nightly", max_examples=10_000, deadline=None, suppress_health_check=SLOW)
settings.load_profile(os.environ.get("HEADWAY_PROPERTIES") or "ci")

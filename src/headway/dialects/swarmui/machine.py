"""The machine: an answer of GetServerResourceInfo.

Rule 1: a GPU's use is that of all its programs, and so proves no generation.
"""

from __future__ import annotations

from typing import Any

from headway.dialects.comfyui.wire import mapping, number, text

MOST_GPUS = 16

FIELDS = {
    "total_memory": "vram_total",
    "free_memory": "vram_free",
    "utilization_gpu": "gpu_use",
    "temperature": "gpu_temperature",
}
"""The server's name → ours. Bytes, percent, degrees Celsius."""


def read_gpus(value: dict[str, Any]) -> dict[str, tuple[str, dict[str, float]]]:
    """GPU number → (its name, its readings)."""
    found: dict[str, tuple[str, dict[str, float]]] = {}
    for name, raw in list(mapping(value.get("gpus")).items())[:MOST_GPUS]:
        row = mapping(raw)
        said = {ours: number(row.get(theirs)) for theirs, ours in FIELDS.items()}
        readings = {field: one for field, one in said.items() if one is not None}
        found[text(name, limit=20)] = text(row.get("name")), readings
    return found

"""What is asked for: SwarmUI's parameters from plain words, and what a job says of them.

Rule 1: LoRAs go out as two lists of the same length; SwarmUI refuses a map.
Rule 2: the back end's own frames are always asked for: they alone hold exact steps.
Rule 3: same signature, same expected time: everything but the texts, the seed and how many.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from headway.dialects.comfyui.wire import number, text, whole
from headway.errors import UsageError

MOST_IMAGES = 10_000
RAW = "forwardrawbackenddata"
_TEXTS = frozenset({"prompt", "negativeprompt", "seed", "images", "session_id", RAW})
_SIZES = frozenset({"width", "height", "steps"})


def request(
    *,
    prompt: str,
    images: int = 1,
    negative: str = "",
    model: str = "",
    loras: Mapping[str, float] | None = None,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The body of a request. `more`: further parameters under SwarmUI's own names."""
    body: dict[str, Any] = {"prompt": prompt, "images": images, "negativeprompt": negative}
    if model:
        body["model"] = model
    if loras:
        body["loras"] = list(loras)
        body["loraweights"] = [f"{weight:g}" for weight in loras.values()]
    return {**body, **(more or {})}


def images_of(body: Mapping[str, Any]) -> int:
    """How many images a body asks for. Raises: UsageError for a number that is none."""
    found = whole(body.get("images"))
    if found is None or not 1 <= found <= MOST_IMAGES:
        raise UsageError(f"not a number of images: {body.get('images')!r}", "from 1 on")
    return found


def batch_of(body: Mapping[str, Any]) -> int:
    """How many results each image has (SwarmUI's `batchsize`)."""
    return max(whole(body.get("batchsize")) or 1, 1)


def steps_of(body: Mapping[str, Any]) -> int | None:
    """The sampling steps that a body asks for."""
    found = whole(body.get("steps"))
    return found if found is not None and found > 0 else None


def facts(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a job's meta says of its request: never a text of it."""
    sizes = {name: whole(body.get(name)) for name in ("width", "height")}
    said: dict[str, Any] = {
        "job_kind": "image",
        "model": text(body.get("model")).rpartition("/")[2],
        **sizes,
        "sampling_steps": steps_of(body),
        "batch": batch_of(body),
        "signature": _digest(body, without=_TEXTS),
        "family": _digest(body, without=_TEXTS | _SIZES),
        "work": _work(body, sizes),
    }
    return {name: value for name, value in said.items() if value not in (None, "")}


def _work(body: Mapping[str, Any], sizes: Mapping[str, int | None]) -> float | None:
    width, height, steps = sizes["width"], sizes["height"], steps_of(body)
    if not (width and height and steps):
        return None
    return number(float(width * height * steps * batch_of(body)))


def _digest(body: Mapping[str, Any], *, without: frozenset[str]) -> str:
    kept = {name: value for name, value in sorted(body.items()) if name not in without}
    data = msgspec.json.encode(kept, order="deterministic")
    return hashlib.blake2b(data, digest_size=8).hexdigest()

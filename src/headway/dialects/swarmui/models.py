"""Models: answers of ListModels and ListLoadedModels.

Rule 1: there is no "type" and no "version" of a model here; what is not said is not made up.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headway.dialects.comfyui.wire import Skip, listed, text

MOST_MODELS = 20_000
SUFFIX = ".safetensors"


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One model. `here` False: it lies on another machine; `loaded` None: not said."""

    name: str
    title: str = ""
    architecture: str = ""
    resolution: str = ""
    loaded: bool | None = None
    here: bool | None = None


def read_models(value: dict[str, Any]) -> list[Listed] | Skip:
    """The models in an answer of either call, in the order of the server."""
    rows = value.get("files", value.get("models"))
    if not isinstance(rows, list):
        return Skip("models: no list")
    return [_model(one) for one in listed(rows)[:MOST_MODELS] if _named(one)]


def _named(row: Any) -> bool:
    return isinstance(row, dict) and bool(text(row.get("name"), limit=400))


def _model(row: dict[str, Any]) -> Listed:
    loaded, here = row.get("loaded"), row.get("local")
    return Listed(
        name=text(row.get("name"), limit=400),
        title=text(row.get("title")),
        architecture=text(row.get("architecture")),
        resolution=text(row.get("resolution"), limit=40),
        loaded=loaded if isinstance(loaded, bool) else None,
        here=here if isinstance(here, bool) else None,
    )

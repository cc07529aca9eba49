"""Messages of a SwarmUI, as its source code (062407c7, August 2026) and ComfyUI's make them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
STATUSES: dict[str, int] = json.loads((FOLDER / "statuses.json").read_text(encoding="utf-8"))


def payload(name: str) -> Any:
    """The payload of that name, without its ending."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def body(name: str) -> bytes:
    """The payload as it comes."""
    return (FOLDER / f"{name}.json").read_bytes()


def heard(name: str) -> list[str]:
    """What the server says in a sequence of GenerateText2ImageWS, frame by frame."""
    steps = payload(f"GenerateText2ImageWS.{name}.sequence")
    return [json.dumps(one["msg"]) for one in steps if one["dir"] == "s2c" and "msg" in one]


def asked(name: str) -> dict[str, Any]:
    """The first request of a sequence."""
    steps = payload(f"GenerateText2ImageWS.{name}.sequence")
    return next(dict(one["msg"]) for one in steps if one["dir"] == "c2s")

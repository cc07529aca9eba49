"""Foreign bytes to values that can be trusted to be what they are called.

Rule 1: nothing here raises for what the outside sent: it returns a `Skip` that says why.
Rule 2: text that leaves here can be encoded again (no lone surrogates) and is bounded.
Rule 3: numbers that leave here are finite. Python's json writes NaN, so it is read too,
    and only the field that holds it is lost.
"""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

import msgspec

LARGEST_FRAME = 8 * 1024 * 1024  # bytes; a real progress_state has tens of kilobytes
LONGEST_ID = 65_536  # characters
LONGEST_NAME = 200  # characters of a class, a model or a file name

LARGEST_META = 14_000  # bytes of one registration; the model takes 16 KiB

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Skip(NamedTuple):
    """Something that could not be read, and why; never holds what was in it."""

    reason: str


def decode(data: bytes | str, *, limit: int = LARGEST_FRAME) -> Any:
    """The JSON value, or a Skip."""
    if len(data) > limit:
        return Skip("too large")
    try:
        return _decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _patiently(data)


def _patiently(data: bytes | str) -> Any:
    try:
        return json.loads(data if isinstance(data, str) else data.decode("utf-8"))
    except UnicodeDecodeError:
        return Skip("not UTF-8")
    except (ValueError, RecursionError):
        return Skip("not JSON")


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """The value if it is an array, else an empty one."""
    return value if isinstance(value, list) else []


def number(value: Any) -> float | None:
    """A finite number; None for anything else, true and false included."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def whole(value: Any) -> int | None:
    """A whole number of a believable size; None for anything else."""
    found = number(value)
    return int(found) if found is not None and found == int(found) and abs(found) < 2**53 else None


def text(value: Any, *, limit: int = LONGEST_NAME) -> str:
    """Clean, bounded text; "" for anything that is not text."""
    if not isinstance(value, str):
        return ""
    if value.isascii() and "\x00" not in value:
        return value[:limit]
    return value[:limit].encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


def size(value: Any) -> int:
    """Bytes of the value when encoded; only for values of ours."""
    return len(_encode(value))


def ident(value: Any) -> str | None:
    """An id: text, or a whole number as text; None where there is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 2**63 else None
    if not isinstance(value, str) or not value or len(value) > LONGEST_ID:
        return None
    return text(value, limit=LONGEST_ID) or None


def short(value: Any) -> str:
    """A few characters of a foreign word, for a reason of skipping."""
    kept = "".join(one for one in text(value, limit=40) if one.isalnum() or one in "_-. ")
    return kept or type(value).__name__

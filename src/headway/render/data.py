"""Plain data as JSON, JSON lines or YAML text.

Rule 1: data is what JSON can say: dict with text keys, list, text, number, bool, None.
Rule 2: YAML is written in the part of it that every reader agrees on: block style, text
quoted as in JSON wherever it could be read as anything else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

_PLAIN_FIRST = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/")
_PLAIN = _PLAIN_FIRST | frozenset("0123456789_-. ")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def as_json(data: Any) -> str:
    """For people and jq: indented, UTF-8."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def as_jsonl(data: Any) -> str:
    """On one line."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False) + "\n"


def as_yaml(data: Any) -> str:
    """The data in block style."""
    return "".join(f"{line}\n" for line in _block(data))


FORMATS: dict[str, Callable[[Any], str]] = {"json": as_json, "jsonl": as_jsonl, "yaml": as_yaml}


def _block(data: Any) -> Iterator[str]:
    if isinstance(data, dict) and data:
        for name, value in data.items():
            yield from _entry(f"{_scalar(str(name))}:", value)
    elif isinstance(data, list) and data:
        for value in data:
            yield from _item(value)
    else:
        yield _scalar(data)


def _entry(head: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield head
        yield from (f"  {line}" for line in _block(value))
    else:
        yield f"{head} {_scalar(value)}"


def _item(value: Any) -> Iterator[str]:
    first = "- "
    for line in _block(value):
        yield first + line
        first = "  "


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return value if _is_plain(value) else json.dumps(value)
    if isinstance(value, dict | list):
        return "{}" if isinstance(value, dict) else "[]"
    return json.dumps(value)


def _is_plain(text: str) -> bool:
    return bool(
        text
        and text[0] in _PLAIN_FIRST
        and text[-1] != " "
        and text.lower() not in _WORDS
        and all(one in _PLAIN for one in text)
    )

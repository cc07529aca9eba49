"""What a ComfyUI says of a graph that it does not take, for the one who sent it.

Rule 1: a value that is not in a list is told with the names nearest to it.
Rule 2: only the first few complaints are told; a graph has as many as nodes.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from headway.dialects.comfyui.wire import Skip, decode, listed, mapping, text

NEAREST = 5  # names
MOST = 5  # complaints
LONGEST = 300  # characters of one

Refusal = tuple[str, str]


def read_refusal(body: bytes) -> Refusal:
    """(what is wrong, what could help) of the answer to a refused submission."""
    value = decode(body)
    if isinstance(value, Skip):
        return "it refused the workflow without saying why", ""
    answer = mapping(value)
    complaints = [
        _complaint(node, mapping(found), mapping(error))
        for node, found in mapping(answer.get("node_errors")).items()
        for error in listed(mapping(found).get("errors"))
    ]
    error = mapping(answer.get("error"))
    whole = " ".join(
        part for name in ("message", "details") if (part := text(error.get(name), limit=LONGEST))
    )
    told = [message for message, _ in complaints[:MOST]]
    hints = list(dict.fromkeys(hint for _, hint in complaints if hint))
    return "; ".join(told) or whole or "it refused the workflow", "; ".join(hints[:MOST])


def choices(body: bytes, kind: str, name: str) -> list[str] | None:
    """What the input `name` of the class `kind` may be, by an answer of /object_info.

    None: the class, or the input, is not there, or is no list.
    """
    value = decode(body, limit=64 * 1024 * 1024)
    wanted = mapping(mapping(mapping(value).get(kind)).get("input"))
    for part in ("required", "optional"):
        entry = listed(mapping(wanted.get(part)).get(name))
        if not entry:
            continue
        # ["a", "b"] as the first element, or the word COMBO and {"options": [...]} behind it
        found = entry[0] if isinstance(entry[0], list) else None
        if found is None and entry[0] == "COMBO" and len(entry) > 1:
            found = mapping(entry[1]).get("options")
        if isinstance(found, list):
            return [one for one in found if isinstance(one, str)]
    return None


def nearest(name: str, known: list[str]) -> list[str]:
    """The names most like that one, at most five, the nearest first."""
    plain = {one: _plain(one) for one in known}
    holding = [one for one in known if _plain(name) and _plain(name) in plain[one]]
    close = get_close_matches(_plain(name), list(plain.values()), NEAREST, 0.3)
    alike = [one for near in close for one in known if plain[one] == near]
    return list(dict.fromkeys([*holding, *alike]))[:NEAREST]


def _complaint(node: str, found: dict[str, Any], error: dict[str, Any]) -> Refusal:
    where = f"{text(found.get('class_type'))} {node}".strip()
    extra = mapping(error.get("extra_info"))
    given, wanted = extra.get("received_value"), extra.get("input_name")
    known = listed(extra.get("input_config"))
    options = known[0] if known and isinstance(known[0], list) else []
    if options and isinstance(given, str) and isinstance(wanted, str):
        near = nearest(given, [one for one in options if isinstance(one, str)])
        hint = f"nearest for {wanted}: {', '.join(near)}" if near else ""
        return f"{where}: no {wanted} {given[:80]!r}", hint
    said = text(error.get("message"), limit=LONGEST)
    details = text(error.get("details"), limit=LONGEST)
    return f"{where}: {said} ({details})" if details else f"{where}: {said}", ""


def _plain(name: str) -> str:
    return "".join(one for one in name.casefold() if one.isalnum())

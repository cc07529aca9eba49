"""The mirror extensions that were installed on this machine, and their tokens.

Rule 1: one file in the state directory, readable by its user alone, replaced at once.
Rule 2: a mirror is known by its public id; the token is never shown, logged or put in a URL.
Rule 3: a file that cannot be read is an empty one: installing again writes it anew.
"""

from __future__ import annotations

import json
import os
from typing import NamedTuple

from headway.host.paths import state_dir, write_private

FILE = "mirrors.json"
LARGEST = 1_000_000  # bytes; a larger one is not ours


class Mirror(NamedTuple):
    """One installed mirror. `directory`: the ComfyUI it was installed into."""

    id: str
    directory: str
    token: str

    def __repr__(self) -> str:
        return f"Mirror(id={self.id!r}, directory={self.directory!r})"  # never the token


def known(directory: str = "") -> list[Mirror]:
    """Every mirror that is known in that state directory ("": this user's)."""
    try:
        with open(_file(directory), encoding="utf-8") as file:
            said = json.loads(file.read(LARGEST))
    except (OSError, ValueError):
        return []
    rows = said.get("mirrors") if isinstance(said, dict) else None
    found = [_mirror(row) for row in rows] if isinstance(rows, list) else []
    return [one for one in found if one is not None]


def token_of(wanted: str, directory: str = "") -> str:
    """The token of the mirror with that public id; "" if it is not known."""
    return next((one.token for one in known(directory) if one.id == wanted), "")


def remember(mirror: Mirror, directory: str = "") -> None:
    """Know this one, in place of what was known of its ComfyUI."""
    others = [one for one in known(directory) if one.directory != mirror.directory]
    _write([*others, mirror], directory)


def forget(where: str, directory: str = "") -> None:
    """Know no mirror of that ComfyUI any more."""
    before = known(directory)
    left = [one for one in before if one.directory != where]
    if left != before:
        _write(left, directory)


def _file(directory: str) -> str:
    return os.path.join(directory or state_dir(), FILE)


def _write(mirrors: list[Mirror], directory: str) -> None:
    write_private(_file(directory), json.dumps({"mirrors": [one._asdict() for one in mirrors]}))


def _mirror(row: object) -> Mirror | None:
    if not isinstance(row, dict):
        return None
    values = [row.get(name) for name in Mirror._fields]
    return Mirror(*map(str, values)) if all(isinstance(one, str) for one in values) else None

"""What a pipeline has made so far, beside what it made: so that it can go on.

Rule 1: an asset is made if its file is there, is the one that was made, and would be asked
for in the same words again; anything else is made (again).
Rule 2: a file that no run of this pipeline made is never overwritten.
Rule 3: a manifest that cannot be read is an error that names it; nothing is guessed from it.
Rule 4: it holds digests and names, never a prompt.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, Literal

import msgspec

from headway.errors import StoreError

NAME = ".headway-pipeline.json"
LARGEST = 64 * 2**20  # bytes of a manifest

State = Literal["made", "changed", "absent", "foreign"]


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """One asset: `file` relative to the directory, digests of the words and of the bytes."""

    file: str
    words: str
    content: str


class Manifest(msgspec.Struct, kw_only=True):
    """`base_seed`: drawn once where nobody gave one, so that going on makes the same."""

    version: Literal[1] = 1
    base_seed: int | None = None
    made: dict[str, Made] = {}


def read(directory: Path) -> Manifest:
    """The manifest of that directory, empty if there is none. Raises: StoreError."""
    path = directory / NAME
    try:
        if path.stat().st_size > LARGEST:
            raise StoreError(f"{path} is too large for a manifest")
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return Manifest()
    except msgspec.MsgspecError as error:
        hint = "move it away, and everything is made again"
        raise StoreError(f"{path} cannot be read: {error}", hint) from error
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error


def write(directory: Path, manifest: Manifest) -> None:
    """Put it there, whole or not at all. Raises: StoreError."""
    path = directory / NAME
    partial = path.with_name(f"{NAME}.{os.getpid()}.part")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        partial.replace(path)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from error


def state_of(directory: Path, path: str, words: str, manifest: Manifest) -> State:
    """What is there of the asset with that path, asked for in those words."""
    known = manifest.made.get(path)
    file = directory / (known.file if known else path)
    if not os.path.lexists(file):
        return "absent"
    if known is None or content_of(file) != known.content:
        return "foreign"
    return "made" if known.words == words else "changed"


def words_of(asked: Any) -> str:
    """A digest of what is asked for."""
    data = msgspec.json.encode(asked, order="deterministic")
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def content_of(file: Path) -> str:
    """A digest of a file's bytes; "" if it cannot be read."""
    try:
        with file.open("rb") as bytes_of:
            return hashlib.file_digest(
                bytes_of, lambda: hashlib.blake2b(digest_size=16)
            ).hexdigest()
    except OSError:
        return ""

"""The files that came of a submission, saved under names that somebody chose.

Rule 1: a file is there whole or not at all: it is written beside its place and renamed.
Rule 2: nothing that is there already is overwritten, unless the caller says so for that path.
Rule 3: at most `LARGEST` bytes of one file; a back end that never ends fills no disk.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from headway.actions.contract import Actor
from headway.errors import StoreError
from headway.generate.naming import filled, free, inside
from headway.sources.contract import Artefact

LARGEST = 16 * 2**30  # bytes
TEMPLATE = "{original}.{ext}"


async def save_all(
    actor: Actor,
    outputs: Sequence[Mapping[str, Any]],
    directory: Path,
    *,
    template: str,
    values: Callable[[Mapping[str, Any]], Mapping[str, object]],
    first: int,
    at: float,
) -> list[Path]:
    """Save each output; where they are. `first` is the index of the first one.

    `values` says of an output what a name may say; see `naming.FIELDS`. Raises: SourceLost,
    UsageError; StoreError if the disk does not take it.
    """
    saved = []
    for n, one in enumerate(outputs):
        known = {**values(one), **_named(str(one.get("name", "")))}
        path = inside(directory, filled(template, known, index=first + n, at=at))
        saved.append(await save(actor, one, path))
    return saved


async def save(
    actor: Actor, output: Mapping[str, Any], path: Path, *, overwrite: bool = False
) -> Path:
    """Save one output there, or beside it if there is something. Raises: as `save_all`."""
    found = await actor.artefact(dict(output.get("place") or {}))
    try:
        return await _write(found, path, overwrite=overwrite)
    except OSError as error:
        hint = "is there room, and may you write there?"
        raise StoreError(f"cannot save {path}: {error.strerror or error}", hint) from error
    finally:
        await found.close()


async def _write(found: Artefact, path: Path, *, overwrite: bool) -> Path:
    if found.status != 200:
        raise StoreError(f"the back end does not give {path.name}: {found.status}")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            size = 0
            async for piece in found.body:
                size += len(piece)
                if size > LARGEST:
                    raise StoreError(f"{path.name} is larger than {LARGEST} bytes")
                await asyncio.to_thread(file.write, piece)
        return _place(partial, path, overwrite=overwrite)
    finally:
        partial.unlink(missing_ok=True)


def _place(partial: Path, path: Path, *, overwrite: bool) -> Path:
    if overwrite:
        return partial.replace(path)
    while True:
        # Reserving the name first: two that save at once never take the same one.
        found = free(path)
        try:
            os.close(os.open(found, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            continue
        return partial.replace(found)


def _named(name: str) -> dict[str, str]:
    stem, dot, ending = name.rpartition(".")
    return {"original": stem, "ext": ending} if dot else {"original": name, "ext": "bin"}

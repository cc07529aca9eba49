"""An image that a SwarmUI made, passed on as it comes.

Rule 1: a place is a path below the server's own View or Output folder; nothing that leads
    elsewhere is even asked for.
Rule 2: paths come with blanks and other signs as they are, and go out encoded.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from headway.errors import UsageError
from headway.sources.comfyui_artefact import file_at
from headway.sources.contract import Artefact
from headway.sources.swarmui_call import client_of

FOLDERS = ("View/", "Output/")
LONGEST = 1_000  # characters


async def artefact_of(
    url: str, place: dict[str, Any], *, token: str = "", wanted: str | None = None
) -> Artefact:
    """The file at that place, or the `wanted` range of it. Raises: UsageError, SourceLost."""
    path = path_of(place)
    return await file_at(f"{url}/{path}", client=client_of(token), wanted=wanted)


def path_of(place: dict[str, Any]) -> str:
    """The path for a place, encoded. Raises: UsageError if it names no file of the server's."""
    path = place.get("path")
    fine = (
        isinstance(path, str)
        and len(path) <= LONGEST
        and path.startswith(FOLDERS)
        and not set(path) & set("\\\0")
        and all(part not in ("", ".", "..") for part in path.split("/"))
    )
    if not fine:
        raise UsageError(f"not a place of an output: {str(place)[:200]!r}")
    return quote(str(path), safe="/")

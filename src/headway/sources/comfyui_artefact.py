"""A file that a ComfyUI made, passed on as it comes.

Rule 1: the three parts of a place go out as query values and name one file below the
    server's own folders: nothing that leads elsewhere is even asked for.
Rule 2: bytes are passed on piece by piece; nothing is kept.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
from yarl import URL

from headway.errors import UsageError
from headway.sources.contract import Artefact
from headway.sources.http import lost_by, session, stopped

FOLDERS = frozenset({"output", "temp", "input"})
LONGEST = 1_024  # characters
PASSED_ON = ("Content-Type", "Content-Length", "Content-Range", "Accept-Ranges", "ETag",
             "Last-Modified")  # fmt: skip
SILENCE = 30.0  # seconds between two pieces

_RANGE = re.compile(r"bytes=\d*-\d*\Z")


async def artefact_of(url: str, place: dict[str, Any], *, wanted: str | None = None) -> Artefact:
    """The file at that place, or the `wanted` range of it. Raises: UsageError, SourceLost."""
    query = query_of(place)
    return await file_at(f"{url}/view", client=session(), query=query, wanted=wanted)


async def file_at(
    url: str,
    *,
    client: aiohttp.ClientSession,
    query: dict[str, str] | None = None,
    wanted: str | None = None,
) -> Artefact:
    """The file at that URL, or a range of it; the client is closed with it. Raises: SourceLost."""
    headers = {"Accept-Encoding": "identity"}
    if wanted is not None and _RANGE.match(wanted) and wanted != "bytes=-":
        headers["Range"] = wanted
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=5.0, sock_read=SILENCE)
    try:
        response = await client.get(
            URL(url, encoded=True),
            params=query,
            headers=headers,
            allow_redirects=False,
            timeout=timeout,
        )
    except BaseException as error:
        await client.close()
        if isinstance(error, TimeoutError | asyncio.TimeoutError):
            raise stopped(url) from error
        if isinstance(error, aiohttp.ClientError | ssl.SSLError | OSError):
            raise lost_by(error, url) from error
        raise
    passed = {name: response.headers[name] for name in PASSED_ON if name in response.headers}

    async def close() -> None:
        response.close()
        await client.close()

    body = _pieces(response, url, close)
    return Artefact(status=response.status, headers=passed, body=body, close=close)


def query_of(place: dict[str, Any]) -> dict[str, str]:
    """The query for a place. Raises: UsageError if it names no file below a folder."""
    name, below = place.get("filename"), place.get("subfolder", "")
    folder = place.get("type", "output")
    if not _is_name(name) or not _is_below(below) or folder not in FOLDERS:
        raise UsageError(f"not a place of an output: {str(place)[:200]!r}")
    return {"filename": str(name), "subfolder": str(below), "type": str(folder)}


def _is_name(value: Any) -> bool:
    return _is_text(value) and value not in ("", ".", "..") and not set(value) & set("/\\:\0")


def _is_below(value: Any) -> bool:
    if not _is_text(value) or set(value) & set(":\0"):
        return False
    parts = value.replace("\\", "/").split("/")
    return value == "" or all(part not in ("", ".", "..") for part in parts)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST


async def _pieces(
    response: aiohttp.ClientResponse, url: str, close: Callable[[], Awaitable[None]]
) -> AsyncIterator[bytes]:
    try:
        async for piece in response.content.iter_chunked(65_536):
            yield piece
    except TimeoutError as error:
        raise stopped(url) from error
    except (aiohttp.ClientError, OSError) as error:
        raise lost_by(error, url) from error
    finally:
        await close()

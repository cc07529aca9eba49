"""Files that a job names, fetched from its source when they are asked for.

Rule 1: only what the job itself names is fetched: the place comes from the job's own
facts, never from the request.
Rule 2: a foreign file never runs in our origin: what is not a picture, a film, sound or
plain text is a download, and all of it is sandboxed.
Rule 3: a file's name is data: it is percent-encoded before it stands in a header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from aiohttp import web

from headway.model.views import JobView
from headway.server.answers import declined
from headway.server.door import door_of
from headway.server.views import job_named
from headway.sources.contract import Artefact
from headway.talk.problems import problem

SHOWN = re.compile(
    r"(?:image/(?:png|jpeg|webp|gif|avif|bmp|apng)|video/[a-z0-9.+-]+|audio/[a-z0-9.+-]+|text/plain)\Z"
).match
DOWNLOAD = "application/octet-stream"
SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; media-src 'self'; img-src 'self'"
PASSED = ("Content-Length", "Content-Range", "Accept-Ranges", "Last-Modified")
RANGE = re.compile(r"bytes=[0-9]*-[0-9]*\Z").match


async def output(request: web.Request) -> web.StreamResponse:
    """One file of a job, whole or the asked range of it."""
    view = await job_named(request)
    assert isinstance(view, JobView)
    one = await _named(request, view)
    source = door_of(request).plane.source(view.source)
    if source is None:
        raise declined(
            problem("source-unreachable", "its source is not watched", value=view.source)
        )
    found = await source.artefact(one.get("place") or {}, range=_range(request))
    try:
        return await _pass_on(request, found, str(one.get("name", "")))
    finally:
        await found.close()


async def _pass_on(request: web.Request, found: Artefact, name: str) -> web.StreamResponse:
    response = web.StreamResponse(status=found.status)
    response.headers.update(_headers(found.headers, name))
    await response.prepare(request)
    if request.method != "HEAD":
        async for part in found.body:
            await response.write(part)
    await response.write_eof()
    return response


async def _named(request: web.Request, view: JobView) -> dict[str, Any]:
    number = request.match_info["n"]
    meta: dict[str, Any] = await door_of(request).plane.read("meta", view.key)
    listed = meta.get("outputs")
    if not isinstance(listed, list) or int(number) >= len(listed):
        raise declined(problem("not-found", "the job names no such file", value=number))
    one = listed[int(number)]
    return one if isinstance(one, dict) else {}


def _range(request: web.Request) -> str | None:
    asked = request.headers.get("Range")
    if asked is None:
        return None
    if not RANGE(asked):
        raise declined(problem("range-refused", "one range of bytes can be asked", value=asked))
    return asked


def _headers(given: Mapping[str, str], name: str) -> dict[str, str]:
    known = {key.lower(): str(value) for key, value in given.items()}
    media = known.get("content-type", "").partition(";")[0].strip().lower()
    shown = bool(SHOWN(media))
    headers = {key: known[key.lower()] for key in PASSED if key.lower() in known}
    manner = "inline" if shown else "attachment"
    return {
        key: value for key, value in headers.items() if value.isascii() and value.isprintable()
    } | {
        "Content-Type": media if shown else DOWNLOAD,
        "Content-Disposition": f"{manner}; filename*=UTF-8''{quote(_base(name), safe='')}",
        "Content-Security-Policy": SANDBOX,
        "Cache-Control": "private, max-age=3600",
    }


def _base(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2][:200].encode("utf-8", "replace").decode()

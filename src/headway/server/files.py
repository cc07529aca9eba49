"""The page: its files, its policy, and the one load that carries the token.

Rule 1: files are read once, when the server starts, and only from the page's directory:
a request's path is looked up in a table and never opened.
Rule 2: the token of the first load becomes a cookie that scripts cannot read and other
sites cannot send; the address without it follows at once.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from headway.server.access import OWN_FETCHES, by_token, cookie_name
from headway.server.answers import declined, not_modified, unchanged
from headway.server.door import door_of
from headway.server.guard import local_address
from headway.talk.problems import problem

DIRECTORY = Path(__file__).with_name("page")
MEDIA = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
ONWARD = '<!doctype html><meta http-equiv="refresh" content="0; url=/"><a href="/">Headway</a>'


class File(NamedTuple):
    """One file of the page as it is sent."""

    body: bytes
    media: str
    etag: str


Files = dict[str, File]
FILES: web.AppKey[Files] = web.AppKey("files", dict)


def files_of(directory: Path = DIRECTORY) -> Files:
    """The page's files by their path below its directory."""
    return {
        path.relative_to(directory).as_posix(): _file(path)
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.suffix in MEDIA
    }


async def index(request: web.Request) -> web.Response:
    """The page; with `?token=` the cookie, and then the page."""
    given = request.query.get("token")
    return _file_answer(request, "index.html") if given is None else _let_in(request, given)


async def part(request: web.Request) -> web.Response:
    """One of the page's other files."""
    return _file_answer(request, request.match_info["name"])


def _let_in(request: web.Request, given: str) -> web.Response:
    key = by_token(given, door_of(request).rules)
    if key is None:
        raise declined(problem("token-unknown", hint="`headway open` opens with the right one"))
    answer = _onward(request)
    answer.set_cookie(
        cookie_name(local_address(request)[1]),
        key.cookie,
        httponly=True,
        samesite="Strict",
        secure=request.secure,
        path="/",
    )
    return answer


def _onward(request: web.Request) -> web.Response:
    if request.headers.get("Sec-Fetch-Site", "") in OWN_FETCHES:
        return web.Response(status=303, headers={"Location": "/", "Cache-Control": "no-store"})
    # `headway open` comes from a file: a browser would not send a strict cookie along a
    # redirect that began there, but it does when our own page goes on.
    return web.Response(
        text=ONWARD, content_type="text/html", headers={"Cache-Control": "no-store"}
    )


def _file_answer(request: web.Request, name: str) -> web.Response:
    found = request.app[FILES].get(name)
    if found is None:
        raise declined(problem("not-found", "the page has no such file", value=name))
    headers = {"ETag": found.etag, "Content-Security-Policy": POLICY}
    if unchanged(request, found.etag):
        # A browser merges these into the page it kept: without the policy nothing would load.
        answer = not_modified(found.etag)
        answer.headers.update(headers)
        return answer
    return web.Response(
        body=found.body, content_type=found.media, charset=_charset(found.media), headers=headers
    )


def _file(path: Path) -> File:
    body = path.read_bytes()
    digest = hashlib.blake2b(body, digest_size=12).hexdigest()
    return File(body=body, media=MEDIA[path.suffix], etag=f'"{digest}"')


def _charset(media: str) -> str | None:
    return "utf-8" if media.startswith("text/") or media.endswith("json") else None

"""Answers: JSON, text, problems; what a reader would like; whether they have it already.

Rule 1: an answer made from views carries a weak ETag of the cursor before it was read:
"not modified" is then never wrong.
Rule 2: an error is always a problem document, aiohttp's own errors included.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from headway.errors import (
    CursorExpired,
    HeadwayError,
    Refused,
    StoreError,
    Unreachable,
    UsageError,
)
from headway.talk.problems import MEDIA, Problem, problem

JSON = "application/json"
TEXT = "text/plain"
YAML = "application/yaml"

ERRORS: dict[type[HeadwayError], str] = {
    UsageError: "bad-request",
    CursorExpired: "bad-cursor",
    Refused: "role-refused",
    Unreachable: "source-unreachable",
    StoreError: "store-failing",
}
STATUSES = {404: "not-found", 405: "method-refused", 413: "too-large", 415: "media-refused"}

_CLASSES: dict[int, type[web.HTTPException]] = {
    400: web.HTTPBadRequest,
    401: web.HTTPUnauthorized,
    403: web.HTTPForbidden,
    404: web.HTTPNotFound,
    408: web.HTTPRequestTimeout,
    409: web.HTTPConflict,
    415: web.HTTPUnsupportedMediaType,
    416: web.HTTPRequestRangeNotSatisfiable,
    422: web.HTTPUnprocessableEntity,
    429: web.HTTPTooManyRequests,
    500: web.HTTPInternalServerError,
    502: web.HTTPBadGateway,
    503: web.HTTPServiceUnavailable,
}

encode = msgspec.json.Encoder().encode
T = TypeVar("T")


def json_answer(value: Any, *, etag: str = "") -> web.Response:
    """The value as JSON; bytes are JSON already."""
    body = value if isinstance(value, bytes) else encode(value)
    headers = {"ETag": etag} if etag else {}
    return web.Response(body=body, content_type=JSON, charset="utf-8", headers=headers)


def text_answer(text: str, *, media: str = TEXT) -> web.Response:
    """The text as it is."""
    body = text.encode("utf-8", "replace")
    return web.Response(body=body, content_type=media, charset="utf-8")


def refusal(found: Problem, *, after: float | None = None) -> web.Response:
    """The problem as an answer; `after` seconds one may come again."""
    headers = _headers(found, after)
    return web.Response(
        status=found.status, body=encode(found), content_type=MEDIA, headers=headers
    )


def declined(found: Problem, *, after: float | None = None) -> web.HTTPException:
    """The problem as something to raise in a handler."""
    kind = _CLASSES.get(found.status, web.HTTPBadRequest)
    return kind(text=encode(found).decode(), content_type=MEDIA, headers=_headers(found, after))


def problem_of(error: HeadwayError) -> Problem:
    """What an error of ours is on the wire."""
    kind = next((kind for known, kind in ERRORS.items() if isinstance(error, known)), "internal")
    return problem(kind, str(error), hint=error.hint)


def as_problem(error: web.HTTPException) -> web.Response:
    """Any refusal as a problem document; redirects stay what they are."""
    if error.content_type == MEDIA:
        return web.Response(status=error.status, text=error.text, headers=error.headers)
    if error.status < 400:
        return web.Response(status=error.status, headers=error.headers)
    answer = refusal(problem(STATUSES.get(error.status, "bad-request"), error.reason.lower()))
    if "Allow" in error.headers:
        answer.headers["Allow"] = error.headers["Allow"]
    return answer


def parameters(request: web.Request, kind: type[T]) -> T:
    """The query of the request. Raises: a 400 that names the parameter."""
    given = {name: value for name, value in request.query.items() if name != "token"}
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise declined(problem("bad-request", f"query: {error}")) from error


def preferred(request: web.Request, offers: Sequence[str]) -> str:
    """The first offer that the Accept header names, else the first of all."""
    accept = request.headers.get("Accept", "")
    named = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return next((offer for media in named for offer in offers if media == offer), offers[0])


def unchanged(request: web.Request, etag: str) -> bool:
    """True if the reader has this already."""
    known = request.headers.get("If-None-Match", "")
    return etag in [one.strip() for one in known.split(",")]


def not_modified(etag: str) -> web.Response:
    """The answer to who has it already."""
    return web.Response(status=304, headers={"ETag": etag})


def _headers(found: Problem, after: float | None) -> dict[str, str]:
    headers = {}
    if found.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="headway"'
    if after is not None:
        headers["Retry-After"] = f"{after:.0f}"
    return headers

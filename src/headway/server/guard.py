"""The guard: every request passes here, and every error leaves from here.

Rule 1: access is decided before anything else is looked at, the path included.
Rule 2: what is logged of a request is its method and path, never its query or headers.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Literal

from aiohttp import web

from headway.errors import HeadwayError
from headway.server.access import Asked, Who, asked_of, cookie_name, decide, is_loopback
from headway.server.answers import as_problem, declined, problem_of, refusal
from headway.server.door import WHO, Handler, door_of, who_of
from headway.talk.problems import Problem, problem

log = logging.getLogger(__name__)

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]
Need = Literal["nothing", "read", "everything", "report", "act"]

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-cache, private",
    "Server": "headway",
}
CORS = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, If-None-Match",
    "Access-Control-Max-Age": "600",
}

BEGUN: web.RequestKey[bool] = web.RequestKey("begun", bool)  # an answer is on its way


@web.middleware
async def guard(request: web.Request, handler: Next) -> web.StreamResponse:
    """Decide who asks, answer, and turn what goes wrong into a problem document."""
    found = decide(_asked(request), door_of(request).rules)
    if request.method == "OPTIONS" and not (isinstance(found, Problem) and found.status == 403):
        return _preflight(request)
    if isinstance(found, Problem):
        return refusal(found)
    request[WHO] = found
    try:
        return await handler(request)
    except web.HTTPException as error:
        return as_problem(error)
    except HeadwayError as error:
        return refusal(problem_of(error))
    except ConnectionError:
        raise
    except Exception:  # a task root: the request's
        if request.get(BEGUN):
            raise  # half an answer is out: the connection ends
        log.exception("request.failed method=%s path=%s", request.method, request.path)
        return refusal(problem("internal", hint="the server's log has the details"))


def needing(need: Need, handler: Handler) -> Handler:
    """The handler, for those who may."""

    async def checked(request: web.Request) -> web.StreamResponse:
        who = who_of(request)
        if not _ALLOWS[need](who):
            raise declined(_lack(who))
        return await handler(request)

    return checked


async def finish_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put our headers on every answer, streams included (`on_response_prepare`)."""
    request[BEGUN] = True
    for name, value in HEADERS.items():
        if name not in response.headers or name == "Server":
            response.headers[name] = value
    response.headers.add("Vary", "Origin, Cookie, Authorization, Accept")
    who = request.get(WHO)
    if who is not None and who.origin is not None:
        response.headers["Access-Control-Allow-Origin"] = who.origin
        response.headers["Access-Control-Expose-Headers"] = "ETag, Retry-After"


_ALLOWS: dict[Need, Callable[[Who], bool]] = {
    "nothing": lambda who: True,
    "read": lambda who: who.reads,
    "everything": lambda who: who.sees_everything,
    "report": lambda who: who.reports,
    "act": lambda who: who.acts,
}


def _asked(request: web.Request) -> Asked:
    for name in ("Host", "Origin", "Authorization"):
        if len(request.headers.getall(name, ())) > 1:
            # Two of them: some proxy and we would believe different ones.
            return Asked(host=None, near=False)
    here, there = local_address(request), request.remote or ""
    page = request.path == "/" and request.method == "GET"
    return asked_of(
        request.headers,
        near=is_loopback(here[0]) and is_loopback(there),
        scheme=request.scheme,
        cookie=request.cookies.get(cookie_name(here[1])),
        page_token=request.query.get("token") if page else None,
    )


def _preflight(request: web.Request) -> web.Response:
    # A browser asks without a token whether it may ask with one.
    origin = request.headers.get("Origin")
    allowed = {"Access-Control-Allow-Origin": origin} if origin else {}
    return web.Response(status=204, headers=CORS | allowed)


def local_address(request: web.Request) -> tuple[str, int]:
    """The address and port of ours that the request came to."""
    name = request.transport.get_extra_info("sockname") if request.transport else None
    return (str(name[0]), int(name[1])) if name else ("", 0)


def _lack(who: Who) -> Problem:
    if who.standing == "public":
        return problem(
            "token-needed",
            "without a token states, progress and counts can be read",
            hint="send `Authorization: Bearer TOKEN`, or open the URL that `headway open` shows",
        )
    return problem("role-refused", f"the token {who.name!r} has the role {who.standing}")

"""The answers: what is, what was, in JSON, text or YAML.

Rule 1: a job is named by its key or any unambiguous start of its key or native id.
Rule 2: lists come in pages by key (`next`, `after`), never by number.
Rule 3: searching in titles would tell them: it needs a token.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from headway.errors import UsageError
from headway.model.keys import Kind, kind_of
from headway.model.views import AnyView
from headway.model.words import Outcome, Phase
from headway.plane.submitters import with_orphans
from headway.render.data import as_yaml
from headway.render.jobs import jobs_text
from headway.render.status import status_text
from headway.server.answers import (
    JSON,
    TEXT,
    YAML,
    declined,
    json_answer,
    not_modified,
    parameters,
    preferred,
    text_answer,
    unchanged,
)
from headway.server.door import Door, Handler, door_of, who_of
from headway.server.encoded import view_bytes
from headway.server.privacy import public, public_event
from headway.store.contract import HOUR, Page, Past, Query
from headway.talk.problems import problem
from headway.talk.status import status_of

Word = Annotated[str, Meta(max_length=1024)]
Width = Annotated[int, Meta(ge=20, le=1000)]
PAST = 1_000  # edges of one job in one answer
STATS_HOURS = 7 * 24  # hours whose ends are told one by one, unless others are asked for

_encode = msgspec.json.Encoder().encode


class StatusQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the text is to look: its width in columns, ASCII only, with basis and age."""

    width: Width = 80
    ascii: bool = False
    verbose: bool = False


class ListQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of a list."""

    source: Word = ""
    after: Word = ""
    limit: Annotated[int, Meta(ge=1, le=500)] = 50


class JobsQuery(ListQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which jobs; an empty field asks nothing. The last two are for text."""

    outcome: Outcome | Literal[""] = ""
    phase: Phase | Literal[""] = ""
    group: Word = ""
    text: Word = ""
    active: bool | None = None
    width: Width = 80
    ascii: bool = False


class JobQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`detail`: with the traceback of a failure, if there is one."""

    detail: bool = False


class PastQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many of the newest edges."""

    limit: Annotated[int, Meta(ge=1, le=PAST)] = PAST


class StatsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`since_hour`: hours since 1970 from which on ends are told by the hour.

    Without it those of the last `STATS_HOURS`: years of them are no answer to wait for.
    """

    since_hour: Annotated[int, Meta(ge=0)] | None = None


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing can be asked."""


async def status(request: web.Request) -> web.Response:
    """What every source does now."""
    door, asked = door_of(request), parameters(request, StatusQuery)
    everything = who_of(request).sees_everything
    live = with_orphans([change.view for change in door.plane.live().values()])
    views = [_shown(view, everything) for view in live]
    found = status_of(views, now=door.plane.clock(), version=door.version)
    media = preferred(request, (JSON, TEXT, YAML))
    if media == TEXT:
        return text_answer(
            status_text(found, width=asked.width, ascii=asked.ascii, verbose=asked.verbose)
        )
    return text_answer(as_yaml(found), media=YAML) if media == YAML else json_answer(found)


async def jobs(request: web.Request) -> web.Response:
    """Jobs by filter, page by page."""
    door, asked, who = door_of(request), parameters(request, JobsQuery), who_of(request)
    if asked.text and not who.sees_everything:
        raise declined(problem("token-needed", "searching in titles needs a token"))
    etag = _etag(request)
    media = preferred(request, (JSON, TEXT))
    if media == JSON and unchanged(request, etag):
        return not_modified(etag)
    page = await _find(door, "job", asked)
    if media == JSON:
        return _page("jobs", page, request, etag)
    rows = [msgspec.to_builtins(_shown(view, who.sees_everything)) for view in page.views]
    shown = jobs_text(rows, now=door.plane.clock(), width=asked.width, plain=asked.ascii)
    return text_answer(shown)


def listing(kind: Kind, name: str) -> Handler:
    """A handler for the entities of one kind, page by page."""

    async def listed(request: web.Request) -> web.Response:
        asked, etag = parameters(request, ListQuery), _etag(request)
        if unchanged(request, etag):
            return not_modified(etag)
        return _page(name, await _find(door_of(request), kind, asked), request, etag)

    listed.__doc__ = f"The {name}, page by page."
    return listed


async def job(request: web.Request) -> web.Response:
    """One job."""
    asked, etag = parameters(request, JobQuery), _etag(request)
    view = await job_named(request)
    if unchanged(request, etag):
        return not_modified(etag)
    everything = who_of(request).sees_everything
    if not asked.detail:
        return json_answer(view_bytes(view, everything=everything), etag=etag)
    if not everything:
        raise declined(problem("token-needed", "details of errors need a token"))
    detail = await door_of(request).plane.read("payload", view.key, "detail")
    return json_answer(msgspec.to_builtins(view) | {"detail": detail}, etag=etag)


async def steps(request: web.Request) -> web.Response:
    """The steps of one job, in order of their start."""
    parameters(request, NoQuery)
    etag = _etag(request)
    view = await job_named(request)
    if unchanged(request, etag):
        return not_modified(etag)
    found = await door_of(request).plane.read("steps", view.key)
    return json_answer({"job": view.key, "steps": found}, etag=etag)


async def past(request: web.Request) -> web.Response:
    """The edges of one job, oldest first."""
    asked, etag = parameters(request, PastQuery), _etag(request)
    view = await job_named(request)
    if unchanged(request, etag):
        return not_modified(etag)
    found: list[Past] = await door_of(request).plane.read("past", view.key, limit=asked.limit)
    everything = who_of(request).sees_everything
    told = [one.body if everything else public_event(one.body) for one in found]
    return json_answer({"job": view.key, "events": told}, etag=etag)


async def stats(request: web.Request) -> web.Response:
    """How many jobs ended how: of late by source and hour, and in all by outcome."""
    asked, etag = parameters(request, StatsQuery), _etag(request)
    if unchanged(request, etag):
        return not_modified(etag)
    plane, since = door_of(request).plane, asked.since_hour
    if since is None:
        since = max(0, int(plane.clock() // HOUR) - STATS_HOURS)
    found = await plane.read("counts", since_hour=since)
    totals: Counter[str] = Counter()
    for one in await plane.read("totals"):
        totals[one.outcome] += one.n
    return json_answer({"counts": found, "totals": totals}, etag=etag)


async def job_named(request: web.Request) -> AnyView:
    """The job that the path names. Raises: a 404 or, if it fits several, a 409."""
    plane, name = door_of(request).plane, request.match_info["key"]
    view = await plane.read("get", name) if _is_job_key(name) else None
    if view is not None:
        return view  # type: ignore[no-any-return]
    keys: list[str] = await plane.read("resolve", name)
    if len(keys) > 1:
        hint = "one of: " + ", ".join(keys[:5])
        raise declined(problem("ambiguous", "several jobs begin so", value=name, hint=hint))
    view = await plane.read("get", keys[0]) if keys else None
    if view is None:
        hint = "`headway jobs` lists them"
        raise declined(problem("not-found", "no job begins so", value=name, hint=hint))
    return view  # type: ignore[no-any-return]


def _is_job_key(name: str) -> bool:
    try:
        return kind_of(name) == "job"
    except UsageError:
        return False


async def _find(door: Door, kind: Kind, asked: ListQuery) -> Page:
    fields = {
        name: value
        for name, value in msgspec.structs.asdict(asked).items()
        if name in Query.__struct_fields__
    }
    return await door.plane.read("find", Query(kind=kind, **fields))  # type: ignore[no-any-return]


def _page(name: str, page: Page, request: web.Request, etag: str) -> web.Response:
    everything = who_of(request).sees_everything
    views = b",".join(view_bytes(view, everything=everything) for view in page.views)
    more: dict[str, Any] = {"next": page.next} if page.next else {}
    if page.bounded:
        more["bounded"] = True
    more["cursor"] = door_of(request).cursor
    return json_answer(b"{%b:[%b],%b" % (_encode(name), views, _encode(more)[1:]), etag=etag)


def _shown(view: AnyView, everything: bool) -> AnyView:
    return view if everything else public(view)


def _etag(request: web.Request) -> str:
    door, standing = door_of(request), who_of(request)
    return f'W/"{door.cursor}.{"all" if standing.sees_everything else "public"}"'

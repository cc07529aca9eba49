"""Every path of the door, and who may ask it."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from aiohttp import web

from headway.server import events_in, files, health, outputs, stream_sse, stream_ws, views
from headway.server.door import DOOR, Door, Handler
from headway.server.files import FILES, Files
from headway.server.guard import Need, finish_headers, guard, needing
from headway.version import __version__

JOB = "/api/v1/jobs/{key}"


class Route(NamedTuple):
    """One path: what it takes and who may."""

    method: str
    path: str
    need: Need
    handler: Handler


async def _root(request: web.Request) -> web.StreamResponse:
    # The seed's page opens ws://localhost:8329 itself.
    upgrade = request.headers.get("Upgrade", "").lower() == "websocket"
    return await (_socket if upgrade else files.index)(request)


_socket = needing("read", stream_ws.websocket)

ROUTES: tuple[Route, ...] = (
    Route("GET", "/", "nothing", _root),
    Route("GET", "/ws", "read", stream_ws.websocket),
    Route("GET", "/page/{name:.+}", "nothing", files.part),
    Route("GET", "/healthz", "nothing", health.healthz),
    Route("GET", "/readyz", "nothing", health.readyz),
    Route("GET", "/api/v1/status", "read", views.status),
    Route("GET", "/api/v1/jobs", "read", views.jobs),
    Route("GET", JOB, "read", views.job),
    Route("GET", f"{JOB}/steps", "read", views.steps),
    Route("GET", f"{JOB}/events", "read", views.past),
    Route("GET", f"{JOB}/outputs/{{n:[0-9]{{1,6}}}}", "everything", outputs.output),
    Route("GET", "/api/v1/groups", "read", views.listing("group", "groups")),
    Route("GET", "/api/v1/sources", "read", views.listing("source", "sources")),
    Route("GET", "/api/v1/workers", "read", views.listing("worker", "workers")),
    Route("GET", "/api/v1/daemons", "read", views.listing("daemon", "daemons")),
    Route("GET", "/api/v1/stats", "read", views.stats),
    Route("GET", "/api/v1/stream", "read", stream_sse.stream),
    Route("POST", "/api/v1/events", "report", events_in.post_events),
)


def app_of(door: Door, pages: Files) -> web.Application:
    """The application behind the port."""
    limits = door.settings.limits
    app = web.Application(middlewares=[guard], client_max_size=limits.body_bytes)
    app[DOOR] = door
    app[FILES] = pages
    for route in ROUTES:
        add = app.router.add_get if route.method == "GET" else app.router.add_post
        add(route.path, needing(route.need, route.handler))
    app.on_response_prepare.append(finish_headers)
    app.on_shutdown.append(_part)
    return app


async def _part(app: web.Application) -> None:
    door = app[DOOR]
    door.closing = True
    async with asyncio.TaskGroup() as tasks:
        for leave in list(door.streams.values()):
            tasks.create_task(leave())


def version() -> str:
    """What we call ourselves on the wire."""
    return __version__

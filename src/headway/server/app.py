"""Every path of the door, and who may ask it."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from headway.model.keys import Kind
from headway.model.views import JobView
from headway.server import (
    acting,
    contracts,
    events_in,
    files,
    health,
    metrics,
    outputs,
    shapes,
    stream_sse,
    stream_ws,
    views,
)
from headway.server.answers import JSON, TEXT, YAML
from headway.server.door import DOOR, Door
from headway.server.files import FILES, Files
from headway.server.guard import finish_headers, guard, needing
from headway.server.routing import ROUTED, Route
from headway.version import __version__

JOB = "/api/v1/jobs/{key}"
LISTS: tuple[tuple[str, Kind, type], ...] = (
    ("groups", "group", shapes.Groups),
    ("sources", "source", shapes.Sources),
    ("workers", "worker", shapes.Workers),
    ("daemons", "daemon", shapes.Daemons),
)


async def _root(request: web.Request) -> web.StreamResponse:
    # The seed's page opens ws://localhost:8329 itself.
    upgrade = request.headers.get("Upgrade", "").lower() == "websocket"
    return await (_socket if upgrade else files.index)(request)


_socket = needing("read", stream_ws.websocket)

ROUTES: tuple[Route, ...] = (
    Route("GET", "/", "nothing", _root),
    Route("GET", "/ws", "read", stream_ws.websocket),
    Route("GET", "/page/{name:.+}", "nothing", files.part),
    Route("GET", "/healthz", "nothing", health.healthz, {JSON: shapes.Health}, name="healthz"),
    Route("GET", "/readyz", "nothing", health.readyz, {JSON: shapes.Ready}, name="readyz"),
    Route("GET", "/metrics", "read", metrics.metrics, {TEXT: None}, name="metrics"),
    Route("GET", "/openapi.json", "nothing", contracts.openapi, {JSON: Any}, name="openapi"),
    Route("GET", "/asyncapi.json", "nothing", contracts.asyncapi, {JSON: Any}, name="asyncapi"),
    Route(
        *("GET", "/api/v1/status", "read", views.status),
        gives={JSON: shapes.Status, TEXT: None, YAML: None},
        asks=views.StatusQuery,
        name="status",
    ),
    Route(
        *("GET", "/api/v1/jobs", "read", views.jobs),
        gives={JSON: shapes.Jobs, TEXT: None},
        asks=views.JobsQuery,
        name="jobs",
    ),
    Route("GET", JOB, "read", views.job, {JSON: JobView}, views.JobQuery, name="job"),
    Route("GET", f"{JOB}/steps", "read", views.steps, {JSON: shapes.Steps}, name="steps"),
    Route(
        *("GET", f"{JOB}/events", "read", views.past),
        gives={JSON: shapes.Events},
        asks=views.PastQuery,
        name="events",
    ),
    Route(
        *("GET", f"{JOB}/outputs/{{n:[0-9]{{1,6}}}}", "everything", outputs.output),
        gives={"*/*": None},
        name="output",
    ),
    *(
        Route(
            *("GET", f"/api/v1/{name}", "read", views.listing(kind, name)),
            gives={JSON: shape},
            asks=views.ListQuery,
            name=name,
        )
        for name, kind, shape in LISTS
    ),
    Route(
        *("GET", "/api/v1/stats", "read", views.stats),
        gives={JSON: shapes.Stats},
        asks=views.StatsQuery,
        name="stats",
    ),
    Route(
        *("GET", "/api/v1/stream", "read", stream_sse.stream),
        gives={"text/event-stream": None},
        asks=stream_sse.StreamQuery,
        name="stream",
    ),
    Route(
        *("POST", "/api/v1/events", "report", events_in.post_events),
        gives={JSON: shapes.Stored},
        takes=events_in.Batch,
        name="post_events",
    ),
    Route(
        *("POST", "/api/v1/jobs", "act", acting.post_job),
        gives={JSON: acting.Accepted},
        takes=acting.Order,
        name="post_job",
    ),
    Route(
        *("POST", f"{JOB}/cancel", "act", acting.post_cancel),
        gives={JSON: acting.Came},
        takes=acting.Cancelling,
        name="cancel_job",
    ),
)


def app_of(door: Door, pages: Files) -> web.Application:
    """The application behind the port."""
    limits = door.settings.limits
    app = web.Application(middlewares=[guard], client_max_size=limits.body_bytes)
    app[DOOR] = door
    app[FILES] = pages
    app[ROUTED] = list(ROUTES)
    app.cleanup_ctx.append(metrics.counting)
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

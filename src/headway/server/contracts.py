"""`GET /openapi.json` and `/asyncapi.json`: what can be asked and heard, for programs."""

from __future__ import annotations

from aiohttp import web

from headway.server.answers import json_answer, parameters
from headway.server.door import door_of
from headway.server.openapi import document as paths
from headway.server.routing import ROUTED
from headway.server.views import NoQuery
from headway.talk.asyncapi import document as streams


async def openapi(request: web.Request) -> web.Response:
    """The paths, as OpenAPI 3.1."""
    parameters(request, NoQuery)
    routes = request.app[ROUTED]
    return json_answer(paths(routes, door_of(request).version))


async def asyncapi(request: web.Request) -> web.Response:
    """The live streams, as AsyncAPI 3.0."""
    parameters(request, NoQuery)
    return json_answer(streams(door_of(request).version))

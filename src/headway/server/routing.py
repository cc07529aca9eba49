"""One row of the table of paths: who may ask, what is taken, what is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from aiohttp import web

from headway.server.door import Handler
from headway.server.guard import Need
from headway.server.views import NoQuery


class Route(NamedTuple):
    """One path. `asks` is its query, `takes` its JSON body.

    `gives`: media type to the struct of the answer, None where it is no JSON; empty for
    what is not part of the API (the page).
    """

    method: str
    path: str
    need: Need
    handler: Handler
    gives: Mapping[str, Any] = {}
    asks: type[msgspec.Struct] = NoQuery
    takes: Any = None
    name: str = ""


ROUTED: web.AppKey[list[Route]] = web.AppKey("routed", list)

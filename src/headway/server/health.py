"""Whether this process and what it stands on are well.

Rule 1: `/healthz` says that the process answers, and nothing more.
Rule 2: `/readyz` fails if the store takes nothing, or a watched source cannot be seen.
"""

from __future__ import annotations

from aiohttp import web

from headway.errors import StoreError
from headway.model.keys import source_of
from headway.model.views import SourceView
from headway.server.answers import json_answer
from headway.server.door import Door, door_of


async def healthz(request: web.Request) -> web.Response:
    """The process answers."""
    return json_answer({"status": "ok", "version": door_of(request).version})


async def readyz(request: web.Request) -> web.Response:
    """What it stands on answers too; 503 and what does not, if not."""
    door = door_of(request)
    store = await _store_trouble(door)
    away = _away(door)
    answer = json_answer(
        {"status": "not ready" if store or away else "ready", "store": store, "unseen": away}
    )
    answer.set_status(503 if store or away else 200)
    return answer


async def _store_trouble(door: Door) -> str:
    try:
        await door.plane.read("cursor")
    except StoreError as error:
        return str(error)
    return str(getattr(door.plane, "failing", ""))


def _away(door: Door) -> list[str]:
    views = [change.view for change in door.plane.live().values()]
    names = [source_of(one.key) for one in views if isinstance(one, SourceView) and not one.seen]
    return sorted(name for name in names if door.plane.source(name) is not None)

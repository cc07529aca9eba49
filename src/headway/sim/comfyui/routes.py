"""The HTTP side: each path as it is and under /api, each handler a few lines over who knows.

Rule 1: a body that is no JSON, or a query that is no number, ends as the plain 500 of aiohttp, as
    in reality. An interrupt without a readable body is one for whatever runs.
Rule 2: actions answer 200 and an empty body, whatever they found to act upon.
"""

import json
import random
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Middleware

from headway.sim.comfyui import intake, jobs
from headway.sim.comfyui.features import MAX_UPLOAD, features
from headway.sim.comfyui.files import Outside
from headway.sim.comfyui.life import Life
from headway.sim.comfyui.machine import system_stats
from headway.sim.comfyui.node import NodeClass
from headway.sim.comfyui.origin import origin_check

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(
    life: Life, *, url: Callable[[], str], rng: random.Random, hold: Middleware
) -> web.Application:
    """All of one life that HTTP can reach; every request passes `hold` first."""
    guard = origin_check(cross_site_refused=life.version.has("cross_site_refused"))
    app = web.Application(client_max_size=MAX_UPLOAD, middlewares=[hold, guard])
    app.add_routes(routes(life, url=url, rng=rng))
    app.add_routes(life.comfy.routes)
    return app


def routes(life: Life, *, url: Callable[[], str], rng: random.Random) -> list[web.RouteDef]:
    """All routes of one life, each also under /api; the jobs exist only there."""
    side = Side(life, url=url, rng=rng)
    table: list[tuple[str, str, Handler]] = [
        ("GET", "/ws", side.ws),
        ("GET", "/prompt", side.get_prompt),
        ("POST", "/prompt", side.post_prompt),
        ("GET", "/queue", side.get_queue),
        ("POST", "/queue", side.post_queue),
        ("POST", "/interrupt", side.post_interrupt),
        ("GET", "/history", side.get_history),
        ("GET", "/history/{id}", side.get_history_of),
        ("POST", "/history", side.post_history),
        ("GET", "/view", side.get_view),
        ("GET", "/features", side.get_features),
        ("GET", "/system_stats", side.get_system_stats),
        ("GET", "/object_info", side.get_object_info),
        ("GET", "/object_info/{name}", side.get_object_info_of),
        ("GET", "/internal/logs", side.get_logs),
        ("GET", "/internal/logs/raw", side.get_raw_logs),
        ("PATCH", "/internal/logs/subscribe", side.patch_log_subscription),
    ]
    everywhere = [
        web.route(method, prefix + path, do)
        for prefix in ("", "/api")
        for method, path, do in table
    ]
    only_there = [
        ("jobs_api", web.get("/api/jobs", side.get_jobs)),
        ("jobs_api", web.get("/api/jobs/{id}", side.get_job)),
        ("cancel_api", web.post("/api/jobs/cancel", side.post_cancel)),
        ("cancel_api", web.post("/api/jobs/{id}/cancel", side.post_cancel_of)),
    ]
    return everywhere + [route for ability, route in only_there if life.version.has(ability)]


class Side:
    """The handlers."""

    def __init__(self, life: Life, *, url: Callable[[], str], rng: random.Random) -> None:
        self._life, self._queue = life, life.queue
        self._url, self._rng = url, rng

    async def ws(self, request: web.Request) -> web.StreamResponse:
        return await self._life.sockets.serve(
            request, remaining=lambda: self._queue.remaining, node_of=self._life.node_of
        )

    async def get_prompt(self, request: web.Request) -> web.Response:
        return web.json_response({"exec_info": {"queue_remaining": self._queue.remaining}})

    async def post_prompt(self, request: web.Request) -> web.Response:
        answer = intake.accept(self._life, await request.json(), rng=self._rng)
        return web.json_response(answer.body, status=answer.status)

    async def get_queue(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"queue_running": self._queue.running, "queue_pending": self._queue.pending}
        )

    async def post_queue(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body.get("clear"):
            self._queue.clear()
        for prompt_id in body.get("delete", ()):
            self._queue.delete(prompt_id)
        return web.Response()

    async def post_interrupt(self, request: web.Request) -> web.Response:
        try:
            body = await request.json()
        except json.JSONDecodeError:
            body = {}
        self._life.interrupt(body.get("prompt_id"))
        return web.Response()

    async def get_history(self, request: web.Request) -> web.Response:
        max_items = request.query.get("max_items")
        offset = int(request.query.get("offset", -1))
        recent = self._queue.recent(
            max_items=None if max_items is None else int(max_items), offset=offset
        )
        return web.json_response(recent)

    async def get_history_of(self, request: web.Request) -> web.Response:
        prompt_id = request.match_info["id"]
        entry = self._queue.history.get(prompt_id)
        return web.json_response({} if entry is None else {prompt_id: entry})

    async def post_history(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body.get("clear"):
            self._queue.history.clear()
        for prompt_id in body.get("delete", ()):
            self._queue.history.pop(prompt_id, None)
        return web.Response()

    async def get_jobs(self, request: web.Request) -> web.Response:
        try:
            return web.json_response(jobs.listing(self._queue, self._life.version, request.query))
        except jobs.BadQuestion as error:
            return web.json_response(error.body, status=400)

    async def get_job(self, request: web.Request) -> web.Response:
        row = jobs.single(self._queue, self._life.version, request.match_info["id"])
        if row is None:
            return web.json_response({"error": "Job not found"}, status=404)
        return web.json_response(row)

    async def post_cancel(self, request: web.Request) -> web.Response:
        try:
            ids = jobs.asked_ids(await request.json())
        except json.JSONDecodeError:
            return web.json_response({"error": "Request body must be valid JSON"}, status=400)
        except jobs.BadQuestion as error:
            return web.json_response(error.body, status=400)
        cancelled = [self._life.cancel(prompt_id) for prompt_id in ids]
        return web.json_response({"cancelled": any(cancelled)})

    async def post_cancel_of(self, request: web.Request) -> web.Response:
        return web.json_response({"cancelled": self._life.cancel(request.match_info["id"])})

    async def get_view(self, request: web.Request) -> web.StreamResponse:
        filename = request.query.get("filename", "")
        subfolder, folder = request.query.get("subfolder", ""), request.query.get("type", "output")
        try:
            path = self._life.files.find(filename, subfolder=subfolder, folder=folder)
        except Outside:
            return web.Response(status=400)
        if path is None:
            return web.Response(status=404)
        return web.FileResponse(path, headers={"Content-Disposition": f'filename="{path.name}"'})

    async def get_features(self, request: web.Request) -> web.Response:
        return web.json_response(features(self._life.version))

    async def get_system_stats(self, request: web.Request) -> web.Response:
        return web.json_response(system_stats(self._life.version, url=self._url()))

    async def get_object_info(self, request: web.Request) -> web.Response:
        return web.json_response(
            {name: _described(name, node) for name, node in self._life.classes.items()}
        )

    async def get_object_info_of(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        node = self._life.classes.get(name)
        return web.json_response({} if node is None else {name: _described(name, node)})

    async def get_logs(self, request: web.Request) -> web.Response:
        return web.json_response(self._life.log.text())

    async def get_raw_logs(self, request: web.Request) -> web.Response:
        return web.json_response(self._life.log.raw())

    async def patch_log_subscription(self, request: web.Request) -> web.Response:
        body = await request.json()
        change = self._life.log_readers.add if body["enabled"] else self._life.log_readers.discard
        change(body["clientId"])
        return web.Response()


def _described(name: str, node: NodeClass) -> dict[str, Any]:
    return {
        "input": {"required": node.inputs},
        "input_order": {"required": list(node.inputs)},
        "output": node.makes,
        "output_is_list": [False] * len(node.makes),
        "output_name": node.makes,
        "name": name,
        "display_name": name,
        "description": "",
        "python_module": "nodes",
        "category": "simulated",
        "output_node": node.is_output,
    }

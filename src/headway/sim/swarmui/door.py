"""HTTP and WebSocket: bodies, cookies, statuses, and the delayed end of a socket.

Rule 1: a body must be JSON with a length: nothing chunked, nothing empty.
Rule 2: a socket's first frame is the request; it ends some seconds after the last one is
    done, and takes further requests until then.
Rule 3: a closed socket stops no work.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp import web

from headway.sim.swarmui import api
from headway.sim.swarmui.account import Session
from headway.sim.swarmui.generation import Generation
from headway.sim.swarmui.life import CLOSE_AFTER, Life
from headway.sim.swarmui.params import Params, Refused

FIRST_FRAME = 60.0  # seconds
FRONT = "<!DOCTYPE html><html><head><title>SwarmUI</title></head><body>SwarmUI</body></html>"


def application(life: Callable[[], Life]) -> web.Application:
    """Everything that the port answers."""
    door = Door(life)
    app = web.Application(client_max_size=2**26)
    app.router.add_post("/API/{name}", door.post)
    app.router.add_get("/API/{name}", door.get)
    app.router.add_get("/View/{place:.*}", door.view)
    app.router.add_get("/ComfyBackendDirect/{path:.*}", door.direct)
    app.router.add_get("/Text2Image", door.front)
    app.router.add_get("/", door.root)
    return app


class Door:
    """The handlers."""

    def __init__(self, life: Callable[[], Life]) -> None:
        self._the_life = life

    @property
    def _life(self) -> Life:
        return self._the_life()

    async def root(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("/Text2Image")

    async def front(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text=FRONT, content_type="text/html")

    async def post(self, request: web.Request) -> web.StreamResponse:
        answer = await self._answer(request)
        headers = {"Cache-Control": "no-store"}
        return web.json_response(answer.body, status=answer.status, headers=headers)

    async def _answer(self, request: web.Request) -> api.Answer:
        if request.content_type != "application/json":
            return api.refusal(400, "basic_api", "Wrong content type")
        if not request.content_length:
            return api.refusal(400, "basic_api", "bad content length")
        try:
            data = json.loads(await request.text())
        except ValueError:
            return api.refusal(400, "internal_error", "An internal error occurred")
        if not isinstance(data, dict):
            return api.refusal(400, "basic_api", "null input")
        name = request.match_info["name"]
        if name.lower() == "getnewsession":
            return api.new_session(self._life, self._user(request))
        given = data.get("session_id") or request.headers.get("X-Session-ID")
        return await api.call(self._life, name, data, given)

    def _user(self, request: web.Request) -> str | None:
        cookie = request.cookies.get("swarm_token")
        return self._life.accounts.user_of(cookie, request.headers.get("X-SWARM-USER_ID"))

    async def view(self, request: web.Request) -> web.StreamResponse:
        found = self._life.files.get(f"View/{request.match_info['place']}")
        if self._user(request) is None or found is None:
            return web.Response(status=404)
        if "Range" in request.headers:
            span = request.http_range
            part = found[span]
            return web.Response(body=part, status=206, content_type="image/png")
        return web.Response(body=found, content_type="image/png")

    async def direct(self, request: web.Request) -> web.StreamResponse:
        user = self._user(request)
        if user is None or not self._life.accounts.may(user, "comfy_direct_calls"):
            self._life.log.say("Error", "direct call without permission")
            return _html(401, "Permission denied.")
        wanted = request.headers.get("X-Swarm-Backend-ID")
        ready = [
            one
            for one in self._life.backends.all.values()
            if one.is_comfy and one.status == "running" and wanted in (None, str(one.id))
        ]
        if not ready:
            return _html(400, "No ComfyUI backend available, loading failed.")
        self._life.calls.append((f"direct {request.match_info['path']}", user))
        if ready[0].comfy:
            return await _passed_on(f"{ready[0].comfy}/{request.match_info['path']}")
        rows = {"queue_running": ready[0].queue[:1], "queue_pending": ready[0].queue[1:]}
        left = {"exec_info": {"queue_remaining": len(ready[0].queue)}}
        said = {"queue": rows, "prompt": left}.get(request.match_info["path"])
        return web.json_response(said) if said is not None else web.Response(status=404)

    async def get(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise web.HTTPFound("/Error/NoGetAPI")
        socket = web.WebSocketResponse(heartbeat=30.0)
        await socket.prepare(request)
        talk = Talk(self._life, socket)
        await talk.run(request.match_info["name"])
        return socket


class Talk:
    """One socket of GenerateText2ImageWS."""

    def __init__(self, life: Life, socket: web.WebSocketResponse) -> None:
        self._life, self._socket = life, socket
        self._out: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._session: Session
        self._open = 0
        self._given = 0
        self._idle, self._more = asyncio.Event(), asyncio.Event()

    async def run(self, name: str) -> None:
        try:
            first = await self._socket.receive_json(timeout=FIRST_FRAME)
        except (TimeoutError, TypeError, ValueError):
            return
        session, _, refused = api.look_up(self._life, name, first.get("session_id"), socket=True)
        if refused is not None or session is None:
            await self._socket.send_json((refused or api.invalid_session()).body)
            await self._socket.close(code=1000)
            return
        self._session = session
        session.told.append(self._tell_status)
        self._request(first)
        try:
            async with asyncio.TaskGroup() as group:
                sending = group.create_task(self._send())
                listening = group.create_task(self._listen())
                await self._until_done()
                listening.cancel()
                self._out.put_nowait(None)
                await sending
        finally:
            session.told.remove(self._tell_status)
        await self._socket.close(code=1000)

    async def _listen(self) -> None:
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self._request(json.loads(message.data))
        self._open = -(2**30)  # gone: nothing is waited for any more
        self._idle.set()

    async def _send(self) -> None:
        while (message := await self._out.get()) is not None:
            try:
                await self._socket.send_json(message)
            except ConnectionError:
                return

    def _request(self, data: dict[str, Any]) -> None:
        self._open += 1
        self._idle.clear()
        self._more.set()
        self._life.start(self._make(data))

    async def _make(self, data: dict[str, Any]) -> None:
        claimed = _as_count(data.get("images", 1))
        self._session.add(waiting_gens=claimed)
        try:
            params = Params(data, self._life.models)
        except Refused as error:
            self._say({"error": str(error)})
            self._session.waiting_gens -= claimed  # told with the end of the socket
        else:
            made = Generation(self._life, self._session, params, self._say, first=self._given)
            self._given += params.images
            await made.run()
            self._say({"discard_indices": []})
        self._open -= 1
        if self._open <= 0:
            self._idle.set()

    async def _until_done(self) -> None:
        while True:
            await self._idle.wait()
            if self._open < 0:
                return
            self._say({"socket_intention": "close"})
            self._more.clear()
            try:
                async with asyncio.timeout(CLOSE_AFTER / self._life.speed):
                    await self._more.wait()
            except TimeoutError:
                self._tell_status()
                return

    def _say(self, message: dict[str, Any]) -> None:
        self._out.put_nowait(message)

    def _tell_status(self) -> None:
        self._say(api.status(self._life, self._session.counts))


def _as_count(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 1


def _html(status: int, text: str) -> web.Response:
    body = f"<!DOCTYPE html><html><body>{text}</body></html>"
    return web.Response(text=body, status=status, content_type="text/html")


async def _passed_on(url: str) -> web.StreamResponse:
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        body = await answer.read()
        return web.Response(body=body, status=answer.status, content_type=answer.content_type)

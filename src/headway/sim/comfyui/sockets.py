"""The open WebSockets and the one loop that speaks to all of them.

Rule 1: one socket per client id. A second one with the same id takes the place of the first, which
    stays open and hears nothing more; when the first closes, it takes the registration of the
    second with it.
Rule 2: one loop sends everything, to one socket after the other, and waits for each. A client that
    does not read holds up everybody once its buffers are full; what waits is delivered when it
    reads or leaves.
Rule 3: for that reason the outbox has no bound, as the real one has none. A simulation does not
    live long.
Rule 4: a new socket hears a status with its own id first; if it is the running prompt's owner come
    back, then the current node. Nothing else of the past.
"""

import asyncio
import contextlib
import json
import uuid
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from headway.sim.comfyui import messages
from headway.sim.comfyui.change import Change
from headway.sim.comfyui.pace import Pace


class Sockets:
    """The registry of sockets and its outbox."""

    def __init__(self, pace: Pace, change: Change, *, features: dict[str, Any]) -> None:
        self._pace, self._change = pace, change
        self._own_features = features
        self._open: dict[str, web.WebSocketResponse] = {}
        self._features: dict[str, dict[str, Any]] = {}
        self.stuck = False  # waiting for a client that does not read
        self._outbox: asyncio.Queue[tuple[str | bytes, str | None]] = asyncio.Queue()

    def knows(self, client_id: str) -> bool:
        return client_id in self._open

    def send(self, kind: str, data: dict[str, Any], *, to: str | None) -> None:
        """Let the loop say this to one client, or to everybody when `to` is None."""
        self._outbox.put_nowait((json.dumps({"type": kind, "data": data}), to))

    def wants_metadata(self, owner: str | None) -> bool:
        """Whether there is an owner, and it asked for pictures that say whose they are."""
        flags = self._features.get(owner, {}) if owner is not None else {}
        return bool(flags.get("supports_preview_metadata"))

    def send_preview(self, image: bytes, *, owner: str | None) -> None:
        """A picture in the oldest form, for the owner or, without one, for everybody."""
        self._outbox.put_nowait((messages.preview(image), owner))

    def send_preview_with_metadata(
        self, image: bytes, ids: dict[str, Any], *, owner: str | None
    ) -> None:
        self._outbox.put_nowait((messages.preview_with_metadata(image, ids), owner))

    def send_text(self, node: str, words: str) -> None:
        self._outbox.put_nowait((messages.text(node, words), None))

    async def publish(self) -> None:
        """Speak until cancelled."""
        while True:
            frame, to = await self._outbox.get()
            await self._pace.thawed()
            await self._change.until(lambda: not self.stuck)
            for socket in self._listeners(to):
                await _deliver(socket, frame)

    def _listeners(self, to: str | None) -> list[web.WebSocketResponse]:
        if to is None:
            return list(self._open.values())
        return [self._open[to]] if to in self._open else []

    async def serve(
        self,
        request: web.Request,
        *,
        remaining: Callable[[], int],
        node_of: Callable[[str], str | None],
    ) -> web.WebSocketResponse:
        """Keep one socket from its first to its last frame."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        client_id = request.query.get("clientId") or uuid.uuid4().hex
        self._open[client_id] = socket
        self._change.happened()
        self._features.pop(client_id, None)
        try:
            await _deliver(socket, _greeting(client_id, remaining()))
            node = node_of(client_id)
            if node is not None:
                await _deliver(socket, json.dumps({"type": "executing", "data": {"node": node}}))
            await self._listen(socket, client_id)
        finally:
            self._open.pop(client_id, None)  # whoever is registered by now (rule 1)
            self._features.pop(client_id, None)
            self._change.happened()
        return socket

    async def _listen(self, socket: web.WebSocketResponse, client_id: str) -> None:
        first = True
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                if first:
                    self._negotiate(client_id, message.data)
                first = False

    def _negotiate(self, client_id: str, text: str) -> None:
        """Answer the feature flags of a client, if that is what its first words are."""
        with contextlib.suppress(ValueError):
            message = json.loads(text)
            if isinstance(message, dict) and message.get("type") == "feature_flags":
                self._features[client_id] = message.get("data") or {}
                self.send("feature_flags", self._own_features, to=client_id)


def _greeting(client_id: str, remaining: int) -> str:
    return json.dumps({"type": "status", "data": {**messages.status(remaining), "sid": client_id}})


async def _deliver(socket: web.WebSocketResponse, frame: str | bytes) -> None:
    with contextlib.suppress(ConnectionError):  # it left meanwhile
        await (socket.send_str(frame) if isinstance(frame, str) else socket.send_bytes(frame))

"""The live stream over WebSocket: `headway.v1`, or the seeds' frames where a client
offers no subprotocol.

Rule 1: the first message is hello, within `hello_seconds`.
Rule 2: a message that is not understood is answered with an error and the stream goes
on; the number says whether to come back.
Rule 3: answers wait for room like news: a client that asks and never reads stands still.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import msgspec
from aiohttp import WSMsgType, web

from headway.errors import HeadwayError, UsageError
from headway.model.keys import kind_of
from headway.server.door import Door, door_of, who_of
from headway.server.encoded import view_bytes
from headway.server.flow import Flow, TooSlow, flow_to, gate_of
from headway.server.follow import Follower
from headway.server.gate import Gate
from headway.server.stream_plain import Plain
from headway.server.wire import Frame, SlowWire, Wire, wire_to
from headway.talk import messages
from headway.talk.messages import (
    SUBPROTOCOL,
    ClientFrame,
    GetFrame,
    HelloFrame,
    PingFrame,
    SubscribeFrame,
    UnsubscribeFrame,
    read_client,
)
from headway.talk.problems import (
    BAD_MESSAGE,
    GOING_AWAY,
    HELLO_FIRST,
    NO_HELLO,
    NOT_FOUND,
    NOT_JSON,
    TOO_MANY,
    TOO_SLOW,
    UNAVAILABLE,
    Code,
)

FAREWELL = 2.0  # seconds for the other side to answer a close


async def websocket(request: web.Request) -> web.StreamResponse:
    """Serve one socket until either side ends it."""
    door = door_of(request)
    gate = gate_of(request, door)
    socket = Socket(
        gate,
        protocols=(SUBPROTOCOL,),
        compress=False,
        autoping=False,
        timeout=FAREWELL,
        max_msg_size=door.settings.limits.frame_bytes,
    )
    conversation = Conversation(socket)
    with door.stream(conversation.leave, peer=gate.peer):
        await socket.prepare(request)
        socket.headers.clear()  # they are out; 5,000 idle readers need not keep them
        flow = flow_to(gate, patience=door.settings.limits.slow_seconds)
        everything = who_of(request).sees_everything
        if socket.ws_protocol == SUBPROTOCOL:
            wire = wire_to(socket, gate)
            live = Live(door, wire, flow, everything=everything)
            await conversation.hold(live, flow, wire if isinstance(wire, SlowWire) else None)
        else:
            await conversation.hold(_plain(door, socket, flow, everything=everything), flow)
    return socket


class Socket(web.WebSocketResponse):
    """A WebSocket that shuts its gate before it says goodbye, whoever began to."""

    def __init__(self, gate: Gate, **how: Any) -> None:
        super().__init__(**how)
        self._gate = gate

    async def close(self, **why: Any) -> bool:
        """Close, as the base class does."""
        self._gate.shut()
        return await super().close(**why)


class Conversation:
    """The two directions of one socket, each in its task; the first to end ends both."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._left: asyncio.Event | None = None

    async def hold(self, side: Live | Plain, flow: Flow, slow: SlowWire | None = None) -> None:
        """Talk until the end, then close. `slow`: a wire that must be run."""
        async with asyncio.TaskGroup() as tasks:
            sending = [tasks.create_task(self._send(side.send, flow))]
            if slow is not None:
                sending.append(tasks.create_task(self._send(slow.run, flow)))
            await self._receive(side, flow)
            if self._left is not None:
                await self._left.wait()
            for task in sending:
                task.cancel()
        flow.abort()  # whoever does not read does not read the end either

    async def leave(self, code: Code = GOING_AWAY) -> None:
        """Say why, and give the other side a moment to say that it heard."""
        if self._left is not None or not self._socket.prepared:
            return
        self._left = left = asyncio.Event()
        try:
            await self._socket.close(code=code.number, message=code.message.encode())
        finally:
            left.set()

    async def _send(self, send: Callable[[], Awaitable[None]], flow: Flow) -> None:
        try:
            await send()
        except TooSlow:
            await self.leave(TOO_SLOW)
        except HeadwayError:
            await self.leave(UNAVAILABLE)
        except NoHello:
            await self.leave(NO_HELLO)
        except ConnectionError:
            if self._left is None:  # else the farewell is on its way
                flow.abort()

    async def _receive(self, side: Live | Plain, flow: Flow) -> None:
        try:
            async for message in self._socket:
                await flow.room()
                if message.type is WSMsgType.PING:
                    await self._socket.pong(message.data)
                elif message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    await side.hear(message.data)
        except TooSlow:
            await self.leave(TOO_SLOW)
        except ConnectionError:
            flow.abort()


class NoHello(Exception):
    """The client did not say what it wants."""


class Live:
    """Our side of a `headway.v1` stream."""

    def __init__(self, door: Door, wire: Wire, flow: Flow, *, everything: bool) -> None:
        self._door = door
        self._wire = wire
        self._flow = flow
        self._everything = everything
        self._greeted = asyncio.get_running_loop().create_future()
        self._follower: Follower | None = None

    async def send(self) -> NoReturn:
        """Wait for the hello, then tell what comes, until cancelled. Raises: NoHello."""
        try:
            async with asyncio.timeout(self._door.settings.limits.hello_seconds):
                await self._greeted
        except TimeoutError as error:
            raise NoHello from error
        assert self._follower is not None
        await self._follower.run()

    async def hear(self, data: str | bytes) -> None:
        """Answer one message of the client."""
        try:
            frame = read_client(data)
        except msgspec.ValidationError as error:
            self._write(messages.error(BAD_MESSAGE, str(error)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self._write(messages.error(NOT_JSON, str(error)))
        else:
            await self._answer(frame)

    async def _answer(self, frame: ClientFrame) -> None:
        if isinstance(frame, HelloFrame) == (self._follower is not None):
            self._write(messages.error(HELLO_FIRST))
            return
        try:
            await _ANSWERS[type(frame)](self, frame.data)
        except HeadwayError:
            self._write(messages.error(UNAVAILABLE))

    async def greet(self, data: messages.Hello) -> None:
        """The client said what it wants."""
        self._follower = Follower(
            self._door, data, everything=self._everything, wire=self._wire, flow=self._flow
        )
        if not self._greeted.done():  # else the time for it is over
            self._greeted.set_result(None)

    async def ping(self, data: messages.Ping) -> None:
        """The client asks whether we are there."""
        self._write(messages.pong(data.id))

    async def get(self, data: messages.Get) -> None:
        """The client asks for one entity."""
        view = await self._read("get", data.key) if _is_key(data.key) else None
        if view is None:
            self._write(messages.error(NOT_FOUND, data.key[:200], asked=data.id))
            return
        entity = msgspec.Raw(view_bytes(view, everything=self._everything))
        self._write(messages.result(data.id, {"entity": entity}))

    async def subscribe(self, data: messages.Subscription) -> None:
        """The client wants the steps of a job: those known now, then their changes."""
        follower = self._following()
        if len(follower.interest.jobs) >= self._door.settings.limits.subscriptions:
            self._write(messages.error(TOO_MANY, asked=data.id))
            return
        if not _is_key(data.job) or kind_of(data.job) != "job":
            self._write(messages.error(NOT_FOUND, data.job[:200], asked=data.id))
            return
        follower.follow(data.job)  # before the look, so that nothing falls between
        steps = await self._read("steps", data.job)
        self._write(messages.result(data.id, {"job": data.job, "steps": steps}))

    async def unsubscribe(self, data: messages.Subscription) -> None:
        """The client has seen enough of a job's steps."""
        self._following().interest.leave(data.job)
        self._write(messages.result(data.id, {"job": data.job}))

    def _following(self) -> Follower:
        assert self._follower is not None  # `_answer` lets nothing pass before the hello
        return self._follower

    async def _read(self, method: str, key: str) -> Any:
        return await self._door.plane.read(method, key)

    def _write(self, frame: bytes) -> None:
        self._wire.write(Frame(frame))


_ANSWERS: dict[type[ClientFrame], Callable[[Live, Any], Awaitable[None]]] = {
    HelloFrame: Live.greet,
    PingFrame: Live.ping,
    GetFrame: Live.get,
    SubscribeFrame: Live.subscribe,
    UnsubscribeFrame: Live.unsubscribe,
}


def _plain(door: Door, socket: web.WebSocketResponse, flow: Flow, *, everything: bool) -> Plain:
    async def write(frame: bytes) -> None:
        await socket.send_frame(frame, WSMsgType.TEXT)

    return Plain(door, flow, write, everything=everything)


def _is_key(text: str) -> bool:
    try:
        kind_of(text)
    except UsageError:
        return False
    return True

"""Frames straight to the transport: encoded once, the same bytes for every reader.

Rule 1: a frame is written whole, in one call, so that what aiohttp writes to the same
transport (answers to pings, the close) always falls between two frames.
Rule 2: after our side said goodbye nothing more is written.
Rule 3: this leans on how aiohttp writes, which is no promise of aiohttp's: with a
version that was not tried (`TRIED`) the frames go through its own `send_frame`.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from typing import Protocol

import aiohttp
from aiohttp import WSMsgType, web

from headway.server.gate import PENDING, Gate

TRIED = ("3.14.",)  # of aiohttp; tests/server/test_wire.py tries the one that is installed
_TEXT = 0x81  # a whole text frame (RFC 6455, section 5.2)

_SHORT = struct.Struct("!BB").pack
_MEDIUM = struct.Struct("!BBH").pack
_LONG = struct.Struct("!BBQ").pack


class Frame:
    """One message in the forms in which it goes out; `cursor` is where its reader stands."""

    __slots__ = ("_chunk", "cursor", "payload", "socket")

    def __init__(self, payload: bytes, cursor: str = "") -> None:
        self.payload = payload
        self.cursor = cursor
        self.socket = _header(len(payload)) + payload
        self._chunk = b""

    @property
    def event(self) -> bytes:
        """As a server-sent event."""
        return b"id: %b\ndata: %b\n\n" % (self.cursor.encode(), self.payload)

    @property
    def chunk(self) -> bytes:
        """The event as one chunk of an HTTP body (RFC 9112, section 7.1)."""
        if not self._chunk:
            event = self.event
            self._chunk = b"%x\r\n%b\r\n" % (len(event), event)
        return self._chunk


class Comment(Frame):
    """A server-sent event that no reader hears."""

    @property
    def event(self) -> bytes:
        """As a comment."""
        return b": %b\n\n" % self.payload


class Wire(Protocol):
    """The way out to one reader, of a socket or of events."""

    def put(self, frame: Frame) -> bool:
        """Write the frame; False, and nothing is written, if there is no room now."""

    def write(self, frame: Frame) -> None:
        """Write the frame, room or not. Raises: ConnectionResetError after the end."""

    def check(self) -> None:
        """Raise ConnectionResetError after the end."""


class Direct:
    """The way out by the transport itself."""

    __slots__ = ("_gate", "_write")

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._write = gate.transport.write

    def check(self) -> None:
        """Raise ConnectionResetError after the end."""
        if self._gate.is_shut:
            raise ConnectionResetError("the reader has gone")


class SocketWire(Direct):
    """To a WebSocket."""

    __slots__ = ()

    def put(self, frame: Frame) -> bool:
        """Write the frame if there is room, and somebody to read it."""
        gate = self._gate
        if not gate.free:
            return False
        data = frame.socket
        self._write(data)
        gate.sent += len(data)
        return True

    def write(self, frame: Frame) -> None:
        """Write the frame. Raises: ConnectionResetError after the end."""
        self.check()
        self._write(frame.socket)
        self._gate.sent += len(frame.socket)


class EventWire(Direct):
    """To a reader of server-sent events, once its headers are out."""

    __slots__ = ()

    def put(self, frame: Frame) -> bool:
        """Write the event if there is room, and somebody to read it."""
        gate = self._gate
        if not gate.free:
            return False
        data = frame.chunk
        self._write(data)
        gate.sent += len(data)
        return True

    def write(self, frame: Frame) -> None:
        """Write the event. Raises: ConnectionResetError after the end."""
        self.check()
        self._write(frame.chunk)
        self._gate.sent += len(frame.chunk)


class SlowWire:
    """Through aiohttp's own methods, in a task of its own (`run`): frames wait in a line."""

    __slots__ = ("_gate", "_line", "_more", "_response", "_waiting")

    def __init__(self, response: web.StreamResponse, gate: Gate) -> None:
        self._response = response
        self._gate = gate
        self._line: deque[Frame] = deque()
        self._waiting = 0
        self._more = asyncio.Event()

    def put(self, frame: Frame) -> bool:
        """Put the frame in the line if there is room."""
        if not self._gate.free or self._waiting > PENDING:
            return False
        self.write(frame)
        return True

    def write(self, frame: Frame) -> None:
        """Put the frame in the line. Raises: ConnectionResetError after the end."""
        self.check()
        self._line.append(frame)
        self._waiting += len(frame.payload)
        self._more.set()

    def check(self) -> None:
        """Raise ConnectionResetError after the end."""
        if self._gate.is_shut:
            raise ConnectionResetError("the reader has gone")

    async def run(self) -> None:
        """Send what stands in the line, until cancelled. Raises: ConnectionError."""
        while True:
            await self._more.wait()
            self._more.clear()
            while self._line:
                await self._send(self._line[0])
                self._waiting -= len(self._line.popleft().payload)

    async def _send(self, frame: Frame) -> None:
        if isinstance(self._response, web.WebSocketResponse):
            await self._response.send_frame(frame.payload, WSMsgType.TEXT)
        else:
            await self._response.write(frame.event)


def wire_to(
    response: web.StreamResponse, gate: Gate, *, version: str = aiohttp.__version__
) -> SocketWire | EventWire | SlowWire:
    """The way out of a response that is prepared."""
    if not version.startswith(TRIED):
        return SlowWire(response, gate)
    if isinstance(response, web.WebSocketResponse):
        return SocketWire(gate)
    chunked = response.headers.get("Transfer-Encoding") == "chunked"  # not in HTTP/1.0
    return EventWire(gate) if chunked else SlowWire(response, gate)


def _header(size: int) -> bytes:
    if size < 126:
        return _SHORT(_TEXT, size)
    return _MEDIUM(_TEXT, 126, size) if size < 65_536 else _LONG(_TEXT, 127, size)

"""One back end asked by blocking calls, all of them within one span of time.

Rule 1: what does not come in time, or is no HTTP, is `Gone`; nothing else is raised.
Rule 2: plain sockets where they are enough: the modules of the library for HTTP take longer
to load than a look takes. HTTP/1.0, so that an answer ends where its connection does.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

PIECE = 262_144  # bytes read at once
LARGEST_HEAD = 65_536  # bytes
LONGEST_PLACE = 200  # characters of a Location that are kept
PORTS = {"http": 80, "https": 443}


class Gone(Exception):
    """It cannot be reached, or is not what it was taken for. The message is for people."""


class Answer(NamedTuple):
    """What came. `body` None: more than was asked for."""

    status: int
    body: bytes | None
    location: str = ""


class Link:
    """Asks one URL for so many seconds from now."""

    def __init__(self, url: str, patience: float) -> None:
        self.url = url
        self._until = time.monotonic() + patience

    def ask(
        self,
        path: str,
        *,
        limit: int,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer; with a body it is a POST of JSON. Raises: Gone, OSError."""
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 80)
        sent = _request(parts.path.rstrip("/") + path, parts.netloc, body, headers or {})
        try:
            link = self._connected(parts.scheme, host, port)
            try:
                link.sendall(sent)
                return self._answer(link, limit)
            finally:
                link.close()
        except TimeoutError as error:
            raise Gone("it did not answer in time") from error

    def _connected(self, scheme: str, host: str, port: int) -> socket.socket:
        link = socket.create_connection((host, port), self._left())
        if scheme != "https":
            return link
        import ssl  # takes long to load, and is rarely needed

        try:
            return ssl.create_default_context().wrap_socket(link, server_hostname=host)
        except BaseException:
            link.close()
            raise

    def _answer(self, link: socket.socket, limit: int) -> Answer:
        data = b""
        pieces = self._pieces(link)
        while b"\r\n\r\n" not in data:
            piece = next(pieces, b"")
            if not piece or len(data) > LARGEST_HEAD:
                raise Gone("it does not speak HTTP")
            data += piece
        head, _, first = data.partition(b"\r\n\r\n")
        status, fields = _head(head)
        length = fields.get("content-length", "")
        most = int(length) if length.isascii() and length.isdigit() else None
        found = _body(first, pieces, limit, most)
        if found is not None and "chunked" in fields.get("transfer-encoding", "").lower():
            found = _unchunked(found)
        return Answer(status, found, fields.get("location", "")[:LONGEST_PLACE])

    def _pieces(self, link: socket.socket) -> Iterator[bytes]:
        while True:
            link.settimeout(self._left())
            piece = link.recv(PIECE)
            if not piece:
                return
            yield piece

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise Gone("it did not answer in time")
        return left


def _request(target: str, host: str, body: bytes | None, headers: Mapping[str, str]) -> bytes:
    fields = {"Host": host.rpartition("@")[2], "Accept": "*/*", "Connection": "close", **headers}
    if body is not None:
        fields |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = [f"{'GET' if body is None else 'POST'} {target or '/'} HTTP/1.0"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    if any("\r" in line or "\n" in line for line in lines):
        raise Gone("its address cannot be asked")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "replace") + (body or b"")


def _head(data: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = data.decode("latin-1").split("\r\n")
    parts = first.split(None, 2)
    if len(parts) < 2 or not parts[0].startswith("HTTP/1.") or not parts[1].isdigit():
        raise Gone("it does not speak HTTP")
    named = (line.partition(":") for line in lines)
    return int(parts[1]), {name.strip().lower(): value.strip() for name, _, value in named}


def _body(first: bytes, pieces: Iterator[bytes], limit: int, length: int | None) -> bytes | None:
    """The body; None if it is larger than `limit`. Raises: Gone if it broke off."""
    got, size = [first], len(first)
    while length is None or size < length:
        if size > limit:
            return None
        piece = next(pieces, b"")
        if not piece:
            break
        got.append(piece)
        size += len(piece)
    if length is not None and size < length:
        raise Gone("its answer broke off")
    return b"".join(got) if size <= limit else None


def _unchunked(data: bytes) -> bytes:
    # No answer to HTTP/1.0 should come so (RFC 9112, 6.1); some servers do it all the same.
    found: list[bytes] = []
    rest = data
    while True:
        size, line, rest = rest.partition(b"\r\n")
        try:
            length = int(size.partition(b";")[0], 16)
        except ValueError:
            raise Gone("its answer broke off") from None
        if not line or length < 0 or len(rest) < length:
            raise Gone("its answer broke off")
        if not length:
            return b"".join(found)
        found.append(rest[:length])
        rest = rest[length + 2 :]

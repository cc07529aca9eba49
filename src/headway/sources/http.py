"""A thin HTTP client for asking: bounded in time and size, and honest about what it met.

Rule 1: no redirect is followed, no cookie kept, no proxy of the environment used, no
    Origin sent: what answers must be what was configured.
Rule 2: an answer is a value, whatever its status; only a server that cannot be talked to
    is a `SourceLost`, with a hint for the reader.
Rule 3: a body larger than its limit is given up at the limit.
"""

from __future__ import annotations

import asyncio
import email.utils
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from headway.errors import ConfigError, SourceLost
from headway.version import __version__

CONNECT_TIME = 5.0  # seconds to get a connection
ANSWER_TIME = 15.0  # seconds for a whole answer
CLOSE_TIME = 1.0  # seconds that a server gets to say goodbye
PIECE = 262_144  # bytes read at once


class Answer(msgspec.Struct, frozen=True):
    """What came back. `body` None: larger than was asked for.

    `ahead`: how many seconds the server's clock is ahead of ours, by its Date header.
    """

    status: int
    body: bytes | None
    location: str = ""
    ahead: float | None = None


def clean_url(url: str) -> str:
    """The URL with a scheme and without a slash at its end. Raises: ConfigError."""
    full = url.strip() if "://" in url else f"http://{url.strip()}"
    try:
        parts = urlsplit(full)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f"not the url of a server: {url[:200]!r}", "write http://host:port")
    return full.rstrip("/")


def shown_url(url: str) -> str:
    """The URL without a name and a password: as it may be told, stored and logged."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def session() -> aiohttp.ClientSession:
    """A session by Rule 1."""
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"headway/{__version__}"},
        timeout=aiohttp.ClientTimeout(total=ANSWER_TIME, sock_connect=CONNECT_TIME),
        trust_env=False,
        max_line_size=65_536,
    )


class Asker:
    """Asks one server. `clock` is ours, in seconds since the epoch."""

    def __init__(self, client: aiohttp.ClientSession, url: str, *, clock: Any) -> None:
        self._client, self._url, self._clock = client, url, clock

    async def ask(
        self,
        path: str,
        *,
        limit: int,
        method: str = "GET",
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer | None:
        """The answer; None if there was none in time. Raises: SourceLost."""
        try:
            return await self._ask(path, limit, method, json=json, headers=headers)
        except TimeoutError:
            return None
        except (aiohttp.ClientError, ssl.SSLError, OSError, ValueError) as error:
            raise lost_by(error, self._url) from error

    async def _ask(self, path: str, limit: int, method: str, **sent: Any) -> Answer:
        url = self._url + path
        async with self._client.request(method, url, allow_redirects=False, **sent) as response:
            body = await bounded(response, limit=limit)
            return Answer(
                status=response.status,
                body=body,
                location=response.headers.get("Location", "")[:200],
                ahead=_ahead(response.headers.get("Date", ""), self._clock()),
            )


async def bounded(response: aiohttp.ClientResponse, *, limit: int) -> bytes | None:
    """The body, or None once it is larger than the limit."""
    if (response.content_length or 0) > limit:
        response.close()
        return None
    pieces: list[bytes] = []
    size = 0
    async for piece in response.content.iter_chunked(PIECE):
        size += len(piece)
        if size > limit:
            response.close()
            return None
        pieces.append(piece)
    return b"".join(pieces)


def lost_by(error: Exception, url: str) -> SourceLost:
    """The loss behind a library's error."""
    url = shown_url(url)
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        hint = "its certificate is not trusted here; use its http:// address or trust its issuer"
        return SourceLost(f"the certificate of {url} is refused", hint, retry=False)
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return SourceLost(
            f"no TLS with {url}", "if it speaks plain http, write http://", retry=False
        )
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientConnectorDNSError):
        hint = "is it running, and is the address right?"
        return SourceLost(f"nothing answers at {url}", hint, gone=_refused(error))
    if isinstance(error, aiohttp.InvalidURL):
        return SourceLost(f"not an address: {url}", "write http://host:port", retry=False)
    if isinstance(error, aiohttp.ClientResponseError | aiohttp.ClientPayloadError | ValueError):
        hint = "if it speaks https, write https://"
        return SourceLost(f"what answers at {url} is no proper HTTP", hint)
    return SourceLost(f"the connection to {url} broke", "it is tried again", gone=_closed(error))


def _refused(error: Exception) -> bool:
    return isinstance(getattr(error, "os_error", error), ConnectionRefusedError)


def _closed(error: Exception) -> bool:
    return isinstance(error, aiohttp.ServerDisconnectedError | ConnectionError)


def stopped(url: str) -> SourceLost:
    """The loss of a server that accepts connections and says nothing."""
    hint = "it may be busy or hung; it is tried again"
    return SourceLost(f"{shown_url(url)} does not answer", hint)


async def open_socket(
    client: aiohttp.ClientSession, url: str, path: str, *, largest: int, heartbeat: float
) -> aiohttp.ClientWebSocketResponse[bool]:
    """A WebSocket whose text frames come as bytes. Raises: SourceLost."""
    try:
        async with asyncio.timeout(ANSWER_TIME):
            return await client.ws_connect(
                url + path,
                heartbeat=heartbeat,
                max_msg_size=largest,
                decode_text=False,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIME),
            )
    except TimeoutError as error:
        raise stopped(url) from error
    except aiohttp.WSServerHandshakeError as error:
        hint = "a proxy in front of it must pass WebSockets on"
        told = f"{shown_url(url)} refused a WebSocket: {error.status}"
        raise SourceLost(told, hint) from error
    except (aiohttp.ClientError, ssl.SSLError, OSError, ValueError) as error:
        raise lost_by(error, url) from error


def _ahead(date: str, now: float) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(date).timestamp() - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return None

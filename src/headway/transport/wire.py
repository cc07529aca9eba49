"""One batch of events to one server, over one kept connection.

Rule 1: 200 is the only acknowledgement.
Rule 2: what the server refuses is the sender's mistake (`UsageError`, `Refused`) and is
not tried again; what it cannot take now is `Unreachable`, and may be.
"""

from __future__ import annotations

import http.client
import json
import ssl
import uuid
from typing import Any
from urllib.parse import urlsplit

from headway.errors import HeadwayError, Refused, Unreachable, UsageError
from headway.transport.place import Place

PATIENCE = 10.0  # seconds for a server to connect, and to answer
PATH = "/api/v1/events"
LONGEST_ANSWER = 8_388_608  # bytes of an answer that are read

REFUSALS: dict[int, type[HeadwayError]] = {401: Refused, 403: Refused}
LATER = frozenset({408, 409, 429})


class Wire:
    """A connection to a server; it opens by itself and may be used again after an error."""

    def __init__(self, place: Place, *, patience: float = PATIENCE) -> None:
        self._place = place
        self._patience = patience
        self._connection: http.client.HTTPConnection | None = None

    def post(self, events: list[bytes]) -> None:
        """Send encoded events; returns once they are stored.

        Raises: Unreachable, Refused, UsageError; nothing is stored then, or (Unreachable)
        it is not known, and the same may be sent again.
        """
        body = b'{"events":[%b]}' % b",".join(events)
        more = {"Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex}
        self._asked("POST", PATH, body, more)

    def get(self, path: str) -> bytes:
        """The answer to a question, as JSON. Raises: Unreachable, Refused, UsageError."""
        return self._asked("GET", path, b"", {"Accept": "application/json"})

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _asked(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        if self._place.token:
            headers["Authorization"] = f"Bearer {self._place.token}"
        status, answer = self._answered(method, path, body, headers)
        if status == 200:
            return answer
        raise _error(self._place, status, answer)

    def _answered(self, *request: Any) -> tuple[int, bytes]:
        fresh = self._connection is None
        try:
            return self._once(*request)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if fresh or isinstance(error, TimeoutError):
                raise self._silent(error) from error
        try:  # a kept connection that the server had closed meanwhile
            return self._once(*request)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._silent(error) from error

    def _once(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = _connection(self._place.url, self._patience)
        target = urlsplit(self._place.url).path.rstrip("/") + path
        self._connection.request(method, target, body=body or None, headers=headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read(LONGEST_ANSWER)

    def _silent(self, error: Exception) -> Unreachable:
        what = str(error) or type(error).__name__
        return Unreachable(
            f"no answer from {self._place.url}: {what}", "is `headway serve` running?"
        )


def _connection(url: str, patience: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"not the URL of a server: {url!r}", "such as http://localhost:8329")
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=patience, context=context
        )
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=patience)


def _error(place: Place, status: int, answer: bytes) -> HeadwayError:
    said = _problem(answer)
    words = str(said.get("detail") or said.get("title") or f"HTTP {status}")
    message, hint = f"{place.url} answers: {words}", str(said.get("hint", ""))
    if status >= 500 or status in LATER:
        return Unreachable(message, hint)
    if 300 <= status < 400:
        return Unreachable(f"{place.url} answers with a redirect", "give the address it leads to")
    return REFUSALS.get(status, UsageError)(message, hint)


def _problem(answer: bytes) -> dict[str, Any]:
    try:
        said = json.loads(answer)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}

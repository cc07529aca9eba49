"""A running server, asked and listened to by blocking calls.

Rule 1: a server that was named (HEADWAY_URL) and does not answer is an error; a run file
whose server is gone is no server.
Rule 2: no proxy of the environment is used: what is asked is this machine, or was named.
Rule 3: what a stream brings waits in a queue of `QUEUED`; at the bound its reader waits,
and the server conflates.
"""

from __future__ import annotations

import json
import os
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from headway.cli import wire
from headway.errors import Refused, Unreachable, UsageError

PATIENCE = 10.0  # seconds for an answer
SILENCE = 45.0  # seconds; a stream speaks every 15
QUEUED = 1_000  # messages
RATE = 20  # rounds a second: two who tell of one step come a moment apart, each a change
PAUSE = 1.0  # seconds between two looks when nothing happens
CANNOT_ACT = "urn:headway:problem:cannot-act"
PAGE = 500  # rows the server gives at once


class Server:
    """A server by its URL. Use `found` to get the one to ask."""

    asked = True  # its answers are of now

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url
        self._token = token

    def get(self, path: str, **query: Any) -> Any:
        """The answer to a GET, from JSON.

        Raises: Unreachable, Refused, UsageError, by who can act.
        """
        given = {name: value for name, value in query.items() if value not in ("", None)}
        target = path + (f"?{urlencode(given)}" if given else "")
        link = self._link(PATIENCE)
        try:
            answer = self._asked(link, target, "application/json")
            return _value(answer, answer.read())
        except (OSError, HTTPException) as error:
            raise self._gone(error) from error
        finally:
            link.close()

    def post(self, path: str, body: bytes, *, key: str = "", patience: float = PATIENCE) -> Any:
        """The answer to JSON, from JSON; `key`: sent again with it, it is done once.

        Raises: as `get`.
        """
        link = self._link(patience)
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        try:
            answer = self._asked(link, path, "application/json", body=body, headers=headers)
            return _value(answer, answer.read())
        except (OSError, HTTPException) as error:
            raise self._gone(error) from error
        finally:
            link.close()

    def status(self) -> dict[str, Any]:
        """The answer of `status`."""
        return self.get("/api/v1/status")  # type: ignore[no-any-return]

    def jobs(self, *, limit: int, **filters: Any) -> list[dict[str, Any]]:
        """Jobs by filter, up to `limit`."""
        found: list[dict[str, Any]] = []
        after = ""
        while len(found) < limit:
            size = min(limit - len(found), PAGE)
            page = self.get("/api/v1/jobs", limit=size, after=after, **filters)
            found += page["jobs"]
            after = page.get("next", "")
            if not after:
                break
        return found

    def job(self, key: str) -> dict[str, Any]:
        """The job with that key, or the only one that begins so. Raises: UsageError."""
        return self.get(f"/api/v1/jobs/{quote(key, safe='')}")  # type: ignore[no-any-return]

    def steps(self, key: str) -> list[dict[str, Any]]:
        """The steps of the job with that key."""
        return self.get(f"/api/v1/jobs/{quote(key, safe='')}/steps")["steps"]  # type: ignore[no-any-return]

    def group(self, name: str) -> dict[str, Any] | None:
        """The group with that id; None if nobody has heard of it."""
        after = ""
        while True:
            page = self.get("/api/v1/groups", limit=PAGE, after=after)
            found = [one for one in page["groups"] if one["id"] == name]
            after = page.get("next", "")
            if found or not after:
                return found[0] if found else None

    def ticks(self, *, until: float | None = None) -> Iterator[list[dict[str, Any]]]:
        """The messages of the live stream as they come, an empty list at least every second.

        The first comes once the stream stands, so that who looks then misses nothing.
        Ends when `until` (monotonic seconds) is over. Raises: Unreachable.
        """
        heard: queue.Queue[dict[str, Any] | Exception] = queue.Queue(QUEUED)
        threading.Thread(target=self._listen, args=(heard,), daemon=True).start()
        while until is None or time.monotonic() < until:
            pause = PAUSE if until is None else min(PAUSE, max(until - time.monotonic(), 0.0))
            try:
                first = heard.get(timeout=pause)
            except queue.Empty:
                yield []
                continue
            if isinstance(first, Exception):
                raise self._gone(first) from first
            yield [first]

    def _listen(self, heard: queue.Queue[dict[str, Any] | Exception]) -> None:
        link = self._link(SILENCE)
        try:
            answer = self._asked(link, f"/api/v1/stream?max_rate={RATE}", "text/event-stream")
            if answer.status != 200:
                _value(answer, answer.read())
            for message in messages(iter(answer.readline, b"")):
                heard.put(message)
            heard.put(OSError("the stream ended"))
        except Exception as error:  # a task root: whatever it was, who waits must hear of it
            heard.put(error)
        finally:
            link.close()

    def _link(self, patience: float) -> HTTPConnection:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"not the URL of a server: {self.url!r}", "it reads http://host:port")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        return kind(parts.hostname, parts.port or wire.PORT, timeout=patience)

    def _asked(
        self,
        link: HTTPConnection,
        target: str,
        accept: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HTTPResponse:
        headers = {"Accept": accept, **(headers or {})}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        link.request("GET" if body is None else "POST", target, body=body, headers=headers)
        return link.getresponse()

    def _gone(self, error: Exception) -> Exception:
        if not isinstance(error, OSError | HTTPException):
            return error
        return Unreachable(
            f"the server at {self.url} does not answer: {error}",
            "start one with `headway serve`, or unset HEADWAY_URL",
        )


def found() -> Server | None:
    """The server to ask; None if none runs. Raises: Unreachable for one that was named."""
    named = os.environ.get(wire.URL, "")
    if named:
        return Server(named, os.environ.get(wire.TOKEN, ""))
    run = wire.server()
    if run is None or not wire.answers(run):
        return None
    host = f"[{run.host}]" if ":" in run.host else run.host
    return Server(f"http://{host}:{run.port}", run.token)


def messages(lines: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    """The messages of a stream of server-sent events (WHATWG HTML, 9.2)."""
    data: list[str] = []
    for line in lines:
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text.startswith("data:"):
            data.append(text[5:].removeprefix(" "))
        elif not text and data:
            said = json.loads("\n".join(data))
            data = []
            if isinstance(said, dict):
                yield said


def _value(answer: HTTPResponse, body: bytes) -> Any:
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if answer.status == 200 and said is not None:
        return said
    problem = said if isinstance(said, dict) else {}
    what = str(problem.get("detail") or problem.get("title") or answer.reason)
    value = f": {problem['value']!r}" if problem.get("value") else ""
    message = f"{what[:1].lower()}{what[1:]}{value}"
    acts = problem.get("type") != CANNOT_ACT
    kind = _KINDS.get(answer.status, Unreachable) if acts else Unreachable
    raise kind(message, str(problem.get("hint", "")))


_KINDS: dict[int, type[Refused | UsageError | Unreachable]] = {
    400: UsageError,
    401: Refused,
    403: Refused,
    404: UsageError,
    409: UsageError,
}

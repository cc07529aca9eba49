"""One question to the server, and what its answers mean as values and errors."""

from __future__ import annotations

from typing import Any, TypeVar

import aiohttp
import msgspec

from headway.errors import HeadwayError, Refused, Unreachable, UsageError
from headway.talk.problems import TYPE, Problem

T = TypeVar("T")

REFUSED = frozenset({401, 403})
LATER = frozenset({408, 409, 429})
ASK_OTHERWISE = frozenset({f"{TYPE}ambiguous", f"{TYPE}consent-needed"})
"""Those of status 409 where the same question again has the same answer."""


class Asking:
    """Asks over one session; a connection that broke is opened again by the next question."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def get(self, path: str, kind: type[T], **parameters: Any) -> T:
        """The answer, as `kind`. Raises: UsageError, Refused, Unreachable."""
        given = {
            name: _text(value) for name, value in parameters.items() if value not in ("", None)
        }
        return _decoded(await self._ask("GET", path, params=given), kind)

    async def post(self, path: str, body: bytes, kind: type[T], **headers: str) -> T:
        """The answer to JSON. Raises: as `get`."""
        sent = {"Content-Type": "application/json"} | headers
        return _decoded(await self._ask("POST", path, data=body, headers=sent), kind)

    async def _ask(self, method: str, path: str, **more: Any) -> bytes:
        try:
            async with self._session.request(
                method, self._url + path, allow_redirects=False, **more
            ) as answer:
                body = await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise silent(self._url, error) from error
        if answer.status != 200:
            raise error_of(answer.status, body, self._url)
        return body


def silent(url: str, error: Exception) -> Unreachable:
    """That nobody answers there."""
    what = str(error) or type(error).__name__
    return Unreachable(f"no answer from {url}: {what}", "is `headway serve` running?")


def error_of(status: int, body: bytes, url: str) -> HeadwayError:
    """The error of ours that an answer means."""
    try:
        said = msgspec.json.decode(body, type=Problem)
    except msgspec.DecodeError:
        return Unreachable(f"{url} answers {status}, not as Headway does")
    words = said.detail or said.title
    if said.value:
        words = f"{words}: {said.value!r}"
    if status in REFUSED:
        return Refused(words, said.hint)
    if status >= 500 or (status in LATER and said.type not in ASK_OTHERWISE):
        return Unreachable(words, said.hint)
    return UsageError(words, said.hint)


def _decoded(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise Unreachable(f"the server answers as another version would: {error}") from error


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

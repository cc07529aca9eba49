"""Calls to one SwarmUI, each with the one kept session.

Rule 1: the kept session is used until the server refuses it; then one new one is made, and
    the call is repeated once.
Rule 2: no call goes out that the session's permissions do not hold.
Rule 3: in account mode the token goes out as the cookie it is, to this server alone.
Rule 4: two answers in a row that do not come are a loss.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import aiohttp

from headway.dialects.comfyui.wire import Skip
from headway.dialects.swarmui.answers import LARGEST_ANSWER, Refusal, read_answer
from headway.dialects.swarmui.session import Session, kept, read_kept, read_session
from headway.errors import Refused, SourceLost
from headway.sources.comfyui_link import refuse_others
from headway.sources.http import Answer, Asker, open_socket, session, stopped

MOST_MISSING = 2  # answers in a row that may not come
COOKIE = "swarm_token"
Found = dict[str, Any] | Refusal | Skip


class Kept(Protocol):
    """A kept session and its number."""

    number: int
    text: str


class Sessions(Protocol):
    """Where sessions are kept (`headway.host.sessions`)."""

    def get(self, place: str) -> Kept: ...
    def put(self, place: str, text: str, *, after: int) -> Kept: ...
    def replace(self, place: str, text: str) -> None: ...


def client_of(token: str) -> aiohttp.ClientSession:
    """An HTTP session; with a token it says who we are."""
    client = session()
    if token:
        client.headers["Cookie"] = f"{COOKIE}={token}"
    return client


class Caller:
    """Calls over one HTTP session. `begin` first."""

    def __init__(
        self,
        client: aiohttp.ClientSession,
        url: str,
        *,
        sessions: Sessions,
        token: str = "",
        clock: Callable[[], float],
    ) -> None:
        self.url = url
        self._client = client
        self._asker = Asker(client, url, clock=clock)
        self._sessions, self._clock = sessions, clock
        account = hashlib.blake2b(token.encode(), digest_size=8).hexdigest() if token else ""
        self._place = f"{url} {account}"
        self._number = 0
        self._missing = 0
        self.session = Session(id="")

    async def begin(self, *, look_again: bool = False) -> Session:
        """The session. `look_again`: also hear who the server is now. Raises: SourceLost."""
        there = await asyncio.to_thread(self._sessions.get, self._place)
        found = read_kept(there.text)
        self._number = there.number
        if found is None:
            await self._renew()
        elif look_again:
            # Only GetNewSession says which start of the server this is. Ours is kept: what it
            # asked for is counted under it.
            self.session = found.as_of(await self._new())
            await asyncio.to_thread(self._sessions.replace, self._place, kept(self.session))
        else:
            self.session = found
        return self.session

    async def call(self, route: str, **data: Any) -> Found:
        """The answer of a call. Raises: SourceLost."""
        found = await self._call(route, data)
        if isinstance(found, Refusal) and found.why == "session":
            await self.renew()
            found = await self._call(route, data)
        return found

    async def renew(self) -> Session:
        """Another session, for the server does not know ours. Raises: SourceLost, Refused."""
        there = await asyncio.to_thread(self._sessions.get, self._place)
        found = read_kept(there.text)
        if found is not None and there.number != self._number and found.id != self.session.id:
            self._number, self.session = there.number, found  # somebody else made it already
        else:
            await self._renew()
        return self.session

    async def get(self, path: str, *, limit: int, backend: str = "") -> Answer | None:
        """A page that is no call; of that back end. Raises: SourceLost."""
        headers = {"X-Swarm-Backend-ID": backend} if backend else {}
        answer = await self._asker.ask(path, limit=limit, headers=headers)
        self._count(answer)
        return answer

    async def open(
        self, path: str, *, largest: int, beat: float
    ) -> aiohttp.ClientWebSocketResponse[bool]:
        """A WebSocket to it, with pings every `beat` seconds. Raises: SourceLost."""
        return await open_socket(self._client, self.url, path, largest=largest, heartbeat=beat)

    async def send(
        self, socket: aiohttp.ClientWebSocketResponse[bool], body: Mapping[str, Any]
    ) -> None:
        """Send a request under our session. Raises: SourceLost."""
        try:
            await socket.send_json({**body, "session_id": self.session.id})
        except (aiohttp.ClientError, OSError) as error:
            raise SourceLost(f"the connection to {self.url} broke", "nothing was asked") from error

    async def _call(self, route: str, data: dict[str, Any]) -> Found:
        body = {"session_id": self.session.id, **data}
        return await self._post(route, body)

    async def _post(self, route: str, body: dict[str, Any]) -> Found:
        path = f"/API/{route}"
        answer = await self._asker.ask(path, limit=LARGEST_ANSWER, method="POST", json=body)
        self._count(answer)
        if answer is None:
            return Skip(f"{route}: no answer in time")
        found = read_answer(answer.status, answer.body)
        if isinstance(found, Skip):
            refuse_others(answer, self.url)
        return found

    def _count(self, answer: Answer | None) -> None:
        self._missing = self._missing + 1 if answer is None else 0
        if self._missing >= MOST_MISSING:
            raise stopped(self.url)

    async def _renew(self) -> None:
        made = await self._new()
        stands = await asyncio.to_thread(
            self._sessions.put, self._place, kept(made), after=self._number
        )
        self._number = stands.number
        self.session = read_kept(stands.text) or made

    async def _new(self) -> Session:
        found = await self._post("GetNewSession", {})
        if isinstance(found, Refusal) and found.why == "login":
            hint = "it has accounts: set `token` to a swarm_token of yours"
            raise SourceLost(f"{self.url} wants a login", hint, retry=False)
        made = read_session(found, self._clock()) if isinstance(found, dict) else None
        if not isinstance(made, Session):
            hint = "check the port: SwarmUI's is 7801"
            raise SourceLost(f"what answers at {self.url} is no SwarmUI", hint, retry=False)
        return made


def refused(found: Refusal | Skip, doing: str) -> Refused:
    """The error for a call that was made on request and not taken."""
    why = found.said if isinstance(found, Refusal) else found.reason
    hints = {
        "permission": "the account lacks the permission; its owner can grant it",
        "login": "it has accounts: set `token` to a swarm_token of yours",
        "route": "this version of SwarmUI has no such call",
    }
    hint = hints.get(found.why, "") if isinstance(found, Refusal) else ""
    return Refused(f"{doing}: {why}", hint)

"""A look at one SwarmUI, under its kept session.

Rule 1: the counts are read until two readings agree about the others, three times at most.
Rule 2: nothing is asked that the session's permissions do not hold.
Rule 3: where nobody said that it is one, its front page is looked at first: no session is
asked of something else.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable
from typing import Any

from headway.dialects.comfyui.wire import Skip
from headway.dialects.swarmui.answers import LARGEST_ANSWER, Refusal, read_answer
from headway.dialects.swarmui.direct import LARGEST_QUEUE, read_queue
from headway.dialects.swarmui.ears import DIRECT, GLOBAL, Ears
from headway.dialects.swarmui.session import Session, kept, read_kept, read_session
from headway.host.sessions import Sessions
from headway.model.events import AnyEvent
from headway.probe.link import Gone, Link
from headway.probe.told import seen

READINGS = 3
FRONT_PAGE = 262_144  # bytes

Found = dict[str, Any] | Refusal | Skip


class Look(threading.Thread):
    """A look at one SwarmUI. `sure`: somebody said that it is one."""

    kind = "swarmui"

    def __init__(
        self,
        source: str,
        url: str,
        patience: float,
        clock: Callable[[], float],
        *,
        sessions: Sessions,
        token: str = "",
        sure: bool = True,
    ) -> None:
        super().__init__(daemon=True)
        self.source = source
        self.url = url.rstrip("/")
        self.problem = ""
        self._link = Link(self.url, patience)
        self._clock, self._sessions, self._sure = clock, sessions, sure
        self._headers = {"Cookie": f"swarm_token={token}"} if token else {}
        account = hashlib.blake2b(token.encode(), digest_size=8).hexdigest() if token else ""
        self._place = f"{self.url} {account}"
        self._session = Session(id="")
        self._number = 0
        self._ears = Ears(source, url=self.url)
        self._events: list[AnyEvent] = []

    def run(self) -> None:
        """Ask until everything is known or the time is over."""
        try:
            self._look()
        except (OSError, ValueError, Gone) as error:
            self.problem = str(error) or type(error).__name__

    def places(self) -> dict[str, str]:
        """Where the ComfyUI of each back end can be reached from here, by its id."""
        return {} if self.problem else self._ears.places()

    def events(self, watched: frozenset[str] = frozenset()) -> list[AnyEvent]:
        """What was found; nothing if there was a problem.

        `watched`: the back ends whose ComfyUI was looked at as well.
        """
        if self.problem:
            return []
        self._ears.watched = watched
        return [*self._events, *self._ears.tell(self._clock())]

    def _look(self) -> None:
        if not self._sure and not self._says_so():
            raise Gone("what answers there is no SwarmUI")
        began = time.monotonic()
        self._begin()
        now = self._clock()
        self._events += seen(self.source, time.monotonic() - began, now)
        self._ears.met(self._session, now)
        if self._session.may("ListBackends"):
            found = self._call("ListBackends", nonreal=False, full_data=True)
            self._ears.backends(found, self._clock())
        self._queues()
        self._counts()
        self._models()

    def _counts(self) -> None:
        for _ in range(READINGS):
            if self._session.may("GetCurrentStatus"):
                self._ears.own(self._call("GetCurrentStatus"), self._clock())
            if self._session.may(GLOBAL):
                self._ears.everybody(self._call(GLOBAL), self._clock())
            if not self._ears.countable:
                self._ears.guessed(self._clock())
            if self._ears.settled:
                return

    def _models(self) -> None:
        # The least important: what has no time any more is not known.
        try:
            if self._session.may("ListLoadedModels"):
                self._ears.loaded(self._call("ListLoadedModels"), self._clock())
                asked = {"path": "", "depth": 20, "subtype": "Stable-Diffusion"}
                self._ears.models(self._call("ListModels", **asked), self._clock())
        except (OSError, Gone):
            return

    def _queues(self) -> None:
        for one in self._ears.backends_known:
            if self._session.may(DIRECT) and one.is_comfy and one.state == "ready":
                headers = {**self._headers, "X-Swarm-Backend-ID": one.id}
                answer = self._link.ask(f"/{DIRECT}/queue", limit=LARGEST_QUEUE, headers=headers)
                read = read_queue(answer.body or b"") if answer.status == 200 else None
                said = Skip(f"queue: status {answer.status}") if read is None else read
                self._ears.queue(one.id, said, self._clock())

    def _says_so(self) -> bool:
        page = self._link.ask("/", limit=FRONT_PAGE)
        by_place = page.location.lower().endswith("/text2image")
        return by_place or b"swarmui" in (page.body or b"").lower()

    def _begin(self) -> None:
        there = self._sessions.get(self._place)
        self._number = there.number
        found = read_kept(there.text)
        if found is None:
            self._renew()
        else:
            self._session = found

    def _renew(self) -> None:
        found = self._post("GetNewSession", {})
        if isinstance(found, Refusal) and found.why == "login":
            raise Gone("it has accounts: set `token` to a swarm_token of yours")
        made = read_session(found, self._clock()) if isinstance(found, dict) else None
        if not isinstance(made, Session):
            raise Gone("what answers there is no SwarmUI")
        stands = self._sessions.put(self._place, kept(made), after=self._number)
        self._number = stands.number
        self._session = read_kept(stands.text) or made

    def _call(self, route: str, **data: Any) -> Found:
        found = self._post(route, {"session_id": self._session.id, **data})
        if isinstance(found, Refusal) and found.why == "session":
            self._renew()
            found = self._post(route, {"session_id": self._session.id, **data})
        return found

    def _post(self, route: str, body: dict[str, Any]) -> Found:
        sent = json.dumps(body).encode()
        answer = self._link.ask(
            f"/API/{route}", limit=LARGEST_ANSWER, body=sent, headers=self._headers
        )
        found = read_answer(answer.status, answer.body)
        if isinstance(found, Skip) and answer.status >= 300:
            raise Gone(f"it answers {answer.status}")
        return found

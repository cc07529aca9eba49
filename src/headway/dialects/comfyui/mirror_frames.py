"""What the mirror extension says: its page, its challenge, its frames, each as small values.

Rule 1: a report of what runs is unfolded into the words that would have been heard, had one
    listened from the start: there is one way to hear, for who came early and who came late.
Rule 2: each word is judged alone: one bad word costs no other.
Rule 3: who reads proves that it knows the token; the token itself is never sent.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from headway.dialects.comfyui.graph import step_id
from headway.dialects.comfyui.wire import (
    Skip,
    decode,
    ident,
    listed,
    mapping,
    number,
    short,
    text,
    whole,
)

PATH = "/headway/mirror"
PROTOCOL = 1
LARGEST_ABOUT = 65_536  # bytes
OUTCOMES = frozenset({"succeeded", "failed", "cancelled"})


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody may know of a mirror.

    `id` tells mirrors apart; `missing`: what it did not find in its ComfyUI, so that it
    cannot listen; `dropped`: what went because a reader was too slow.
    """

    id: str
    version: str
    protocol: int
    missing: list[str]
    readers: int
    dropped: int
    errors: int


class Challenge(msgspec.Struct, frozen=True):
    """Prove that you know the token."""

    nonce: str


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened in the server. `at`: milliseconds of the server's clock.

    `kind`: queued, deleted, started, cached, step, bar, over, ended or done; the other fields
    are those of that kind. `ran` False: a node whose result was kept from before.
    """

    kind: str
    native: str
    at: float | None = None
    number: float | None = None
    created: int | None = None
    step: str = ""
    name: str = ""
    parent: str = ""
    done: float = 0.0
    total: float = 0.0
    ran: bool = True
    steps: list[str] = []
    outcome: str = ""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """One frame. `boot`: which life of the server, in a report; "" in what follows it."""

    words: list[Word]
    boot: str = ""
    skipped: list[str] = []

    @property
    def report(self) -> bool:
        """Whether it tells all that runs, and not only what is new."""
        return bool(self.boot)


def public_id(token: str) -> str:
    """By this the mirror of a token is known; it tells nothing about the token."""
    return hashlib.sha256(b"headway mirror id " + token.encode()).hexdigest()[:16]


def proof(token: str, nonce: str) -> str:
    """What shows, for this one nonce, that one knows the token."""
    said = f"headway mirror {PROTOCOL} {nonce}".encode()
    return hmac.new(token.encode(), said, hashlib.sha256).hexdigest()


def read_about(body: bytes) -> About | Skip:
    """What the mirror's page says; a Skip if no mirror answers there."""
    said = mapping(decode(body, limit=LARGEST_ABOUT))
    if said.get("mirror") != "headway" or whole(said.get("protocol")) is None:
        return Skip("mirror: not a mirror")
    counts = {name: whole(said.get(name)) or 0 for name in ("readers", "dropped", "errors")}
    return About(
        id=text(said.get("id"), limit=64),
        version=text(said.get("version"), limit=40),
        protocol=whole(said.get("protocol")) or 0,
        missing=[text(one, limit=64) for one in listed(said.get("missing"))[:20]],
        **counts,
    )


def read_mirror(data: bytes | str) -> Challenge | Words | Skip:
    """One frame of the mirror."""
    said = decode(data)
    if isinstance(said, Skip):
        return Skip(f"mirror: {said.reason}")
    kind = mapping(said).get("kind")
    if kind == "challenge":
        return Challenge(text(said.get("nonce"), limit=200))
    if kind == "report":
        words = [_word(raw) for job in listed(said.get("running")) for raw in _unfolded(job)]
        return _words(words, boot=text(said.get("boot"), limit=64) or "?")
    if kind == "batch":
        return _words([_word(raw) for raw in listed(said.get("messages"))])
    return Skip(f"mirror: unknown frame {short(kind)}")


def _words(found: list[Word | Skip], *, boot: str = "") -> Words:
    words = [one for one in found if isinstance(one, Word)]
    return Words(words=words, boot=boot, skipped=[one[0] for one in found if isinstance(one, Skip)])


def _word(raw: Any) -> Word | Skip:
    said = mapping(raw)
    kind, native = said.get("kind"), ident(said.get("id"))
    read = READERS.get(kind) if isinstance(kind, str) else None
    if read is None or native is None:
        return Skip(f"mirror: unknown word {short(kind)}")
    own = read(said)
    at = number(said.get("at"))
    if own is None:
        return Skip(f"mirror: {kind} without its fields")
    return Word(kind=str(kind), native=native, at=None if at is None else at * 1000.0, **own)


def _unfolded(job: Any) -> Iterator[dict[str, Any]]:
    """The words of a running job of a report."""
    said = mapping(job)
    native, at = said.get("id"), said.get("at")
    yield {**said, "kind": "started"}
    if isinstance(said.get("cached"), list):
        yield {"kind": "cached", "id": native, "at": at, "nodes": said["cached"]}
    for row in listed(said.get("nodes")):
        if not isinstance(row, list) or len(row) != 7:
            yield {"kind": "node", "id": native}
            continue
        node, name, parent, began, ended, done, total = row
        about = {"id": native, "node": node, "class": name, "parent": parent}
        if began is not None:
            yield {**about, "kind": "step", "at": began}
        if done is not None:
            yield {**about, "kind": "bar", "at": ended or began, "done": done, "total": total}
        if ended is not None:
            yield {**about, "kind": "over", "at": ended, "ran": began is not None}
    if said.get("outcome"):
        yield {"kind": "ended", "id": native, "outcome": said["outcome"]}


def _prompt(said: dict[str, Any]) -> dict[str, Any] | None:
    return {"number": number(said.get("number")), "created": whole(said.get("created"))}


def _done(said: dict[str, Any]) -> dict[str, Any] | None:
    outcome = said.get("outcome")
    return {**(_prompt(said) or {}), "outcome": outcome if outcome in OUTCOMES else ""}


def _cached(said: dict[str, Any]) -> dict[str, Any] | None:
    nodes = said.get("nodes")
    if not isinstance(nodes, list):
        return None
    return {"steps": [step_id(one) for one in nodes if isinstance(one, str) and one]}


def _step(said: dict[str, Any]) -> dict[str, Any] | None:
    node = ident(said.get("node"))
    if node is None:
        return None
    parent = ident(said.get("parent"))
    inside = step_id(parent) if parent is not None and parent != node else ""
    return {"step": step_id(node), "name": text(said.get("class")), "parent": inside}


def _bar(said: dict[str, Any]) -> dict[str, Any] | None:
    node = ident(said.get("node"))
    done, total = number(said.get("done")), number(said.get("total"))
    if node is None or done is None or total is None or done < 0 or total < 0:
        return None
    return {"step": step_id(node), "done": done, "total": total}


def _over(said: dict[str, Any]) -> dict[str, Any] | None:
    step = _step(said)
    return None if step is None else {**step, "ran": said.get("ran") is not False}


def _ended(said: dict[str, Any]) -> dict[str, Any] | None:
    outcome = said.get("outcome")
    return {"outcome": outcome} if isinstance(outcome, str) and outcome in OUTCOMES else None


READERS: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = {
    "queued": _prompt,
    "deleted": _prompt,
    "started": _prompt,
    "done": _done,
    "cached": _cached,
    "step": _step,
    "bar": _bar,
    "over": _over,
    "ended": _ended,
}

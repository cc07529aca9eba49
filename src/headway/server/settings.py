"""Settings of the door. Units and reasons stand beside each default."""

from __future__ import annotations

from typing import Literal

import msgspec

Role = Literal["read", "operate", "report"]


class Token(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named token from the configuration.

    `role`: read sees everything; operate also acts; report only posts events, about
    what begins with one of `sources`.
    """

    token: str
    role: Role = "read"
    sources: list[str] = []

    def __repr__(self) -> str:
        return f"Token(role={self.role!r}, sources={self.sources!r})"  # never the token


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much the door takes at once."""

    body_bytes: int = 1_048_576  # of one request
    header_bytes: int = 8_190  # of one header line
    body_seconds: float = 30.0  # for a request's body to come in
    waiting_events: int = 10_000  # posted and not yet stored; more are answered 429
    submissions: int = 1_000  # not over yet; more are answered 429
    remembered_keys: int = 10_000  # of Idempotency-Key
    connections: int = 2_000  # open at once, of all kinds
    peer_connections: int = 1_000  # of those, from one address
    head_seconds: float = 20.0  # for the next request's head, from the start or an answer
    streams: int = 1_000  # open at once, of all kinds
    peer_streams: int = 500  # of those, from one address
    frame_bytes: int = 65_536  # of one frame from a client
    hello_seconds: float = 10.0  # for a client's first frame
    slow_seconds: float = 30.0  # without taking anything, after which a reader is let go
    subscriptions: int = 100  # jobs whose steps one stream may follow


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the door is and who may come in.

    `names` are further host names by which it is called; `allowed_origins` further web
    pages that may read, such as "https://status.example".
    """

    port: int = 8329  # the seed's
    bind: list[str] = msgspec.field(default_factory=lambda: ["127.0.0.1", "::1"])
    names: list[str] = []
    allowed_origins: list[str] = []
    tokens: dict[str, Token] = {}
    limits: Limits = Limits()

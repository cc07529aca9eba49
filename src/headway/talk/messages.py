"""The messages of the live stream, `headway.v1`: JSON text frames `{"type", "data"}`.

Rule 1: a view is encoded once, whoever receives it: `changes` joins what was encoded.
Rule 2: what a client sends is strict: an unknown field is refused by its name, because
a filter that is not understood would show the wrong things.
Rule 3: what a server sends only grows: a client ignores fields that it does not know.
Rule 4: an entity of a subscribed topic that changed and does not match the filter is
`gone`, whether the client knew it or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from headway.model.keys import Kind, group_key, kind_of, source_of
from headway.model.views import AnyView, JobView
from headway.model.words import RESOLVED, Outcome, Phase
from headway.talk.problems import Code

SUBPROTOCOL = "headway.v1"
MAX_RATE = 60  # frames a second, at most
DEFAULT_RATE = 10.0  # frames a second, where the client does not say

Topic = Literal["jobs", "groups", "sources", "workers", "daemons"]
KIND_OF: dict[Topic, Kind] = {
    "jobs": "job",
    "groups": "group",
    "sources": "source",
    "workers": "worker",
    "daemons": "daemon",
}
EVERY_TOPIC: tuple[Topic, ...] = tuple(KIND_OF)

Word = Annotated[str, Meta(max_length=1024)]
MessageId = Annotated[str, Meta(max_length=64)] | int | None


class Filter(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Which entities a reader wants. An empty field asks nothing.

    `source` holds for jobs, workers and the source itself; `group` for jobs and the
    group itself; the others for jobs alone. `key` holds for all.
    """

    source: Word = ""
    group: Word = ""
    phase: Phase | Literal[""] = ""
    outcome: Outcome | Literal[""] = ""
    active: bool | None = None
    key: Word = ""

    def __bool__(self) -> bool:
        return self != _NOTHING_ASKED


_NOTHING_ASKED = Filter()


def matches(wanted: Filter, view: AnyView) -> bool:
    """True if the view is what the reader wants."""
    if wanted.key and wanted.key != view.key:
        return False
    kind = kind_of(view.key)
    if wanted.source and kind in _OWNED and source_of(view.key) != wanted.source:
        return False
    if wanted.group and kind == "group" and view.key != group_key(wanted.group):
        return False
    return not isinstance(view, JobView) or _job_matches(wanted, view)


_OWNED: frozenset[Kind] = frozenset({"job", "source", "worker"})


def _job_matches(wanted: Filter, job: JobView) -> bool:
    return (
        (not wanted.group or job.meta.get("group") == wanted.group)
        and (not wanted.phase or job.phase == wanted.phase)
        and (not wanted.outcome or job.outcome == wanted.outcome)
        and (wanted.active is None or wanted.active == (job.phase not in RESOLVED))
    )


class Hello(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a reader wants, and where it stood."""

    cursor: Annotated[str, Meta(max_length=200)] | None = None
    topics: list[Topic] = msgspec.field(default_factory=lambda: list(EVERY_TOPIC))
    filter: Filter = Filter()
    max_rate: Annotated[float, Meta(gt=0, le=MAX_RATE)] = DEFAULT_RATE


class Get(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask for one entity as it is now. `id` comes back with the answer."""

    key: Word
    id: MessageId = None


class Subscription(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The steps of one job: its key."""

    job: Word
    id: MessageId = None


class Ping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask whether the server is there."""

    id: MessageId = None


class _Frame(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"
):
    pass


class HelloFrame(_Frame, frozen=True, tag="hello"):
    """The first frame of a client."""

    data: Hello = Hello()


class GetFrame(_Frame, frozen=True, tag="get"):
    """→ result {id, entity}"""

    data: Get


class SubscribeFrame(_Frame, frozen=True, tag="subscribe"):
    """→ result {id, job, steps}; from then on the job's steps are in `changes`."""

    data: Subscription


class UnsubscribeFrame(_Frame, frozen=True, tag="unsubscribe"):
    """→ result {id, job}"""

    data: Subscription


class PingFrame(_Frame, frozen=True, tag="ping"):
    """→ pong {id}"""

    data: Ping = Ping()


ClientFrame = HelloFrame | GetFrame | SubscribeFrame | UnsubscribeFrame | PingFrame


class Welcome(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to hello. `recovered` False: forget what you had, a snapshot follows."""

    cursor: str
    recovered: bool
    version: str


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """Entities in order of offset; up to `cursor` everything was sent."""

    cursor: str
    entities: list[AnyView] = []
    gone: list[str] = []


class Result(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to get, subscribe and unsubscribe."""

    id: MessageId = None
    job: str = ""
    entity: AnyView | None = None
    steps: list[AnyView] | None = None


class Trouble(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong. `code` is one of `headway.talk.problems.CODES`."""

    code: int
    message: str
    retry: bool
    detail: str = ""
    id: MessageId = None


class _Sent(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    pass


class WelcomeFrame(_Sent, frozen=True, tag="welcome"):
    """The first frame of a server."""

    data: Welcome


class ChangesFrame(_Sent, frozen=True, tag="changes"):
    """News; the first one after a welcome may be empty and says where the reader stands."""

    data: Changes


class ResultFrame(_Sent, frozen=True, tag="result"):
    """An answer."""

    data: Result


class PongFrame(_Sent, frozen=True, tag="pong"):
    """The answer to ping."""

    data: Ping


class ErrorFrame(_Sent, frozen=True, tag="error"):
    """Something of the client's was not understood, or the stream is about to end."""

    data: Trouble


ServerFrame = WelcomeFrame | ChangesFrame | ResultFrame | PongFrame | ErrorFrame

encode = msgspec.json.Encoder().encode
read_client = msgspec.json.Decoder(ClientFrame).decode
read_server = msgspec.json.Decoder(ServerFrame).decode


def welcome(cursor: str, *, recovered: bool, version: str) -> bytes:
    """The frame that answers a hello."""
    data = Welcome(cursor=cursor, recovered=recovered, version=version)
    return encode(WelcomeFrame(data=data))


def changes(cursor: str, entities: Iterable[bytes], gone: Sequence[str] = ()) -> bytes:
    """The frame of news, from entities that are encoded already (Rule 1)."""
    return b'{"type":"changes","data":{"cursor":%b,"entities":[%b],"gone":%b}}' % (
        encode(cursor),
        b",".join(entities),
        encode(list(gone)),
    )


def result(asked: MessageId, fields: dict[str, Any]) -> bytes:
    """The frame that answers get, subscribe and unsubscribe."""
    named = fields if asked is None else {"id": asked} | fields
    return encode({"type": "result", "data": named})


def pong(asked: MessageId) -> bytes:
    """The frame that answers a ping."""
    return encode({"type": "pong", "data": {} if asked is None else {"id": asked}})


def error(code: Code, detail: str = "", *, asked: MessageId = None) -> bytes:
    """The frame that says what went wrong."""
    trouble = Trouble(
        code=code.number, message=code.message, retry=code.retry, detail=detail, id=asked
    )
    return encode(ErrorFrame(data=trouble))

"""The live streams as an AsyncAPI 3.0 document, generated from the structs.

Rule 1: a message that is sent or understood is in here, with the schema of its whole
frame; tests compare frames of a real stream with it.
Rule 2: "send" and "receive" are the server's.
"""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any, Literal, get_args

import msgspec

from headway.talk.frames import Ask, DaemonData, ProgressData, StatisticsData
from headway.talk.messages import (
    SUBPROTOCOL,
    ChangesFrame,
    ClientFrame,
    ServerFrame,
    WelcomeFrame,
)
from headway.talk.problems import CODES
from headway.talk.schema import flush_left

VERSION = "3.0.0"
SCHEMAS = "#/components/schemas/{name}"


class _Plain(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    timestamp: str


class ConnectionEstablished(_Plain, frozen=True, tag="connection_established"):
    """The first frame, without being asked."""

    data: StatisticsData


class ProgressUpdate(_Plain, frozen=True, tag="progress_update"):
    """One job, at every change of it."""

    data: ProgressData


class DaemonStatus(_Plain, frozen=True, tag="daemon_status"):
    """One daemon, at every change of it."""

    data: DaemonData


class Statistics(_Plain, frozen=True, tag="statistics"):
    """The answer to get_statistics."""

    data: StatisticsData


class JobProgress(_Plain, frozen=True, tag="job_progress"):
    """The answer to get_job_progress."""

    data: ProgressData


class PlainError(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="error"):
    """What was asked was not understood."""

    message: str


class PlainAsk(Ask, frozen=True, kw_only=True):
    """get_statistics, or get_job_progress with a job's id."""

    type: Literal["get_statistics", "get_job_progress"]


PlainFrame = (
    ConnectionEstablished | ProgressUpdate | DaemonStatus | Statistics | JobProgress | PlainError
)

# channel: its path, what it is, what the server sends, what it receives
CHANNELS: dict[str, tuple[str, str, Any, Any]] = {
    "live": (
        "/ws",
        f"The live stream over WebSocket, subprotocol `{SUBPROTOCOL}`; also on `/`.",
        ServerFrame,
        ClientFrame,
    ),
    "events": (
        "/api/v1/stream",
        "News as server-sent events: each `data` is one message, `id` its cursor.",
        WelcomeFrame | ChangesFrame,
        None,
    ),
    "plain": (
        "/",
        "WebSocket without a subprotocol: the frames of older pages.",
        PlainFrame,
        PlainAsk,
    ),
}


def document(version: str) -> dict[str, Any]:
    """The document. `version` is that of Headway."""
    ways = [way for _, _, *ways in CHANNELS.values() for way in ways]
    frames = list(dict.fromkeys(frame for way in ways for frame in _frames(way)))
    _, schemas = msgspec.json.schema_components(frames, ref_template=SCHEMAS)
    return {
        "asyncapi": VERSION,
        "info": {"title": "Headway's live streams", "version": version, "description": _codes()},
        "defaultContentType": "application/json",
        "channels": {name: _channel(name) for name in CHANNELS},
        "operations": dict(_operations()),
        "components": {
            "messages": {frame.__name__: _message(frame) for frame in frames},
            "schemas": {name: flush_left(schema) for name, schema in schemas.items()},
        },
    }


def _channel(name: str) -> dict[str, Any]:
    path, about, *ways = CHANNELS[name]
    names = [frame.__name__ for way in ways for frame in _frames(way)]
    return {
        "address": path,
        "description": about,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, (_, _, sent, received) in CHANNELS.items():
        for action, way in (("send", sent), ("receive", received)):
            messages = [
                {"$ref": f"#/channels/{name}/messages/{frame.__name__}"} for frame in _frames(way)
            ]
            if messages:
                channel = {"$ref": f"#/channels/{name}"}
                yield (
                    f"{action}_{name}",
                    {"action": action, "channel": channel, "messages": messages},
                )


def _message(frame: type) -> dict[str, Any]:
    return {
        "name": frame.__name__,
        "summary": cleandoc(frame.__doc__ or "").partition("\n")[0],
        "payload": {"$ref": SCHEMAS.format(name=frame.__name__)},
    }


def _frames(way: Any) -> tuple[Any, ...]:
    return () if way is None else get_args(way) or (way,)


def _codes() -> str:
    rows = [f"{code.number} {code.message}" for code in CODES]
    return "Codes of errors and of ends:\n\n" + "\n".join(f"* {row}" for row in rows)

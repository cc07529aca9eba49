"""Events: their shape on the wire, frozen, and what tells two of them apart."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from tests.fold.histories import events
from tests.fold.stories import GROUP, JOB, on_job

from headway.model import events as words
from headway.model.events import (
    EDGES,
    AnyEvent,
    Edge,
    Ended,
    Event,
    Level,
    Queued,
    Registered,
    Sealed,
    Started,
    StepEnded,
    discriminator,
    hash_ids,
)

decode = msgspec.json.Decoder(AnyEvent).decode

HEAD = ("key", "at", "observer", "basis", "attempt", "replaced")
SHAPES = {
    "registered": ("meta",),
    "queued": (),
    "started": (),
    "finishing": (),
    "step_started": ("step", "name", "parent"),
    "step_ended": ("step", "cached", "name", "parent"),
    "ended": ("outcome", "final", "why", "evidence", "detail"),
    "sealed": ("ids",),
    "progress": ("done", "total", "step", "run", "bar", "unit"),
    "position": ("position", "of"),
    "activity": ("text",),
    "reading": ("field", "value"),
    "presence": ("presence",),
}


def test_schema_1_is_frozen() -> None:
    found = {
        kind.__struct_config__.tag: tuple(f for f in kind.__struct_fields__ if f not in HEAD)
        for kind in get_args(AnyEvent)
    }

    assert words.SCHEMA == 1
    assert found == SHAPES
    assert all(set(HEAD) <= set(kind.__struct_fields__) for kind in get_args(AnyEvent))


def test_every_kind_is_an_edge_or_a_level() -> None:
    assert frozenset(get_args(Edge)) == EDGES
    assert frozenset(get_args(AnyEvent)) == EDGES | frozenset(get_args(Level))
    assert not EDGES & frozenset(get_args(Level))


@given(event=events())
def test_an_event_is_the_same_after_a_trip_over_the_wire(event: AnyEvent) -> None:
    assert decode(msgspec.json.encode(event)) == event


@pytest.mark.parametrize(
    "sent",
    [
        {"kind": "queued", "key": "", "at": 1.0},
        {"kind": "queued", "key": "a~b~"},
        {"kind": "queued", "key": "a~b~", "at": None},
        {"kind": "queued", "key": "a~b~", "at": 1.0, "attempt": 0},
        {"kind": "queued", "key": "a~b~", "at": 1.0, "colour": "red"},
        {"kind": "queued", "key": "a~b~", "at": 1.0, "basis": "rumoured"},
        {"kind": "progress", "key": "a~b~", "at": 1.0, "done": -1},
        {"kind": "position", "key": "a~b~", "at": 1.0, "position": 0},
        {"kind": "ended", "key": "a~b~", "at": 1.0, "outcome": "done"},
        {"kind": "started", "key": "a" * 1025, "at": 1.0},
        {"kind": "nonsense", "key": "a~b~", "at": 1.0},
    ],
)
def test_what_breaks_the_shape_is_refused(sent: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode(msgspec.json.encode(sent))


def test_the_least_that_must_be_said() -> None:
    event = decode(b'{"kind":"started","key":"a~b~","at":1}')

    assert event == Started(key="a~b~", at=1.0)
    assert (event.basis, event.attempt, event.observer) == ("reported", 1, "")


def sealed(*ids: str) -> Sealed:
    return Sealed(key=GROUP, at=1.0, ids=list(ids))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (on_job(Queued, at=1.0), on_job(Queued, at=2.0)),
        (on_job(StepEnded, step="1"), on_job(StepEnded, at=11.0, step="1", cached=True)),
        (on_job(Ended, outcome="failed", why="x"), on_job(Ended, outcome="failed", why="y")),
        (on_job(Registered, meta={"a": 1}), on_job(Registered, meta={"a": 2})),
        (sealed("a", "b"), sealed("b", "a", "a")),
    ],
)
def test_a_second_hearing_is_no_news(one: Event, other: Event) -> None:
    assert discriminator(one) == discriminator(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (on_job(Queued), on_job(Queued, basis="observed")),
        (on_job(StepEnded, step="1"), on_job(StepEnded, step="2")),
        (on_job(Ended, outcome="failed"), on_job(Ended, outcome="failed", final=False)),
        (on_job(Ended, outcome="failed"), on_job(Ended, outcome="lost")),
        (on_job(Registered, meta={"title": "x"}), on_job(Registered, meta={"outputs": []})),
        (on_job(Registered, meta={}), on_job(Registered, meta={}, observer="b")),
        (sealed("a"), sealed("a", "b")),
    ],
)
def test_what_says_something_else_is_news(one: Event, other: Event) -> None:
    assert discriminator(one) != discriminator(other)


def test_a_digest_of_ids_is_the_same_in_every_process() -> None:
    assert hash_ids(["b", "a", "b"]) == hash_ids(["a", "b"])
    assert hash_ids(["\ud800", JOB]) == hash_ids([JOB, "\ud800"])
    assert hash_ids([]) == "e4a6a0577479b2b4"

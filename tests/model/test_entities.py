"""Entities: their shape in the store, frozen."""

from __future__ import annotations

from typing import get_args

import msgspec
from hypothesis import given
from tests.fold.histories import REUSED, histories
from tests.fold.stories import JOB, picture, told

from headway.model.entities import CLASS_OF, AnyEntity, Attempt, Bar, End, Job, StepAttempt
from headway.model.events import AnyEvent
from headway.model.keys import Kind

decode = msgspec.json.Decoder(dict[str, AnyEntity]).decode


@given(history=histories(keys=REUSED))
def test_an_entity_is_the_same_after_a_trip_to_the_disk(history: list[AnyEvent]) -> None:
    entities = told(history)

    assert decode(msgspec.json.encode(entities)) == entities
    assert picture(decode(picture(entities))) == picture(entities)


def test_version_1_is_frozen() -> None:
    assert Job.__struct_fields__ == ("attempts", "key", "registrations", "levels")
    assert Attempt.__struct_fields__[:9] == (
        "queued",
        "started",
        "finishing",
        "end",
        "final",
        "running_steps",
        "finished_steps",
        "cached_steps",
        "bars",
    )
    assert StepAttempt.__struct_fields__[:6] == (
        "started",
        "ended",
        "name",
        "parent",
        "cached",
        "bars",
    )
    assert Bar.__struct_fields__[:6] == ("at", "done", "basis", "total", "run", "unit")
    assert End.__struct_fields__[:5] == ("outcome", "at", "basis", "why", "evidence")


def test_every_kind_has_its_class_and_every_class_its_tag() -> None:
    assert set(CLASS_OF) == set(get_args(Kind))
    assert {one.__struct_config__.tag for one in CLASS_OF.values()} == set(CLASS_OF)


def test_a_row_of_which_nothing_is_known_is_small() -> None:
    assert msgspec.json.encode(Job(key=JOB)) == b'{"kind":"job","key":"%s"}' % JOB.encode()

"""The border: what may become an event of ours, and with which time."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fold.histories import events
from tests.fold.stories import JOB, encoded, on_job, told, views

from headway.errors import UsageError
from headway.fold.admit import LARGEST_META, admit
from headway.model.events import (
    Activity,
    AnyEvent,
    Position,
    Progress,
    Queued,
    Reading,
    Registered,
)
from headway.model.keys import JobKey

NOW = 1e9


def test_a_plausible_time_is_kept() -> None:
    event = on_job(Queued, at=NOW - 60.0)

    assert admit(event, NOW) is event


@pytest.mark.parametrize("at", [0.0, NOW + 6.0, NOW - 91 * 86_400, float("nan"), float("inf")])
def test_an_implausible_time_is_replaced_by_that_of_receipt_and_marked(at: float) -> None:
    event = admit(on_job(Queued, at=at), NOW)

    assert (event.at, event.replaced) == (NOW, True)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Queued(key="comfy", at=NOW), "queued does not fit a source"),
        (Queued(key="a~b~c~d~e", at=NOW), "not a key"),
        (Queued(key="comfy~%FF~", at=NOW), "not a key"),
        (on_job(Registered, at=NOW, meta={"x": "y" * LARGEST_META}), "meta of .* is larger than"),
        (on_job(Registered, at=NOW, meta={"x": object()}), "no JSON"),
        (on_job(Reading, at=NOW, field="x", value={1: 2}), "no JSON"),
        (on_job(Reading, at=NOW, field="x", value=["\ud800", object()]), "no JSON"),
        (on_job(Progress, at=NOW, done=float("nan")), "count"),
        (on_job(Progress, at=NOW, done=-1.0), "count"),
        (on_job(Progress, at=NOW, done=1.0, total=float("inf")), "count"),
        (on_job(Queued, at=NOW, attempt=0), "count"),
    ],
)
def test_what_does_not_fit_is_told_back_in_words(event: AnyEvent, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        admit(event, NOW)


def test_text_that_no_encoder_takes_is_repaired() -> None:
    broken = "caf\udce9"  # how Python reads a Latin-1 file name on a UTF-8 system

    activity = admit(on_job(Activity, at=NOW, text=broken), NOW)
    registered = admit(on_job(Registered, at=NOW, meta={"n": [broken, {broken: 1}]}), NOW)

    assert isinstance(activity, Activity)
    assert isinstance(registered, Registered)
    assert activity.text == "caf?"
    assert registered.meta == {"n": ["caf?", {"caf?": 1}]}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=5,
)
texts = st.text(st.characters(codec=None), max_size=20)
natives = st.builds(lambda text: JobKey("comfy", text).text, texts)
free = st.one_of(
    st.builds(Activity, key=natives, at=st.floats(), text=texts),
    st.builds(Reading, key=natives, at=st.floats(), field=texts, value=values),
    st.builds(
        Registered,
        key=natives,
        at=st.floats(),
        meta=st.dictionaries(
            st.sampled_from(["title", "needed", "names", "outputs", "job_kind", "native", "x"]),
            values,
            max_size=3,
        ),
    ),
    st.builds(
        Progress, key=natives, at=st.floats(), done=st.floats(), total=st.floats(), step=texts
    ),
    st.builds(Position, key=natives, at=st.floats(), position=st.integers()),
)


@given(event=free)
def test_whatever_is_admitted_can_be_stored_and_shown(event: AnyEvent) -> None:
    try:
        admitted = admit(event, NOW)
    except UsageError:
        return

    entities = told([admitted])

    assert msgspec.json.decode(views(entities)).keys() == entities.keys()
    assert encoded(entities)


@given(event=events())
def test_admitting_twice_is_admitting_once(event: AnyEvent) -> None:
    once = admit(event, NOW)

    assert admit(once, NOW) is once
    assert (once.key, once.replaced) == (JOB, True)


def test_a_value_of_any_kind_that_is_json_passes() -> None:
    for value in (None, True, 1, 1.5, "x", [1, [2]], {"a": {"b": None}}):
        event: Any = on_job(Reading, at=NOW, field="x", value=value)
        assert admit(event, NOW) is event

"""How entities are called: keys as text and back."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from headway.errors import UsageError
from headway.model.keys import (
    LONGEST_NATIVE,
    JobKey,
    bounded,
    group_key,
    job_key,
    join,
    kind_of,
    readable,
    source_of,
    split,
    step_key,
)

anything = st.text(st.characters(codec=None), max_size=40)  # half surrogate pairs included
something = st.text(st.characters(codec=None), min_size=1, max_size=40)


@given(parts=st.lists(anything, min_size=1, max_size=4))
@example(parts=["~%~", "a/b", "\ud83d\ude00", "%41"])
@example(parts=["", "", ""])
def test_parts_come_back_from_a_key_whatever_is_in_them(parts: list[str]) -> None:
    assert split(join(*parts)) == tuple(parts)


@given(source=something, native=anything, incarnation=anything)
@example(source="comfy", native="\ud800'\"/?~%", incarnation="~")
@example(source="\ud800", native="", incarnation="")
def test_a_job_comes_back_from_its_key(source: str, native: str, incarnation: str) -> None:
    key = JobKey(source, native, incarnation)

    parts = job_key(key.text)

    assert kind_of(key.text) == "job"
    assert parts == JobKey(source, bounded(native), bounded(incarnation))
    assert parts.text == key.text
    assert source_of(key.text) == readable(source)


@given(one=st.tuples(something, anything, anything), other=st.tuples(something, anything, anything))
def test_two_jobs_never_share_a_key(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert (JobKey(*one).text == JobKey(*other).text) == (one == other)


@given(native=anything, step=something)
def test_a_step_belongs_to_its_job(native: str, step: str) -> None:
    job = JobKey("comfy", native)

    key = step_key(job.text, step)

    assert kind_of(key) == "step"
    assert job_key(key).text == job.text
    assert split(key)[3] == bounded(step)


@given(name=something)
def test_a_group_comes_back_from_its_key(name: str) -> None:
    assert kind_of(group_key(name)) == "group"
    assert split(group_key(name)) == ("", "group", bounded(name))
    assert source_of(group_key(name)) == ""


@pytest.mark.parametrize("unit", ["a", "~", "é", "\N{GRINNING FACE}", "\ud800", "%"])
def test_a_key_stays_short_whatever_the_outside_sends(unit: str) -> None:
    long = unit * 4096

    keys = [JobKey("comfy", long, long).text, step_key("comfy~a~", long), group_key(long)]

    assert all(len(key) < 1024 for key in keys)
    assert bounded(long) != bounded(long + unit)


def test_a_short_id_stays_as_it_is() -> None:
    native = "5f7c2a1e-0000-4000-8000-000000000000"

    assert JobKey("comfy", native, "1795298194198").text == f"comfy~{native}~1795298194198"
    assert bounded("a" * LONGEST_NATIVE) == "a" * LONGEST_NATIVE


@pytest.mark.parametrize("unit", ["a", "~", "\N{GRINNING FACE}"])
def test_a_bounded_id_is_bounded_already(unit: str) -> None:
    once = bounded(unit * 500)

    assert bounded(once) == once
    assert job_key(JobKey("comfy", unit * 500).text).text == JobKey("comfy", unit * 500).text


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("comfy", "source"),
        ("comfy~gpu0", "worker"),
        ("comfy~a~", "job"),
        ("comfy~a~~12", "step"),
        ("~group~g", "group"),
        ("~daemon~download-sync", "daemon"),
    ],
)
def test_the_number_of_parts_says_what_a_key_names(key: str, kind: str) -> None:
    assert kind_of(key) == kind


@pytest.mark.parametrize(
    "text",
    ["", "~", "~group~", "~group~a~b", "~nobody~x", "a~b~c~d~e", "~a~b~c", "a~%FF~", "a~\ud800~"],
)
def test_what_names_nothing_is_no_key(text: str) -> None:
    with pytest.raises(UsageError, match="not a key"):
        kind_of(text)


def test_only_jobs_and_steps_have_the_parts_of_a_job() -> None:
    for key in ("comfy", "~group~g"):
        with pytest.raises(UsageError, match="not the key of a job"):
            job_key(key)

"""Interest: who may know an entity is told that it is gone, and nobody else is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from headway.model.keys import join
from headway.model.views import AnyView, GroupView, JobView, SourceView
from headway.server.interest import Interest
from headway.store.contract import Change
from headway.talk.messages import EVERY_TOPIC, Filter


def job(source: str, native: str = "a", phase: str = "running") -> Change:
    key = f"{source}~{native}~"
    return Change(1, key, JobView(key=key, source=source, native=native, phase=phase))  # type: ignore[arg-type]


def other(view: AnyView) -> Change:
    return Change(1, view.key, view)


GROUP = other(GroupView(key=join("", "group", "g"), id="g"))
ALL = [
    job("comfy"),
    job("far"),
    other(SourceView(key="comfy")),
    other(SourceView(key="far")),
    GROUP,
]


def keys(changes: Sequence[Change]) -> list[str]:
    return [change.key for change in changes]


def test_who_comes_back_is_told_of_everything_that_changed() -> None:
    interest = Interest(EVERY_TOPIC, Filter(source="comfy"))

    assert keys([one for one in ALL if interest.wants(one)]) == keys(ALL)
    assert keys([one for one in ALL if not interest.shows(one)]) == ["far~a~", "far"]


def test_who_began_under_a_filter_never_hears_of_what_it_cannot_know() -> None:
    interest = Interest(EVERY_TOPIC, Filter(source="comfy"))
    interest.begin_anew([])

    wanted = keys([one for one in ALL if interest.wants(one)])
    assert wanted == ["comfy~a~", "comfy", "~group~g"]


def test_what_matches_no_more_is_gone_for_them_too() -> None:
    interest = Interest(EVERY_TOPIC, Filter(source="comfy", phase="queued"))
    interest.begin_anew([])

    assert interest.wants(job("comfy"))
    assert not interest.shows(job("comfy"))


def test_a_snapshot_holds_what_matches_and_nothing_else() -> None:
    interest = Interest(EVERY_TOPIC, Filter(source="comfy"))

    assert keys(interest.begin_anew(ALL)) == ["comfy~a~", "comfy", "~group~g"]


@pytest.mark.parametrize("wanted", [Filter(), Filter(phase="running"), Filter(group="g")])
def test_a_filter_of_what_may_change_narrows_nothing(wanted: Filter) -> None:
    interest = Interest(EVERY_TOPIC, wanted, narrow=True)

    assert keys([one for one in ALL if interest.wants(one)]) == keys(ALL)


def test_a_filter_of_one_key_hears_of_that_key() -> None:
    interest = Interest(EVERY_TOPIC, Filter(key="far~a~"), narrow=True)

    assert keys([one for one in ALL if interest.wants(one)]) == ["far~a~"]

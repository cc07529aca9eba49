"""Counts: ours, everybody's, and the others'."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.payloads.swarmui.load import payload

from headway.dialects.comfyui.wire import Skip
from headway.dialects.swarmui.counts import Counts, Others, Status, read_status

COUNTS = st.builds(Counts, *[st.integers(0, 9)] * 4)


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("GetCurrentStatus.idle", Counts()),
        ("GetCurrentStatus.generating", Counts(1, 1)),
        ("GetCurrentStatus.queued", Counts(4, 2, 0, 2)),
        ("GetCurrentStatus.loading_model", Counts(1, 0, 1, 1)),
        ("GetGlobalStatus.generating_elsewhere", Counts(3, 2, 0, 1)),
    ],
)
def test_the_counters_are_read_as_they_are(name: str, counts: Counts) -> None:
    found = read_status(payload(f"{name}.response"))

    assert isinstance(found, Status)
    assert found.counts == counts


def test_running_back_ends_are_no_trouble_and_no_work() -> None:
    found = read_status(payload("GetCurrentStatus.idle.response"))

    assert isinstance(found, Status)
    assert (found.word, found.trouble, found.counts.unfinished) == ("running", "", 0)


def test_without_a_back_end_it_says_what_to_do() -> None:
    found = read_status(payload("GetCurrentStatus.no_backends.response"))

    assert isinstance(found, Status)
    assert found.trouble.startswith("No backends present")


@pytest.mark.parametrize("counter", [None, -1, 1.5, "2", True, 10**9])
def test_counters_that_are_none_are_not_zero(counter: object) -> None:
    said = {"waiting_gens": counter, "live_gens": 0, "loading_models": 0, "waiting_backends": 0}

    assert isinstance(read_status({"status": said}), Skip)


@given(COUNTS, COUNTS)
@settings(max_examples=100)
def test_others_are_never_less_than_nothing(everybody: Counts, ours: Counts) -> None:
    assert min(everybody.minus(ours)) >= 0


def test_a_change_of_the_others_is_news_once_two_readings_agree() -> None:
    others = Others()

    assert not others.heard(Counts(1, 1), Counts())
    assert others.told is None
    assert others.heard(Counts(1, 1), Counts())
    assert others.told == Counts(1, 1)


def test_a_reading_between_two_moments_is_not_told() -> None:
    others = Others()
    for _ in range(2):
        others.heard(Counts(), Counts())

    # Ours began between the two answers of one round.
    assert not others.heard(Counts(1, 1), Counts())
    assert others.heard(Counts(1, 1), Counts(1, 1))
    assert others.told == Counts()

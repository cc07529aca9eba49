"""The invariants of groups, I6 to I9, I11 and the pure part of I14, over any history."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from tests.fold.histories import events, muddled, seeds
from tests.fold.stories import GROUP, Gathering

from headway.fold.groups import bucket_of
from headway.model.events import (
    AnyEvent,
    Ended,
    Progress,
    Registered,
    Sealed,
    Started,
    StepEnded,
)
from headway.model.keys import JobKey
from headway.model.views import GroupView
from headway.model.words import RESOLVED

MEMBERS = tuple(JobKey("comfy", f"m{n}").text for n in range(3))
STRAYS = tuple(JobKey("comfy", f"stray{n}").text for n in range(2))
KNOWN = MEMBERS + STRAYS
COUNTS = ("succeeded", "failed", "cancelled", "lost", "unknown", "active", "waiting")
SEAL = Sealed(key=GROUP, at=10.0, ids=list(MEMBERS))
OTHER_SEAL = Sealed(key=GROUP, at=11.0, ids=list(MEMBERS[:2]))

joining = st.builds(
    lambda key: Registered(key=key, at=1.0, meta={"group": "g"}), st.sampled_from(KNOWN)
)
happening = events(Started, Ended, Progress, StepEnded, keys=KNOWN)
histories = st.lists(st.one_of(joining, happening, happening), max_size=16)


def counts(view: GroupView) -> dict[str, int]:
    return {name: getattr(view, name) for name in COUNTS}


def resolved(view: GroupView) -> int:
    return sum(getattr(view, name) for name in RESOLVED)


@given(history=histories)
def test_i6_with_one_seal_the_total_is_fixed_and_the_resolved_never_fall(
    history: list[AnyEvent],
) -> None:
    gathering = Gathering([SEAL])
    before = gathering.view

    for event in history:
        gathering.hear(event)
        after = gathering.view
        assert after.total == len(MEMBERS)
        assert resolved(after) >= resolved(before)
        assert after.succeeded >= before.succeeded
        before = after


@given(history=histories)
def test_i7_an_open_group_never_shrinks_has_no_fraction_and_is_never_complete(
    history: list[AnyEvent],
) -> None:
    gathering = Gathering()
    total = 0

    for event in history:
        gathering.hear(event)
        view = gathering.view
        assert view.total is not None
        assert view.total >= total
        assert (view.fraction, view.complete, view.result) == (None, False, None)
        total = view.total


@given(history=histories)
def test_i8_with_one_seal_complete_stays_complete(history: list[AnyEvent]) -> None:
    gathering = Gathering([SEAL])
    complete = False

    for event in history:
        gathering.hear(event)
        assert gathering.view.complete or not complete
        complete = gathering.view.complete


@given(history=st.lists(st.one_of(joining, happening, st.just(SEAL)), max_size=16))
def test_i9_the_counts_partition_the_total_and_each_member_is_in_its_own(
    history: list[AnyEvent],
) -> None:
    gathering = Gathering(history)

    members = [gathering.member(key) for key in (MEMBERS if gathering.group.seals else KNOWN)]
    expected = Counter(bucket_of(one.phase) for one in members if one)
    unheard = members.count(None) if gathering.group.seals else 0
    expected["waiting"] += unheard

    assert counts(gathering.view) == {name: expected[name] for name in COUNTS}
    assert sum(counts(gathering.view).values()) == gathering.view.total


@given(history=histories)
def test_i11_strays_change_no_count(history: list[AnyEvent]) -> None:
    without = Gathering([SEAL, *(event for event in history if event.key in MEMBERS)])

    with_strays = Gathering([SEAL, *history])

    assert counts(with_strays.view) == counts(without.view)
    assert with_strays.view.fraction == without.view.fraction
    assert with_strays.view.strays == sum(with_strays.member(key) is not None for key in STRAYS)


@given(history=histories, seed=seeds, conflict=st.booleans())
def test_a_group_is_the_same_in_any_order_of_members_ends_and_seals(
    history: list[AnyEvent], seed: int, conflict: bool
) -> None:
    seals = [SEAL, OTHER_SEAL] if conflict else [SEAL]

    one = Gathering([*history, *seals]).view

    assert Gathering(muddled([*seals, *history], seed)).view == one
    assert one.seal_conflict == conflict
    assert one.total == (None if conflict else len(MEMBERS))


@given(history=histories, cut=st.integers(0, 16))
def test_i14_a_group_is_complete_if_and_only_if_every_sealed_member_is_resolved(
    history: list[AnyEvent], cut: int
) -> None:
    gathering = Gathering([*history[:cut], SEAL, *history[cut:]])

    members = [gathering.member(key) for key in MEMBERS]

    done = all(one is not None and one.phase in RESOLVED for one in members)
    assert gathering.view.complete == done
    assert (gathering.view.result is not None) == done

"""Groups, law by law: who belongs, and how the whole stands."""

from __future__ import annotations

import pytest
from tests.fold.stories import GROUP, JOB, Gathering, on_job

from headway.fold.groups import Rollcall, bucket_of, group_view, result_of
from headway.model.entities import Group, Tally
from headway.model.events import Ended, Registered, Sealed
from headway.model.views import GroupView
from headway.model.words import Phase

A, B, C = "comfy~a~", "comfy~b~", "comfy~c~"


def view_of(rollcall: Rollcall, *seals: list[str]) -> GroupView:
    return group_view(Group(key=GROUP, seals=list(seals), tally=rollcall.tally()))


def test_an_open_group_counts_whom_it_knows_and_promises_nothing() -> None:
    rollcall = Rollcall()
    rollcall.place(A, "succeeded", 1.0)
    rollcall.place(B, "running", 0.5)

    view = view_of(rollcall)

    assert (view.total, view.succeeded, view.active) == (2, 1, 1)
    assert (view.sealed, view.fraction, view.complete) == (False, None, False)


def test_a_sealed_member_nobody_has_heard_of_waits() -> None:
    rollcall = Rollcall([[A, B]])
    rollcall.place(A, "succeeded", 1.0)

    view = view_of(rollcall, [A, B])

    assert (view.total, view.waiting, view.complete, view.fraction) == (2, 1, False, 0.5)


def test_a_known_job_outside_the_seal_is_a_stray_in_no_count() -> None:
    rollcall = Rollcall([[A]])
    rollcall.place(A, "succeeded", 1.0)
    rollcall.place(C, "failed", 0.2)

    view = view_of(rollcall, [A])

    assert (view.strays, view.failed, view.total, view.complete) == (1, 0, 1, True)


def test_members_that_came_before_the_seal_are_counted_by_it() -> None:
    rollcall = Rollcall()
    rollcall.place(A, "succeeded", 1.0)
    rollcall.place(C, "running", 0.5)

    rollcall.seal([[A, B]])

    view = view_of(rollcall, [A, B])
    assert (view.total, view.succeeded, view.waiting, view.strays) == (2, 1, 1, 1)


def test_two_different_seals_say_nothing_about_the_whole() -> None:
    rollcall = Rollcall([[A], [A, B]])
    rollcall.place(A, "succeeded", 1.0)

    view = view_of(rollcall, [A], [A, B])

    assert (view.seal_conflict, view.sealed, view.total) == (True, False, None)
    assert (view.complete, view.result, view.fraction) == (False, None, None)


def test_a_group_sealed_empty_is_complete() -> None:
    view = view_of(Rollcall([[]]), [])

    assert (view.complete, view.total, view.result, view.fraction) == (True, 0, "succeeded", 1.0)


def test_a_member_that_belongs_elsewhere_leaves_no_trace() -> None:
    rollcall = Rollcall()
    rollcall.place(A, "running", 0.5)

    rollcall.leave(A)
    rollcall.leave(B)

    assert rollcall.tally() == Tally()


def test_placing_a_member_again_moves_it() -> None:
    rollcall = Rollcall()
    for phase in ("queued", "running", "failed"):
        rollcall.place(A, phase, None)

    assert rollcall.tally() == Tally(failed=1)


@pytest.mark.parametrize(
    ("phase", "bucket"),
    [
        ("pending", "waiting"),
        ("queued", "waiting"),
        ("retrying", "waiting"),
        ("running", "active"),
        ("finishing", "active"),
        ("lost", "lost"),
        ("unknown", "unknown"),
    ],
)
def test_every_phase_has_one_count(phase: Phase, bucket: str) -> None:
    assert bucket_of(phase) == bucket


@pytest.mark.parametrize(
    ("tally", "result"),
    [
        (Tally(succeeded=2), "succeeded"),
        (Tally(succeeded=1, failed=1), "partial"),
        (Tally(succeeded=1, cancelled=1), "partial"),
        (Tally(cancelled=1, failed=1), "cancelled"),
        (Tally(failed=1, lost=1), "failed"),
        (Tally(unknown=2), "failed"),
    ],
)
def test_a_complete_group_succeeded_was_cancelled_failed_or_went_partly(
    tally: Tally, result: str
) -> None:
    assert result_of(tally, 2) == result


def test_an_end_before_its_registration_is_counted_once_both_are_known() -> None:
    gathering = Gathering([on_job(Ended, outcome="succeeded")])
    assert gathering.view.total == 0

    gathering.hear(on_job(Registered, meta={"group": "g"}))

    assert (gathering.view.total, gathering.view.succeeded) == (1, 1)


def test_a_seal_before_its_members_counts_them_as_they_come() -> None:
    gathering = Gathering([Sealed(key=GROUP, at=1.0, ids=[JOB])])
    assert (gathering.view.waiting, gathering.view.complete) == (1, False)

    gathering.hear(on_job(Ended, outcome="cancelled"))

    assert (gathering.view.complete, gathering.view.result) == (True, "cancelled")


def test_a_group_has_the_title_and_meta_that_its_owner_gave() -> None:
    gathering = Gathering([Registered(key=GROUP, at=1.0, meta={"title": "Cats", "for": "me"})])

    assert (gathering.view.id, gathering.view.title) == ("g", "Cats")
    assert gathering.view.meta == {"for": "me"}

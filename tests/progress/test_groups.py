from __future__ import annotations

import os
import threading

import pytest
from tests.progress.conftest import LONG, Heard

from headway.progress import Group, group, job, track


def test_an_open_group_has_members_and_no_end(heard: Heard) -> None:
    with group("chapter 3") as g:
        g.job("page 1").close()
        view = heard.group(g)

    assert (view.title, view.sealed, view.total, view.succeeded) == ("chapter 3", False, 1, 1)
    assert (view.complete, view.fraction) == (False, None)
    assert g.wait(0.0) is None


def test_a_sealed_group_is_complete_once_all_have_ended(heard: Heard) -> None:
    with group("chapter 3") as g:
        first, second = g.job("page 1"), g.job("page 2")
        g.seal()
        first.close()
        assert g.wait(0.0) is None
        second.fail("ink")

    assert g.wait(LONG) == "partial"
    view = heard.group(g)
    assert (view.complete, view.result, view.strays) == (True, "partial", 0)


@pytest.mark.parametrize(
    ("ends", "result"),
    [
        ((), "succeeded"),
        (("succeeded", "succeeded"), "succeeded"),
        (("failed", "lost"), "failed"),
        (("failed", "cancelled"), "cancelled"),
        (("succeeded", "unknown"), "partial"),
    ],
)
def test_its_result_is_what_everybody_sees(
    heard: Heard, ends: tuple[str, ...], result: str
) -> None:
    g = Group("it")
    for end in ends:
        g.job().end(end)  # type: ignore[arg-type]
    g.seal()

    assert g.wait(LONG) == heard.group(g).result == result


def test_jobs_made_in_the_block_belong_to_it(heard: Heard) -> None:
    with group("outer") as outer:
        job("a").close()
        with group("inner") as inner:
            list(track([1], "b"))
        job("c").close()
        for one in (outer, inner):
            one.seal()

    assert (heard.group(outer).total, heard.group(inner).total) == (2, 1)
    assert "group" not in _meta_of_one_outside(heard)


def _meta_of_one_outside(heard: Heard) -> dict[str, object]:
    job("outside").close()
    return heard.job("outside").meta


def test_a_thread_inherits_by_the_environment(heard: Heard) -> None:
    with group("it") as g:
        assert os.environ["HEADWAY_GROUP"] == g.id == g.environ()["HEADWAY_GROUP"]
        thread = threading.Thread(target=lambda: job("in a thread").close())
        thread.start()
        thread.join()
        g.seal()

    assert "HEADWAY_GROUP" not in os.environ
    assert heard.group(g).succeeded == 1


def test_who_knows_the_id_joins(heard: Heard) -> None:
    mine = Group("it")
    theirs = Group(id=mine.id)
    theirs.job("their job").close()
    assert mine.members() == [heard.job("their job").key]

    mine.seal(*mine.members())
    assert mine.wait(LONG) == "succeeded"


def test_a_member_that_ends_before_the_seal_and_one_that_is_not_known_yet(heard: Heard) -> None:
    g = Group("it")
    g.job("known").close()
    g.seal("elsewhere~x~")

    assert g.wait(0.0) is None
    assert (heard.group(g).total, heard.group(g).waiting) == (2, 1)
    job("late", source="elsewhere", native="x", group=g.id).close()
    assert g.wait(LONG) == "succeeded"


def test_only_the_first_seal_counts_and_later_jobs_are_strays(heard: Heard) -> None:
    g = Group("it")
    g.job("member").close()
    g.seal()
    g.job("stray").close()
    g.seal()

    view = heard.group(g)
    assert (view.seal_conflict, view.total, view.strays) == (False, 1, 1)
    assert len(heard.warnings) == 2


async def test_a_coroutine_waits_without_holding_up_the_loop(heard: Heard) -> None:
    import asyncio

    async with group("it") as g:
        one = g.job("page")
        g.seal()
        waiting = asyncio.ensure_future(g.await_all(LONG))
        await asyncio.sleep(0)
        one.close()

    assert await waiting == "succeeded"
    assert await Group("never sealed").await_all(0.0) is None

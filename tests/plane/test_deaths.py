from __future__ import annotations

import os
from typing import Any

import pytest

from headway.host.process import Identity, booted_at, identity
from headway.model.events import Ended
from headway.model.views import JobView
from headway.plane.deaths import deaths, living

NOW = 2_000.0
GONE = 4_194_305  # above Linux' greatest pid, and nobody's elsewhere


def job(who: Any, **more: Any) -> JobView:
    given = {"updated_at": NOW, "phase": "running"} | more
    return JobView(key="p~1~", source="p", native="1", meta={"process": who}, **given)


def like_us(**other: Any) -> str:
    here = identity()
    parts = {one: getattr(here, one) for one in ("pid", "started", "boot", "namespace", "host")}
    return Identity(**(parts | other)).text


def test_a_job_whose_process_runs_is_left_alone() -> None:
    view = job(identity().text)

    assert (deaths([view], NOW), living([view])) == ([], [view])


@pytest.mark.parametrize(
    "who", [like_us(pid=GONE), like_us(started="1")], ids=["no such process", "another start"]
)
def test_a_job_whose_process_is_gone_is_lost_and_says_why(who: str) -> None:
    (end,) = deaths([job(who, attempt=2)], NOW)

    assert isinstance(end, Ended)
    assert (end.outcome, end.final, end.attempt, end.basis) == ("lost", True, 2, "observed")
    assert (end.why, end.at) == ("its process died", NOW)
    assert "is gone" in end.evidence
    assert living([job(who)]) == []


@pytest.mark.parametrize("phase", ["succeeded", "failed", "lost"])
def test_a_job_that_has_ended_is_not_looked_at(phase: str) -> None:
    assert deaths([job(like_us(pid=GONE), phase=phase)], NOW) == []


@pytest.mark.parametrize(
    "who",
    [
        like_us(pid=GONE, host="elsewhere"),
        like_us(pid=GONE, namespace="pid:[1]"),
        like_us(pid=GONE, host=""),
        "4194305////",
        "²////",
        "9" * 5_000 + "////h",
        "nonsense",
        "",
        7,
        None,
    ],
    ids=range(10),
)
def test_of_another_host_or_of_nonsense_nothing_is_said(who: Any) -> None:
    namespaced = bool(identity().namespace) or "namespace" not in str(who)

    assert not namespaced or deaths([job(who)], NOW) == []


def test_an_earlier_boot_is_over_and_a_later_word_of_another_is_not_ours() -> None:
    since = booted_at()
    if since is None or not identity().boot:  # a system that does not tell its boots apart
        return
    other = like_us(boot="another")

    assert len(deaths([job(other, updated_at=since - 60.0)], NOW)) == 1
    assert deaths([job(other, updated_at=since + 60.0)], NOW) == []


def test_each_process_is_looked_at_once() -> None:
    seen: list[int] = []

    def lives(who: Identity) -> bool:
        seen.append(who.pid)
        return False

    assert len(deaths([job(identity().text)] * 5, NOW, lives=lives)) == 5
    assert seen == [os.getpid()]

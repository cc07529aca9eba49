"""Back ends of a server that has several: who works, who could, and what nobody knows."""

from __future__ import annotations

from typing import Any

from headway.model.views import JobView, SourceView, WorkerView
from headway.talk.status import status_of


def swarm(**readings: Any) -> SourceView:
    counted = {"running": 0, "waiting": 0, "others": 0} | readings
    return SourceView(
        key="swarm", seen=True, meta={"source_kind": "swarmui", "url": "http://s:7801"},
        readings=counted,
    )  # fmt: skip


def worker(name: str, state: str = "ready", **readings: Any) -> WorkerView:
    return WorkerView(
        key=f"swarm~{name}", source="swarm", title=f"box {name}",
        meta={"backend_type": "comfyui_selfstart"}, readings={"state": state} | readings,
    )  # fmt: skip


def ours(native: str = "w-0") -> JobView:
    return JobView(key=f"swarm~{native}~", source="swarm", native=native, phase="running")


def states(*views: Any) -> list[str]:
    return [one["status"] for one in status_of(views, now=0.0, version="0")["backends"]]


def test_a_ready_back_end_of_an_idle_server_is_idle() -> None:
    assert states(swarm(), worker("0"), worker("1")) == ["idle", "idle"]


def test_which_of_several_works_is_only_said_of_one_that_draws() -> None:
    busy = swarm(running=1, others=1)

    assert states(busy, worker("0"), worker("1", step=3)) == ["ready", "running"]


def test_the_only_back_end_of_a_busy_server_works() -> None:
    assert states(swarm(running=1, others=1), worker("0")) == ["running"]


def test_a_ready_back_end_whose_work_cannot_be_seen_is_not_called_running() -> None:
    blind = swarm(unseen="cannot see other sessions")

    assert states(blind, worker("0")) == ["unknown"]
    assert states(blind, worker("0"), worker("1")) == ["ready", "ready"]


def test_what_cannot_work_says_why() -> None:
    found = states(swarm(), worker("0", "errored"), worker("1", "starting"))

    assert found == ["errored", "starting"]


def test_a_name_that_people_gave_a_back_end_is_no_gpu() -> None:
    (found,) = status_of([swarm(), worker("0")], now=0.0, version="0")["backends"]

    assert found["gpu"] is None


def test_jobs_of_ours_stand_beside_the_others_and_never_among_them() -> None:
    found = status_of([swarm(running=1, others=1), ours(), ours("w-1")], now=0.0, version="0")

    assert found["generations_running"] == 3


def test_what_our_session_counts_beyond_our_jobs_counts_too() -> None:
    found = status_of([swarm(running=3, others=1), ours()], now=0.0, version="0")

    assert found["generations_running"] == 3


def test_each_reason_why_the_count_is_not_known_is_a_line() -> None:
    found = status_of([swarm(unseen="no a; no b")], now=0.0, version="0")

    assert found["unseen"] == ["swarm: no a", "swarm: no b"]


def test_what_works_for_certain_is_running_whatever_else_cannot_be_seen() -> None:
    assert states(swarm(unseen="no a", running=1, others=1), worker("0")) == ["running"]

"""Frames of the status socket."""

from __future__ import annotations

from typing import Any

from tests.dialects.comfyui.story import T0, Listener, began, ended, entry, item

from headway.dialects.comfyui.socket import MOST_HELD
from headway.model.events import Ended, Progress, StepEnded, StepStarted


def running(**more: Any) -> Listener:
    ear = Listener()
    ear.queue(running=[item(created=0, **more)])
    return ear


def state(ear: Listener, native: str = "a", **nodes: Any) -> None:
    said = {
        name[1:]: {
            "value": n[0],
            "max": n[1],
            "state": n[2],
            "parent_node_id": (n[3:] or [None])[0],
        }
        for name, n in nodes.items()
    }
    ear.frame("progress_state", prompt_id=native, nodes=said)


def test_a_broadcast_bar_is_told_exactly() -> None:
    ear = running()
    state(ear, n3=(0.0, 1.0, "running"))
    state(ear, n3=(2, 8, "running"))
    ear.frame("progress", prompt_id="a", node="3", value=2, max=8)

    bar = ear.job().bars[0]
    assert (bar.step, bar.done, bar.total, bar.basis) == ("3", 2, 8, "observed")
    assert len(ear.of(Progress)) == 1


def test_only_changed_nodes_become_events() -> None:
    ear = running()
    state(ear, n4=(1.0, 1.0, "finished"), n3=(1, 8, "running"))
    told = len(ear.events)
    state(ear, n4=(1.0, 1.0, "finished"), n3=(1, 8, "running"))

    assert len(ear.events) == told


def test_a_bar_that_falls_or_changes_its_total_is_a_new_run() -> None:
    ear = running()
    for done, total in ((4, 5), (5, 5), (1, 3), (2, 3), (1, 3)):
        state(ear, n3=(done, total, "running"))

    assert [one.run for one in ear.of(Progress)] == [0, 0, 1, 1, 2]
    assert (ear.job().bars[0].done, ear.job().bars[0].total) == (1, 3)


def test_a_full_bar_that_goes_on_ends_nothing() -> None:
    ear = running()
    for _ in range(15):
        ear.frame("progress", prompt_id="a", node="3", value=4, max=4)

    assert ear.step("a", "3").phase == "running"
    assert not ear.of(StepEnded)


def test_parallel_nodes_run_side_by_side() -> None:
    ear = running()
    state(ear, n2=(1, 4, "running"), n3=(1, 4, "running"))
    state(ear, n2=(2, 4, "running"), n3=(1, 4, "running"))

    assert {bar.step: bar.done for bar in ear.job().bars} == {"2": 2, "3": 1}


def test_expanded_nodes_count_inside_their_parent() -> None:
    ear = running()
    ear.frame(
        "progress_state",
        prompt_id="a",
        nodes={
            "2": {"value": 0.0, "max": 1.0, "state": "running"},
            "2.0.0.1": {"value": 1, "max": 3, "state": "running", "parent_node_id": "2"},
        },
    )

    assert ear.step("a", "2.0.0.1").parent == "2"
    assert ear.step("a", "2").phase == "running"


def test_executing_does_not_end_the_node_before() -> None:
    ear = running()
    ear.frame("executing", node="2", display_node="2", prompt_id="a")
    ear.frame("executing", node="3", display_node="3", prompt_id="a")

    assert [one.step for one in ear.of(StepStarted)] == ["2", "3"]
    assert not ear.of(StepEnded)


def test_blocked_execution_is_not_an_end() -> None:
    ear = running()
    ear.frame("execution_error", prompt_id="a", exception_type="ExecutionBlocked", node_id="2")

    assert ear.job().phase == "running"


def test_an_error_on_the_socket_waits_for_its_history() -> None:
    ear = running()
    ear.frame("execution_error", prompt_id="a", exception_type="ValueError", timestamp=1)

    assert ear.job().phase == "finishing"


def test_a_broadcast_interrupt_is_a_cancel() -> None:
    ear = running()
    ear.at(9.0).frame("execution_interrupted", prompt_id="a", timestamp=(T0 + 8) * 1000)

    assert (ear.job().phase, ear.job().ended_at) == ("cancelled", T0 + 8)


def test_success_on_the_socket_is_finishing_until_the_history_has_it() -> None:
    ear = running()
    ear.frame("execution_success", prompt_id="a", timestamp=(T0 + 8) * 1000)
    assert ear.job().phase == "finishing"

    ear.at(10.0).queue()
    ear.history("a")
    assert ear.job().phase == "finishing"

    ear.history("a", entry(item(created=0), began(), ended()))
    assert ear.job().phase == "succeeded"


def test_cached_nodes_that_are_not_needed_are_in_no_count() -> None:
    ear = running()
    ear.frame("execution_cached", prompt_id="a", nodes=["4", "5", "77"], timestamp=T0 * 1000)
    state(ear, n6=(1.0, 1.0, "finished"))

    assert ear.job().steps_cached == 2
    assert (ear.job().steps_done, ear.job().steps_needed) == (1, 5)


def test_a_frame_of_an_unknown_job_waits_for_the_queue() -> None:
    ear = Listener()
    ear.wanted("listing")
    state(ear, "new", n3=(3, 8, "running"))
    assert ear.wanted("listing")
    assert not ear.jobs()

    ear.queue(running=[item("new", 3)])

    assert ear.job("new").bars[0].done == 3


def test_a_frame_of_a_job_that_nobody_knows_is_forgotten_and_counted() -> None:
    ear = Listener()
    state(ear, "gone", n3=(3, 8, "running"))
    ear.queue()
    asked = ear.wanted("history")
    ear.history("gone", key="")
    ear.tick()

    assert [want.native for want in asked] == ["gone"]
    assert not ear.jobs()
    assert ear.source().readings["skipped"] == 1


def test_an_unknown_job_that_is_in_the_history_is_told_with_its_end() -> None:
    ear = Listener()
    state(ear, "late", n3=(8, 8, "running"))
    ear.at(12.0).queue()
    ear.history("late", entry(item("late", 3, created=0), began(), ended()), key="")

    assert ear.job("late").phase == "succeeded"


def test_at_most_a_thousand_frames_wait() -> None:
    ear = Listener()
    for n in range(MOST_HELD + 50):
        state(ear, f"x{n}", n3=(1, 8, "running"))
    ear.tick()

    assert ear.source().readings["skipped"] == 50


def test_a_frame_names_the_use_that_runs() -> None:
    ear = Listener()
    ear.queue(running=[item(number=44, created=1)], pending=[item(number=45, created=5)])
    state(ear, n3=(1, 8, "running"))

    assert [job.phase for job in ear.jobs() if job.bars] == ["running"]


def test_an_end_is_told_once_however_often_it_is_heard() -> None:
    ear = running()
    ear.frame("execution_interrupted", prompt_id="a", timestamp=T0 * 1000)
    ear.frame("execution_interrupted", prompt_id="a", timestamp=T0 * 1000)

    assert len({(one.outcome, one.at) for one in ear.of(Ended)}) == 1

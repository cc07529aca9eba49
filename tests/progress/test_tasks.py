"""The progress manager: the acceptance list of the seed, where the model does not decide."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from tests.progress.conftest import LONG, Heard

from headway.progress import ProgressManager
from headway.progress.tasks import EVENTS


class Listener:
    """Every event of a manager, in order."""

    def __init__(self, manager: ProgressManager) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        for event in EVENTS:
            manager.on(event, lambda facts, event=event: self.told.append((event, facts)))

    def names(self) -> list[str]:
        names, self.told = [event for event, _ in self.told], []
        return names


@pytest.fixture
def manager(heard: Heard) -> ProgressManager:
    return ProgressManager()


@pytest.fixture
def listener(manager: ProgressManager) -> Listener:
    return Listener(manager)


def counts(manager: ProgressManager, message: Any = 1) -> tuple[int, int, int, int, int]:
    state = manager.get_state(message)
    assert state is not None
    return tuple(state[one] for one in ("pending", "completed", "total", "failed", "early"))  # type: ignore[return-value]


def test_registering_begins_and_announces(manager: ProgressManager, listener: Listener) -> None:
    assert manager.register_task(1) == 1
    assert listener.told == [("started", {"message_id": 1, "total": 1})]
    assert counts(manager) == (1, 0, 1, 0, 0)


def test_registering_more_adds_and_announces_an_update(
    manager: ProgressManager, listener: Listener
) -> None:
    manager.register_task(1, 2)
    assert manager.register_tasks(1, 3) == 5
    assert listener.names() == ["started", "updated"]


def test_registering_nothing_tracks_silently_and_the_first_task_announces_once(
    manager: ProgressManager, listener: Listener
) -> None:
    manager.register_task(1, 0)
    assert (manager.is_tracking(1), manager.is_complete(1), listener.names()) == (True, False, [])

    manager.register_task(1, 2)
    assert listener.names() == ["started"]


def test_messages_are_independent(manager: ProgressManager) -> None:
    manager.register_task("a", 2)
    manager.register_task("b", 1)
    manager.complete_task("b")

    assert (manager.is_complete("a"), manager.is_complete("b")) == (False, True)
    assert manager.tracked() == ["a", "b"]


def test_all_complete_is_announced_exactly_when_the_last_one_ended(
    manager: ProgressManager, listener: Listener
) -> None:
    manager.register_task(1, 3)
    manager.complete_task(1)
    manager.fail_task(1)
    assert listener.names() == ["started", "updated", "updated"]

    manager.complete_task(1)
    (_, _), (event, facts), (last, _) = listener.told
    assert (event, facts["succeeded"], facts["failed"], facts["total"]) == (
        "all-tasks-complete",
        2,
        1,
        3,
    )
    assert last == "progress-complete"
    assert facts["duration"] >= 0.0
    assert manager.is_tracking(1)


def test_an_end_before_its_registration_waits_and_is_absorbed(
    manager: ProgressManager, listener: Listener
) -> None:
    assert manager.complete_task(1) is False
    assert (manager.is_tracking(1), manager.get_state(1), listener.names()) == (False, None, [])

    manager.register_task(1, 2)
    assert counts(manager) == (1, 1, 2, 0, 0)
    assert listener.names() == ["started", "updated"]


def test_more_ends_than_tasks_wait(manager: ProgressManager) -> None:
    manager.register_task(1)
    assert [manager.complete_task(1), manager.fail_task(1)] == [True, False]
    assert counts(manager) == (0, 1, 1, 0, 1)

    manager.register_task(1)
    assert counts(manager) == (0, 2, 2, 1, 0)


def test_of_one_task_the_first_end_counts(manager: ProgressManager) -> None:
    manager.register_task(1, task="cover")
    manager.register_task(1, task="cover")
    assert manager.complete_task(1, "cover") is True
    assert manager.fail_task(1, "cover") is False
    assert counts(manager) == (0, 1, 1, 0, 0)

    manager.fail_task(1, "back")
    manager.complete_task(1, "back")
    manager.register_task(1, task="back")
    assert counts(manager) == (0, 2, 2, 1, 0)


def test_a_new_total_keeps_what_has_ended(manager: ProgressManager, listener: Listener) -> None:
    manager.register_task(1, 3)
    manager.complete_task(1)
    assert manager.update_total(1, 5) == 5
    assert manager.update_total(1, 2) == 2
    assert counts(manager) == (1, 1, 2, 0, 0)
    assert manager.update_total(1, 0) == 1
    assert listener.names()[-1] == "progress-complete"


def test_a_total_of_a_message_that_is_not_tracked_is_refused_with_a_warning(
    manager: ProgressManager, heard: Heard
) -> None:
    assert manager.update_total(1, 5) == 0
    assert not manager.is_tracking(1)
    assert len(heard.warnings) == 1


def test_fewer_tasks_settle_a_message_and_only_clear_clears_it(
    manager: ProgressManager, listener: Listener
) -> None:
    manager.register_task(1, 3)
    manager.complete_task(1)
    manager.decrement_total(1, 2)
    assert listener.names()[-2:] == ["all-tasks-complete", "progress-complete"]
    assert manager.is_tracking(1)

    manager.clear(1)
    manager.clear(1)
    assert listener.names() == ["cleared"]
    assert manager.get_state(1) is None


def test_the_total_is_never_below_nothing(manager: ProgressManager) -> None:
    manager.register_task(1, 2)
    assert manager.decrement_total(1, 9) == 0
    assert manager.decrement_total(2) == 0
    assert not manager.is_complete(1)
    manager.wait_all_complete(1, timeout=0.0)


def test_a_greater_total_unsettles(manager: ProgressManager, listener: Listener) -> None:
    manager.register_task(1)
    manager.complete_task(1)
    manager.register_task(1)
    assert not manager.is_complete(1)

    manager.complete_task(1)
    assert listener.names().count("all-tasks-complete") == 2


def test_a_picture_is_announced_whether_or_not_it_is_tracked(
    manager: ProgressManager, listener: Listener
) -> None:
    manager.emit_image_completed(7, "/a.png", "x" * 90)

    ((event, facts),) = listener.told
    assert (event, facts["message_id"], facts["image_url"]) == ("image-completed", 7, "/a.png")
    assert (len(facts["prompt_text"]), len(facts["prompt_preview"])) == (90, 60)
    assert not manager.is_tracking(7)


def test_waiting_returns_at_once_where_there_is_nothing_to_wait_for(
    manager: ProgressManager,
) -> None:
    manager.wait_all_complete(1, timeout=0.0)
    manager.register_task(1)
    manager.complete_task(1)
    manager.wait_all_complete(1, timeout=0.0)


def test_waiting_ends_with_the_last_task_a_growing_total_included(
    manager: ProgressManager,
) -> None:
    manager.register_task(1)
    waiting = threading.Thread(target=manager.wait_all_complete, args=(1, LONG))
    waiting.start()
    manager.register_task(1)
    manager.complete_task(1)
    assert waiting.is_alive()
    manager.fail_task(1)
    waiting.join(LONG)

    assert not waiting.is_alive()


def test_waiting_ends_by_time_by_wish_and_by_clear(manager: ProgressManager) -> None:
    from concurrent.futures import CancelledError

    manager.register_task(1)
    wish = threading.Event()
    wish.set()
    with pytest.raises(TimeoutError):
        manager.wait_all_complete(1, timeout=0.0)
    with pytest.raises(CancelledError):
        manager.wait_all_complete(1, cancel=wish)
    manager.clear(1)
    manager.wait_all_complete(1, cancel=threading.Event())


async def test_a_coroutine_waits_too(manager: ProgressManager) -> None:
    manager.register_task(1)
    with pytest.raises(TimeoutError):
        await manager.all_complete(1, within=0.0)
    manager.complete_task(1)
    await manager.all_complete(1, within=LONG)


def test_a_task_has_the_words_and_the_times_of_the_seed(manager: ProgressManager) -> None:
    manager.register_task(1, task="cover", prompt="a castle", seed=7)
    (task,) = manager.get_tasks(1)
    seen = [task.state]
    manager.start_task(1, "cover")
    seen.append(task.state)
    manager.fail_task(1, "cover", final=False, why="busy")
    seen.append(task.state)
    manager.start_task(1, "cover")
    manager.complete_task(1, "cover")
    seen.append(task.state)

    assert seen == ["pending", "generating", "pending", "completed"]
    assert (task.prompt, task.metadata, task.attempts) == ("a castle", {"seed": 7}, 2)
    assert task.started_at is not None
    assert task.completed_at is not None


def test_every_outcome_is_counted_apart(manager: ProgressManager) -> None:
    manager.register_task(1, 6)
    for outcome in ("succeeded", "failed", "cancelled", "lost", "unknown"):
        manager.end_task(1, outcome)

    state = manager.get_state(1)
    assert state is not None
    assert (
        state["pending"]
        + sum(state[one] for one in ("succeeded", "failed", "cancelled", "lost", "unknown"))
        == 6
    )
    assert manager.get_progress(1) == pytest.approx(500 / 6)
    assert manager.get_progress(2) is None


def test_a_task_that_takes_too_long_is_told_and_not_ended(
    heard: Heard,
) -> None:
    now, late = [1_000.0], threading.Event()
    manager = ProgressManager(clock=lambda: now[0])
    manager.on("overdue", lambda facts: late.set())
    manager.register_tasks(1, 2, timeout=30.0)
    manager.complete_task(1)
    now[0] = 1_031.0

    assert late.wait(LONG)
    state = manager.get_state(1)
    assert state is not None
    assert (state["overdue"], state["pending"]) == (1, 1)


def test_a_listener_that_raises_harms_nobody(manager: ProgressManager, heard: Heard) -> None:
    manager.on("started", lambda facts: 1 / 0)
    manager.register_task(1)

    assert counts(manager) == (1, 0, 1, 0, 0)
    assert len(heard.warnings) == 1


def test_a_listener_can_be_taken_away_and_must_name_an_event(manager: ProgressManager) -> None:
    told: list[Any] = []
    stop = manager.on("started", told.append)
    stop()
    stop()
    manager.register_task(1)

    assert told == []
    with pytest.raises(ValueError, match="no such event"):
        manager.on("finished", told.append)


def test_a_message_is_a_group_and_a_task_a_job(manager: ProgressManager, heard: Heard) -> None:
    manager.register_task(1, 2)
    manager.register_task(1, task="cover", prompt="a secret wish")
    manager.decrement_total(1)
    manager.complete_task(1)
    manager.fail_task(1, "cover", why="ink")
    manager.seal(1)

    (group,) = heard.views_of("group")
    assert (group.total, group.succeeded, group.failed, group.strays) == (2, 1, 1, 1)
    assert (group.complete, group.result) == (True, "partial")
    assert "secret" not in repr(heard.views())


def test_a_named_message_is_taken_up_by_another_process(heard: Heard) -> None:
    first = ProgressManager("story")
    first.register_task(7, task="a")
    first.register_task(7, task="b")
    first.register_task(7, task="c")
    first.complete_task(7, "a")
    first.fail_task(7, "b")
    assert heard.jobs()["a"].outcome == "succeeded"

    second = ProgressManager("story")
    assert second.restore(7) is True
    assert {task.id: task.state for task in second.get_tasks(7)} == {
        "a": "completed",
        "b": "failed",
        "c": "pending",
    }
    second.complete_task(7, "c")
    assert second.is_complete(7)
    assert (second.restore(7), ProgressManager("story").restore(8)) == (False, False)
    assert ProgressManager().restore(7) is False

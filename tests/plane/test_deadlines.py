"""The timer heap."""

from __future__ import annotations

from headway.model.views import JobView
from headway.plane.deadlines import Deadlines
from headway.store.contract import Change


def job(key: str, stalled_at: float | None, offset: int = 1) -> Change:
    view = JobView(key=key, source="c", native=key, phase="running", stalled_at=stalled_at)
    return Change(offset=offset, key=key, view=view)


def deadlines(*changes: Change) -> tuple[Deadlines, dict[str, Change]]:
    live = {change.key: change for change in changes}
    heap = Deadlines(live, clock=lambda: 0.0)
    heap.watch(changes)
    return heap, live


def test_a_passed_deadline_is_told_once() -> None:
    heap, _ = deadlines(job("a", 10.0), job("b", 30.0))

    assert [change.key for change in heap.due(20.0)] == ["a"]
    assert heap.due(20.0) == []
    assert [change.key for change in heap.due(30.0)] == ["b"]


def test_a_deadline_that_moved_is_not_due_when_its_turn_comes() -> None:
    heap, live = deadlines(job("a", 10.0))
    live["a"] = job("a", 40.0, offset=2)
    heap.watch([live["a"]])

    assert heap.due(20.0) == []
    assert [change.key for change in heap.due(40.0)] == ["a"]


def test_what_ended_meanwhile_is_never_due() -> None:
    heap, live = deadlines(job("a", 10.0))
    del live["a"]

    assert heap.due(20.0) == []

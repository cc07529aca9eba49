"""The timer heap."""

from __future__ import annotations

from headway.model.keys import JobKey, job_key
from headway.model.views import JobView
from headway.plane.deadlines import Deadlines
from headway.store.contract import Change


def job(key: str, stalled_at: float | None, offset: int = 1) -> Change:
    full = JobKey("c", key, "1").text
    view = JobView(key=full, source="c", native=key, phase="running", stalled_at=stalled_at)
    return Change(offset=offset, key=full, view=view)


def natives(changes: list[Change]) -> list[str]:
    return [job_key(change.key).native for change in changes]


def deadlines(*changes: Change) -> tuple[Deadlines, dict[str, Change]]:
    live = {change.key: change for change in changes}
    heap = Deadlines(live, clock=lambda: 0.0)
    heap.watch(changes)
    return heap, live


def test_a_passed_deadline_is_told_once() -> None:
    heap, _ = deadlines(job("a", 10.0), job("b", 30.0))

    assert natives(heap.due(20.0)) == ["a"]
    assert heap.due(20.0) == []
    assert natives(heap.due(30.0)) == ["b"]


def test_a_deadline_that_moved_is_not_due_when_its_turn_comes() -> None:
    heap, live = deadlines(job("a", 10.0))
    moved = job("a", 40.0, offset=2)
    live[moved.key] = moved
    heap.watch([moved])

    assert heap.due(20.0) == []
    assert natives(heap.due(40.0)) == ["a"]


def test_what_ended_meanwhile_is_never_due() -> None:
    heap, live = deadlines(job("a", 10.0))
    live.clear()

    assert heap.due(20.0) == []

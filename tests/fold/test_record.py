"""What is remembered of a finished job."""

from __future__ import annotations

from typing import Any

from tests.fold.stories import JOB, on_job, told

from headway.fold.record import record_of
from headway.model.entities import Job, Step
from headway.model.events import (
    Ended,
    Progress,
    Queued,
    Reading,
    Registered,
    Started,
    StepEnded,
    StepStarted,
)
from headway.model.records import Record

META = {"signature": "s", "family": "f", "sampling_steps": 20, "work": 2e6}
STORY = [
    on_job(Registered, meta=META),
    on_job(Queued, at=1.0),
    on_job(Started, at=5.0),
    on_job(StepStarted, at=6.0, step="2", name="KSampler"),
    on_job(Progress, at=7.0, step="2", done=1.0, total=20.0),
    on_job(StepEnded, at=16.0, step="2"),
    on_job(StepEnded, at=5.0, step="1", cached=True),
]
END = on_job(Ended, at=18.0, outcome="succeeded")


def record(*events: Any) -> Record | None:
    entities = told(events)
    job = entities[JOB]
    assert isinstance(job, Job)
    return record_of(job, [one for one in entities.values() if isinstance(one, Step)])


def spans(*events: Any) -> list[tuple[Any, ...]]:
    found = record(*events)
    assert found is not None
    return [(one.step, one.name, one.after, one.seconds, one.units) for one in found.spans]


def test_a_job_that_has_not_ended_leaves_no_record() -> None:
    assert record(*STORY) is None


def test_a_finished_job_leaves_its_time_without_waiting_and_its_steps() -> None:
    found = record(*STORY, END)

    assert found is not None
    assert (found.source, found.outcome, found.ended_at, found.seconds) == (
        "comfy",
        "succeeded",
        18.0,
        13.0,
    )
    assert (found.signature, found.family, found.sampling_steps, found.work) == (
        "s",
        "f",
        20.0,
        2e6,
    )
    assert spans(*STORY, END) == [("2", "KSampler", 1.0, 10.0, 20.0)]


def test_a_start_or_an_end_that_nobody_saw_leaves_no_time() -> None:
    presumed_end = record(on_job(Started), on_job(Ended, outcome="lost", basis="inferred"))
    presumed_start = record(on_job(Started, basis="inferred"), END)
    unheard_start = record(END)

    for found in (presumed_end, presumed_start, unheard_start):
        assert found is not None
        assert found.seconds is None


def test_a_step_without_both_times_has_no_span() -> None:
    assert spans(on_job(Started), on_job(StepStarted, step="1"), END) == []
    assert spans(on_job(Started), on_job(StepEnded, step="1"), END) == []


def test_only_the_attempt_that_closed_the_job_is_remembered() -> None:
    second = [
        on_job(Ended, at=17.0, outcome="failed", final=False),
        on_job(Started, at=20.0, attempt=2),
        on_job(StepStarted, at=21.0, step="3", attempt=2),
        on_job(StepEnded, at=23.0, step="3", attempt=2),
        on_job(Ended, at=24.0, outcome="succeeded", attempt=2),
    ]

    found = record(*STORY, *second)

    assert found is not None
    assert found.seconds == 4.0
    assert spans(*STORY, *second) == [("3", "", 1.0, 2.0, None)]


def test_cold_is_from_the_best_observer_and_none_where_it_is_no_answer() -> None:
    def cold(*readings: Any) -> bool | None:
        found = record(*readings, END)
        assert found is not None
        return found.cold

    guess = on_job(Reading, observer="a", basis="inferred", field="cold", value=True)
    seen = on_job(Reading, observer="b", basis="observed", field="cold", value=False)

    assert cold(guess, seen) is cold(seen, guess) is False
    assert cold(on_job(Reading, field="cold", value="maybe")) is None
    assert cold() is None

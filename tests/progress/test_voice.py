from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.progress.conftest import LONG, Heard

from headway.errors import StoreError, UsageError
from headway.model.events import AnyEvent, Ended, Registered, Started
from headway.progress import flush, job, voice
from headway.progress.thread import LONGEST_PAUSE, Mouth
from headway.progress.voice import MOST, Voice

SOURCE = Path(__file__).parent.parent.parent / "src"
ALLOWED = {
    "__future__",
    *("headway", "headway.progress", "headway.progress.attempts", "headway.progress.groups"),
    *("headway.progress.jobs", "headway.progress.loops", "headway.progress.naming"),
    *("headway.progress.voice", "headway.progress.wording"),
    *("_collections", "_contextvars", "_functools", "_operator", "_weakrefset", "atexit"),
    *("collections", "contextvars", "functools", "itertools", "keyword", "operator", "reprlib"),
    *("threading", "types", "weakref", "_types"),
}


def test_importing_it_loads_these_modules_and_no_others() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(SOURCE)!r}); before = set(sys.modules); "
        "import headway.progress; print(*sorted(set(sys.modules) - before), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )

    assert set(done.stdout.split()) <= ALLOWED


class Trouble:
    """A sender that takes what it is told to."""

    def __init__(self, *answers: Exception | None) -> None:
        self.answers = list(answers)
        self.taken: list[AnyEvent] = []

    def send(self, events: Sequence[AnyEvent]) -> str:
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.taken += events
        return "stored"

    def flush(self) -> bool:
        return True

    @property
    def kinds(self) -> list[type[AnyEvent]]:
        return [type(event) for event in self.taken if "~" in event.key]


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def quiet(heard: Heard) -> Voice:
    """The voice, whose thread never starts: the test takes the turns."""
    own = voice.voice()
    own._forking = True
    return own


def mouth_of(own: Voice, sender: Trouble, clock: Clock) -> Mouth:
    return Mouth(own, sender, clock=clock)  # type: ignore[arg-type]


def test_what_fails_waits_in_order_and_is_tried_ever_more_rarely(quiet: Voice) -> None:
    sender, clock = Trouble(*[StoreError("full")] * 20), Clock()
    mouth = mouth_of(quiet, sender, clock)
    waits = []
    with job("a"):
        mouth.turn()
    for _ in range(19):
        waits.append(mouth.patience() or 0.0)
        clock.now += waits[-1]
        mouth.turn()
    clock.now += LONGEST_PAUSE
    mouth.turn()

    assert waits == sorted(waits)
    assert waits[-1] == pytest.approx(LONGEST_PAUSE)
    assert sender.kinds == [Registered, Started, Ended]
    assert mouth.patience() is None


def test_one_event_that_is_not_taken_does_not_cost_the_others(quiet: Voice) -> None:
    sender = Trouble(*[UsageError("no")] * 3)
    mouth = mouth_of(quiet, sender, Clock())
    with job("a"):
        pass
    mouth.turn()

    assert len(sender.taken) == 3  # of four: the source, and three of the job


def test_memory_is_bounded_while_nobody_listens_and_what_is_left_out_is_told(
    quiet: Voice, heard: Heard
) -> None:
    for _ in range(MOST):
        job("short").close()

    assert len(quiet.records) <= MOST + 2
    assert quiet.left_out > MOST // 2
    assert [one for one in heard.warnings if "left out" in one]
    sender = Trouble()
    mouth_of(quiet, sender, Clock()).turn(last=True)
    ends = [event for event in sender.taken if isinstance(event, Ended)]
    begun = [event for event in sender.taken if isinstance(event, Registered | Started)]
    assert {one.key for one in begun if "~" in one.key} == {one.key for one in ends}
    (told,) = [one for one in sender.taken if getattr(one, "field", "") == "left_out"]
    assert getattr(told, "value", 0) == quiet.left_out


def test_a_job_that_was_taken_up_can_always_end(quiet: Voice) -> None:
    first = job("first")
    for _ in range(MOST):
        job("other").close()
    first.close()

    assert quiet.records[-1][0] == "ended"


def test_a_flush_tells_whether_it_left(quiet: Voice) -> None:
    with job("a"):
        pass
    assert voice.voice().flush(LONG) is True
    assert flush(LONG) is True


def test_after_its_end_a_voice_says_nothing(heard: Heard) -> None:
    own = voice.voice()
    own.close(LONG)
    with job("a") as one:
        one.advance()

    assert (len(own.records), own.thread) == (0, None)

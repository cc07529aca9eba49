"""The seed's race: an end before its registration, in every interleaving."""

from __future__ import annotations

import threading
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.progress.conftest import LONG, Heard

from headway.progress import ProgressManager, voice

NAMES = ["a", "b", "c", "d"]
EXAMPLES = settings().max_examples // 10


class Race(RuleBasedStateMachine):
    """Registrations and ends in any order, beside the plainest model of them."""

    @initialize()
    def begin(self) -> None:
        # Nobody listens, and no thread runs: the laws are the manager's alone.
        self.before = list(voice._one)
        deaf = voice.Voice()
        deaf.closed = True
        voice._one[:] = [deaf]
        self.manager = ProgressManager()
        self.settled: list[int] = []
        self.manager.on("all-tasks-complete", lambda facts: self.settled.append(facts["total"]))
        self.registered = self.ended = 0
        self.ends: dict[str, str] = {}
        self.names: set[str] = set()

    def teardown(self) -> None:
        voice._one[:] = self.before

    @rule(n=st.integers(0, 3))
    def register(self, n: int) -> None:
        self.manager.register_task(1, n)
        self.registered += n

    @rule(name=st.sampled_from(NAMES))
    def register_by_name(self, name: str) -> None:
        self.manager.register_task(1, task=name)
        self.names.add(name)

    @rule(how=st.sampled_from(["succeeded", "failed"]))
    def end(self, how: str) -> None:
        self.manager.end_task(1, how)
        self.ended += 1

    @rule(name=st.sampled_from(NAMES), how=st.sampled_from(["succeeded", "failed"]))
    def end_by_name(self, name: str, how: str) -> None:
        self.manager.end_task(1, how, task=name)
        self.ends.setdefault(name, how)

    @invariant()
    def nothing_is_lost_and_nothing_counts_twice(self) -> None:
        total = self.registered + len(self.names)
        known = min(self.registered, self.ended) + len(self.names & self.ends.keys())
        state = self.manager.get_state(1)
        if state is None:
            assert total == 0
            return
        early = self.ended + len(self.ends) - known
        assert (state["total"], state["completed"], state["early"]) == (total, known, early)
        assert state["pending"] == total - known
        assert state["succeeded"] + state["failed"] == known
        assert self.manager.is_complete(1) == (0 < total == known)
        assert self.manager.is_complete(1) <= (self.settled[-1:] == [total])


Race.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=20)
TestRace = Race.TestCase


def test_threads_that_end_what_others_still_register(heard: Heard) -> None:
    manager = ProgressManager()
    each, sides = 200, 4
    begin = threading.Barrier(2 * sides)
    settled: list[dict[str, Any]] = []
    manager.on("progress-complete", settled.append)

    def register(side: int) -> None:
        begin.wait(LONG)
        for n in range(each):
            manager.register_task(1, task=f"{side}-{n}")
            manager.register_task(1)

    def end(side: int) -> None:
        begin.wait(LONG)
        for n in range(each):
            manager.complete_task(1, f"{side}-{n}")
            manager.fail_task(1)

    threads = [
        threading.Thread(target=work, args=(side,))
        for side in range(sides)
        for work in (register, end)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)

    assert manager.get_state(1) == {
        "pending": 0,
        "completed": 2 * each * sides,
        "total": 2 * each * sides,
        "succeeded": each * sides,
        "failed": each * sides,
        "cancelled": 0,
        "lost": 0,
        "unknown": 0,
        "early": 0,
        "overdue": 0,
    }
    assert settled
    manager.wait_all_complete(1, timeout=0.0)

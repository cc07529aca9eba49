"""One group lived through at random, against a reckoning from scratch after every step.

The machine says what a program and its back ends may say in any order: jobs end before
they are registered, join late, turn out to be strays, are sealed once, twice or never.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.fold.histories import events, muddled, seeds
from tests.fold.stories import GROUP, Gathering, views

from headway.fold.groups import bucket_of
from headway.model.events import AnyEvent, Ended, Progress, Registered, Sealed, Started, StepEnded
from headway.model.keys import JobKey
from headway.model.views import GroupView
from headway.model.words import RESOLVED

JOBS = tuple(JobKey("comfy", f"j{n}").text for n in range(5))
SETS = (JOBS[:3], JOBS[:1], (), JOBS)

keys = st.sampled_from(JOBS)


class GroupMachine(RuleBasedStateMachine):
    """A group, its jobs, and everything that was ever said about them."""

    def __init__(self) -> None:
        super().__init__()
        self.gathering = Gathering()
        self.history: list[AnyEvent] = []
        self.before: GroupView = self.gathering.view

    def say(self, event: Any) -> None:
        self.before = self.gathering.view
        self.history.append(event)
        self.gathering.hear(event)

    @rule(event=events(Started, Ended, Progress, StepEnded, keys=JOBS))
    def a_job_goes_on(self, event: AnyEvent) -> None:
        self.say(event)

    @rule(key=keys, at=st.sampled_from([1.0, 2.0]))
    def a_job_joins(self, key: str, at: float) -> None:
        self.say(Registered(key=key, at=at, observer="owner", meta={"group": "g"}))

    @rule(key=keys)
    def a_job_turns_out_to_belong_elsewhere(self, key: str) -> None:
        self.say(Registered(key=key, at=0.5, observer="owner", meta={"group": "another"}))

    @rule(ids=st.sampled_from(SETS))
    def an_owner_seals(self, ids: tuple[str, ...]) -> None:
        self.say(Sealed(key=GROUP, at=3.0, observer="owner", ids=list(ids)))

    @precondition(lambda self: self.history)
    @rule(data=st.data())
    def something_is_heard_again(self, data: st.DataObject) -> None:
        self.say(data.draw(st.sampled_from(self.history)))
        assert self.gathering.view == self.before

    @invariant()
    def the_tally_is_what_a_reckoning_from_scratch_gives(self) -> None:
        view, seals = self.gathering.view, self.gathering.group.seals
        known = {key: one for key in JOBS if (one := self.gathering.member(key))}
        counted = set(seals[0]) if len(seals) == 1 else set(known)
        buckets = [bucket_of(known[key].phase) if key in known else "waiting" for key in counted]
        assert all(getattr(view, name) == buckets.count(name) for name in set(buckets))
        assert view.total == (None if len(seals) > 1 else len(counted))
        assert view.strays == len(set(known) - counted)

    @invariant()
    def only_one_seal_makes_a_whole(self) -> None:
        view, seals = self.gathering.view, len(self.gathering.group.seals)
        assert (view.sealed, view.seal_conflict) == (seals == 1, seals > 1)
        assert (view.fraction is not None) == view.sealed
        assert view.sealed or not view.complete

    @invariant()
    def while_sealed_once_nothing_is_taken_back(self) -> None:
        before, after = self.before, self.gathering.view
        if not (before.sealed and after.sealed):
            return
        assert after.total == before.total
        assert after.complete or not before.complete
        assert sum(getattr(after, one) - getattr(before, one) for one in RESOLVED) >= 0

    @precondition(lambda self: self.history)
    @rule(seed=seeds)
    def another_process_heard_it_in_another_order(self, seed: int) -> None:
        other = Gathering(muddled(self.history, seed))
        assert other.view == self.gathering.view
        assert views(other.entities) == views(self.gathering.entities)


TestGroup = GroupMachine.TestCase
TestGroup.settings = settings(
    max_examples=settings.default.max_examples // 5, stateful_step_count=25
)

"""A conflated batch folds to the same state."""

from __future__ import annotations

from hypothesis import given
from tests.fold.histories import histories
from tests.fold.stories import picture, told

from headway.fold.conflate import conflated
from headway.model.events import AnyEvent, Progress, Started


@given(histories())
def test_a_conflated_batch_gives_the_same_state(events: list[AnyEvent]) -> None:
    assert picture(told(conflated(events))) == picture(told(events))


def test_a_flood_of_ticks_is_one_event() -> None:
    ticks = [Progress(key="c~a~1", at=float(n), observer="o", done=n, total=20) for n in range(20)]

    assert conflated(ticks) == [ticks[-1]]


def test_edges_are_never_left_out() -> None:
    twice = [Started(key="c~a~1", at=1.0), Started(key="c~a~1", at=1.0)]

    assert conflated(twice) == twice

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from tests.progress.conftest import Heard

from headway.progress import atrack, retrying, track, tracked


def endless() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


def test_a_loop_yields_what_it_was_given_and_is_a_job(heard: Heard) -> None:
    assert list(track("abc", "it")) == ["a", "b", "c"]

    assert (heard.job().outcome, heard.job().fraction) == ("succeeded", 1.0)


def test_a_loop_counts_what_is_done_not_what_is_begun(heard: Heard) -> None:
    seen = []
    for _ in track(range(4), "it"):
        view = heard.job()
        seen.append(view.bars[0].done if view.bars else 0.0)

    assert seen == [0.0, 1.0, 2.0, 3.0]


def test_a_loop_of_unknown_length_has_no_fraction(heard: Heard) -> None:
    for number in track(endless(), "it"):
        if number == 3:
            view = heard.job()
            assert (view.bars[0].done, view.bars[0].total, view.fraction) == (3.0, None, None)
            break


def test_nothing_begins_before_the_first_item(heard: Heard) -> None:
    loop = track([1], "it")
    assert heard.jobs_or_none() == {}

    assert list(loop) == [1]


def test_a_loop_that_is_left_early_is_unknown(heard: Heard) -> None:
    for number in track(range(10), "it"):
        if number == 3:
            break

    assert (heard.job().outcome, heard.job().why) == ("unknown", "the loop was left after 3")


def test_a_generator_that_raises_fails_the_job_and_the_error_is_its_own(heard: Heard) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        list(track(items(), "it", total=5))

    assert (heard.job().outcome, heard.job().why) == ("failed", "LookupError: no more")


async def test_an_async_loop_is_a_job_too(heard: Heard) -> None:
    async def items() -> AsyncIterator[int]:
        for number in range(3):
            await asyncio.sleep(0)
            yield number

    assert [one async for one in atrack(items(), "it", total=3)] == [0, 1, 2]

    assert heard.job().outcome == "succeeded"


def test_each_call_of_a_tracked_function_is_a_job(heard: Heard) -> None:
    @tracked(kind="image")
    def paint(x: int) -> int:
        """Paint."""
        return 10 // x

    assert (paint(5), paint.__name__, paint.__doc__) == (2, "paint", "Paint.")
    assert heard.job("paint").outcome == "succeeded"
    with pytest.raises(ZeroDivisionError):
        paint(0)

    assert "failed" in {view.outcome for view in heard.views() if hasattr(view, "outcome")}


async def test_a_coroutine_function_is_tracked_until_it_returns(heard: Heard) -> None:
    @tracked("it")
    async def paint() -> str:
        assert heard.job().phase == "running"
        await asyncio.sleep(0)
        return "done"

    assert await paint() == "done"
    assert heard.job().outcome == "succeeded"


class Luck:
    def __init__(self, failures: int) -> None:
        self.left = failures

    def __call__(self) -> str:
        if self.left:
            self.left -= 1
            raise OSError("try again")
        return "got it"


@pytest.mark.parametrize(
    ("failures", "outcome", "attempt"),
    [(0, "succeeded", 1), (2, "succeeded", 3), (3, "failed", 3)],
)
def test_each_try_is_an_attempt(heard: Heard, failures: int, outcome: str, attempt: int) -> None:
    luck = Luck(failures)
    fetch = retrying(attempts=3, title="it")(luck)
    if outcome == "failed":
        with pytest.raises(OSError, match="try again"):
            fetch()
    else:
        assert fetch() == "got it"

    assert (heard.job().outcome, heard.job().attempt) == (outcome, attempt)


def test_an_error_of_another_kind_is_not_tried_again(heard: Heard) -> None:
    luck = Luck(1)
    with pytest.raises(OSError, match="try again"):
        retrying(attempts=3, on=ValueError, title="it")(luck)()

    assert (luck.left, heard.job().outcome, heard.job().attempt) == (0, "failed", 1)


async def test_a_coroutine_is_tried_again_too(heard: Heard) -> None:
    luck = Luck(1)

    @retrying(attempts=2)
    async def fetch() -> str:
        await asyncio.sleep(0)
        return luck()

    assert await fetch() == "got it"
    assert (heard.job("fetch").outcome, heard.job("fetch").attempt) == ("succeeded", 2)

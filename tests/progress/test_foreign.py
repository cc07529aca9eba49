from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.progress.conftest import Heard

import tqdm as real
from headway.progress import diffusers_callback, job, watch_tqdm


@pytest.fixture
def watched(heard: Heard) -> Iterator[Heard]:
    undo = watch_tqdm()
    yield heard
    undo()


def bar(*args: Any, **more: Any) -> Any:
    return real.tqdm(*args, file=Nowhere(), **more)


class Nowhere:
    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        return


def test_a_bar_of_tqdm_is_a_job(watched: Heard) -> None:
    assert list(bar(range(5), desc="theirs", unit="frame")) == [0, 1, 2, 3, 4]

    assert (watched.job("theirs").outcome, watched.job("theirs").fraction) == ("succeeded", 1.0)


def test_it_is_seen_while_it_moves(watched: Heard) -> None:
    one = bar(total=8, desc="theirs")
    one.update(2)
    view = watched.job("theirs")
    assert (view.bars[0].done, view.bars[0].total, view.fraction) == (2.0, 8.0, 0.25)

    one.total = 16
    assert watched.job("theirs").bars[0].total == 16.0
    one.close()
    assert (watched.job("theirs").outcome, watched.job("theirs").why) == (
        "unknown",
        "its bar was closed at 2 of 16",
    )


def test_one_that_is_disabled_is_none(watched: Heard) -> None:
    list(bar(range(3), desc="theirs", disable=True))
    job("ours").close()

    assert list(watched.jobs()) == ["ours"]


def test_it_is_undone_and_twice_is_once(heard: Heard) -> None:
    def standing() -> tuple[Any, Any]:
        return vars(real.tqdm)["__init__"], vars(real.tqdm)["close"]

    before = standing()
    undo, again = watch_tqdm(), watch_tqdm()
    assert standing() != before
    undo()
    again()

    assert standing() == before
    list(bar(range(3), desc="theirs"))
    assert heard.jobs_or_none() == {}


class Strange(real.tqdm):  # type: ignore[type-arg]
    """Of a version that takes no attribute of ours."""

    @property
    def _headway_job(self) -> None:
        raise AttributeError("elsewhere")


def test_another_version_of_tqdm_costs_a_warning_and_no_bar(watched: Heard) -> None:
    assert list(Strange(range(3), file=Nowhere())) == [0, 1, 2]

    assert len(watched.warnings) == 1


class Pipe:
    num_timesteps = 20


def test_a_callback_for_diffusers_moves_the_job_and_passes_its_words_on(heard: Heard) -> None:
    one = job("it")
    on_step_end = diffusers_callback(one)
    words: dict[str, Any] = {"latents": object()}
    for step in range(4):
        assert on_step_end(Pipe(), step, 999 - step, words) is words

    view = heard.job()
    assert (view.bars[0].done, view.bars[0].total, view.bars[0].unit) == (4.0, 20.0, "step")
    one.close()


def test_a_pipeline_that_does_not_say_its_steps_has_none(heard: Heard) -> None:
    one = job("it")
    diffusers_callback(one)(object(), 2, 0, {})
    assert (heard.job().bars[0].done, heard.job().bars[0].total) == (3.0, None)
    diffusers_callback(one, total=8)(object(), 3, 0, {})
    assert heard.job().bars[0].total == 8.0
    diffusers_callback(one)(Pipe(), "what", 0, {})  # type: ignore[arg-type]

    assert heard.job().bars[0].done == 4.0
    one.close()

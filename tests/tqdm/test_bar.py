"""tqdm's interface, walked on the real one."""

from __future__ import annotations

import inspect
import io
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from tests.progress.conftest import Heard, heard

import tqdm as real
from headway.tqdm import tqdm, trange

assert heard  # the fixture

LEFT_OUT = {
    "pandas",  # patches pandas, which is not ours to do
    "fp_write",  # of old versions
}


@pytest.fixture(autouse=True)
def _place(heard: Heard) -> None:
    return


def test_its_arguments_are_those_of_the_real_one_in_the_same_order_with_the_same_defaults() -> None:
    theirs = inspect.signature(real.tqdm.__init__).parameters
    ours = inspect.signature(tqdm.__init__).parameters

    assert list(ours) == list(theirs)
    for name, one in theirs.items():
        assert ours[name].default == one.default, name


@pytest.mark.parametrize(
    "name",
    [one for one in vars(real.tqdm) if not one.startswith("_") and one not in LEFT_OUT],
)
def test_it_has_every_public_method_and_each_takes_the_same_arguments(name: str) -> None:
    theirs, ours = getattr(real.tqdm, name), getattr(tqdm, name)

    if callable(theirs) and inspect.isroutine(theirs):
        wanted = inspect.signature(theirs).parameters.values()
        given = inspect.signature(ours).parameters
        named = [one.name for one in wanted if one.kind is not one.VAR_KEYWORD]
        assert [one for one in named if one not in given] == []


def test_it_has_every_attribute_of_an_instance() -> None:
    theirs = real.tqdm(range(3), file=io.StringIO())
    ours = tqdm(range(3), file=io.StringIO())
    names = {one for one in vars(theirs) if not one.startswith("_")} - {"sp"}
    theirs.close()

    assert {one for one in names if not hasattr(ours, one)} == set()
    assert {
        one: getattr(ours, one)
        for one in ("n", "total", "unit", "leave", "mininterval", "smoothing", "initial")
    } == {
        "n": 0,
        "total": 3,
        "unit": "it",
        "leave": True,
        "mininterval": 0.1,
        "smoothing": 0.3,
        "initial": 0,
    }
    ours.close()


def test_a_loop_is_a_job(heard: Heard) -> None:
    assert list(tqdm("abc", desc="it", unit="letter")) == ["a", "b", "c"]
    assert list(trange(2, 8, 2, desc="steps")) == [2, 4, 6]

    assert {one.outcome for one in heard.jobs().values()} == {"succeeded"}


def test_a_bar_is_moved_by_hand(heard: Heard) -> None:
    with tqdm(total=10, desc="it", initial=1) as bar:
        bar.update()
        bar.update(3)
        bar.n += 1
        assert (bar.n, heard.job("it").bars[0].done) == (6, 6.0)
        bar.reset(total=20)
        assert (heard.job("it").bars[0].done, heard.job("it").bars[0].total) == (0.0, 20.0)
        bar.update(20)

    assert heard.job("it").outcome == "succeeded"


def test_one_closed_early_is_unknown_and_one_left_by_an_error_failed(heard: Heard) -> None:
    bar = tqdm(total=10, desc="early")
    bar.update(4)
    bar.close()
    bar.close()
    with pytest.raises(OSError, match="x"), tqdm(total=10, desc="broken"):
        raise OSError("x")

    assert (heard.job("early").outcome, heard.job("early").why) == (
        "unknown",
        "its bar was closed at 4 of 10",
    )
    assert (heard.job("broken").outcome, heard.job("broken").why) == ("failed", "OSError: x")


def test_a_generator_that_raises_is_heard_by_the_loop() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        list(tqdm(items()))


def test_words_beside_it_are_what_it_does(heard: Heard) -> None:
    with tqdm(total=2) as bar:
        bar.set_description("first")
        bar.set_postfix({"b": 2}, loss=0.12345, name=" x ")
        (view,) = heard.jobs().values()
        assert (view.title, view.activity) == ("first", "first b=2, loss=0.123, name=x")
        bar.set_postfix_str("plain")
        bar.set_description_str("")
        assert heard.job("first").activity == "plain"
        bar.update(2)


def test_a_disabled_bar_counts_nothing_and_passes_everything(heard: Heard) -> None:
    with tqdm(range(3), disable=True) as bar:
        bar.update(5)
        assert list(bar) == [0, 1, 2]

    assert heard.jobs_or_none() == {}


def test_none_disables_where_there_is_no_terminal_but_reports(heard: Heard) -> None:
    assert list(tqdm(range(3), desc="it", disable=None, file=io.StringIO())) == [0, 1, 2]

    assert heard.job("it").outcome == "succeeded"


def test_a_bar_is_as_long_as_what_it_is_over() -> None:
    bar = tqdm([5, 6, 7])
    assert (len(bar), bool(bar), 6 in bar, list(reversed(bar))) == (3, True, True, [7, 6, 5])
    assert bool(tqdm(total=0)) is False
    with pytest.raises(TypeError):
        bool(tqdm())
    assert len({tqdm(total=1), tqdm(total=1)}) == 2


def test_a_line_is_printed_where_it_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    tqdm.write("a", file=out)
    tqdm.write("b", end="")
    with tqdm.external_write_mode(file=sys.stdout):
        print("c")

    assert (out.getvalue(), capsys.readouterr().out) == ("a\n", "bc\n")


def test_a_stream_moves_a_bar() -> None:
    with tqdm.wrapattr(io.BytesIO(b"12345"), "read", total=5) as stream:
        assert (stream.read(2), stream.tell(), stream.read()) == (b"12", 2, b"345")
        assert stream._bar.n == 5
    out = io.StringIO()
    with tqdm.wrapattr(out, "write", bytes=False) as stream:
        assert stream.write("abc") == 3
        assert (stream._bar.n, out.getvalue()) == (3, "abc")


def test_it_shows_itself_as_a_line() -> None:
    bar = tqdm(total=10, desc="it")
    bar.update(4)
    assert str(bar).startswith("it:  40%|████")
    bar.close()


def test_what_changes_nothing_here_can_be_called() -> None:
    bar: Any = tqdm(total=1)
    bar.clear()
    bar.unpause()
    bar.moveto(1)
    assert (bar.refresh(), bar.display()) == (True, True)
    tqdm.set_lock(tqdm.get_lock())
    out = io.StringIO()
    tqdm.status_printer(out)("line")
    assert out.getvalue() == "\rline"
    bar.close()


@pytest.mark.parametrize("total", [None, 0, -1, float("nan"), "many"])
def test_a_total_that_is_none_stops_nobody(total: Any) -> None:
    with tqdm(total=total) as bar:
        bar.update(3)

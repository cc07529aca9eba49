"""The line, beside the real one's."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import tqdm as real
from headway.tqdm import tqdm

few = settings(max_examples=settings().max_examples // 5)
counts = st.integers(0, 10**7)
rates = st.none() | st.floats(0.001, 1e6)


@few
@given(
    n=counts,
    total=st.none() | st.integers(1, 10**7),
    elapsed=st.floats(0.001, 1e5),
    unit_scale=st.booleans(),
    prefix=st.sampled_from(["", "frames"]),
    postfix=st.sampled_from([None, "loss=1"]),
    rate=rates,
)
def test_it_reads_as_that_of_the_real_one(n: int, total: int | None, **given_: Any) -> None:
    ours = tqdm.format_meter(n, total, **given_)
    theirs = real.tqdm.format_meter(n, total, **given_)

    assert ours == theirs


@few
@given(
    n=st.integers(0, 100), ncols=st.integers(40, 120), ascii_=st.sampled_from([False, True, " .oO"])
)
def test_its_bar_fills_the_same_columns(n: int, ncols: int, ascii_: Any) -> None:
    ours = tqdm.format_meter(n, 100, 5.0, ncols=ncols, ascii=ascii_)
    theirs = real.tqdm.format_meter(n, 100, 5.0, ncols=ncols, ascii=ascii_)

    assert ours == theirs


@few
@given(number=st.floats(-1e20, 1e20))
def test_sizes_read_the_same(number: float) -> None:
    assert tqdm.format_sizeof(number) == real.tqdm.format_sizeof(number)


@few
@given(seconds=st.integers(-100_000, 1_000_000))
def test_durations_read_the_same(seconds: int) -> None:
    assert tqdm.format_interval(seconds) == real.tqdm.format_interval(seconds)


@few
@given(value=st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9))
def test_numbers_read_the_same(value: float) -> None:
    assert tqdm.format_num(value) == real.tqdm.format_num(value)


def test_a_format_of_ones_own_is_used() -> None:
    form = "{desc}|{n_fmt} of {total_fmt}|{bar}|{mine}"
    assert tqdm.format_meter(5, 10, 1.0, prefix="a", bar_format=form, mine="x") == (
        "a|5 of 10|█████     |x"
    )

"""Where a reader stands, as text and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.errors import UsageError
from headway.model.cursor import Cursor, parse


@given(epoch=st.text(min_size=1, max_size=20), offset=st.integers(0, 10**18 - 1))
def test_a_cursor_comes_back_from_its_text(epoch: str, offset: int) -> None:
    assert parse(Cursor(epoch, offset).text) == (epoch, offset)


@pytest.mark.parametrize("text", ["", ".", "e", "e.", ".5", "e.-1", "e.x", "e.٣", "e." + "9" * 19])
def test_what_is_no_cursor_is_told_back(text: str) -> None:
    with pytest.raises(UsageError, match="not a cursor") as caught:
        parse(text)
    assert caught.value.hint


@given(text=st.text(max_size=30))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    try:
        cursor = parse(text)
    except UsageError:
        return
    assert cursor.epoch
    assert cursor.offset >= 0

"""A terminal's lines, as far as bars need them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.run.screen import KEPT, WIDEST, Screen, printable


def shown(*pieces: bytes) -> list[str]:
    screen = Screen()
    for piece in pieces:
        screen.feed(piece)
    screen.feed(b"", last=True)
    return screen.lines(KEPT)


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"one\ntwo", ["one", "two"]),
        (b"old bar\rnew", ["new bar"]),
        (b"old bar\r\x1b[Knew", ["new"]),
        (b"old bar\x1b[2K\rnew", ["new"]),
        (b"a\n\rb\x1b[A\rA", ["A", "b"]),
        (b"\x1b[31mred\x1b[0m", ["red"]),
        (b"\x1b]0;a title\x07text", ["text"]),
        (b"\x1b]0;a title\x1b\\text", ["text"]),
        (b"abc\b\bX", ["aXc"]),
        (b"a\tb", ["a       b"]),
        (b"12345\x1b[3Gx", ["12x45"]),
        (b"one\ntwo\x1b[A\x1b[J", ["one"]),
        (b"\xff\xfe ok", ["\ufffd\ufffd ok"]),
        (b"caf\xc3\xa9", ["café"]),
        (b"be\x00fore\x7f", ["before"]),
    ],
)
def test_what_a_terminal_shows_is_what_is_read(data: bytes, rows: list[str]) -> None:
    assert shown(data) == rows
    assert shown(*[data[at : at + 1] for at in range(len(data))]) == rows


def test_an_editor_or_pager_is_not_read() -> None:
    assert shown(b"before\n\x1b[?1049h50% 1/2\x1b[?1049lafter") == ["before", "after"]


def test_a_status_line_that_a_program_places_itself_is_a_row_of_its_own() -> None:
    screen = Screen()

    rows = screen.feed(b"text\n\x1b7\x1b[24;0fProgress: [ 45%]\x1b8more\n")

    assert (-24, "Progress: [ 45%]") in rows
    assert screen.lines(9) == ["text", "more"]


def test_a_line_that_may_go_on_is_not_given_out_yet() -> None:
    screen = Screen()

    assert screen.feed(b"\r 45") == []
    assert screen.feed(b"%\r") == [(0, " 45%")]
    assert screen.feed(b" 46%") == []
    assert screen.feed(b"", last=True) == [(0, " 46%")]


def test_a_line_of_ten_megabytes_costs_one_row() -> None:
    screen = Screen()

    for _ in range(160):
        screen.feed(b"x" * 65_536)
    screen.feed(b"\nnext\n")

    assert [len(row) for row in screen.lines(9)] == [WIDEST, 4]


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=60), max_size=12))
def test_any_bytes_are_taken_and_what_comes_out_is_printable(pieces: list[bytes]) -> None:
    screen = Screen()
    for piece in pieces:
        for _, text in screen.feed(piece):
            assert text.isprintable()
    for _, text in screen.feed(b"", last=True):
        assert text.isprintable()
    assert len(screen.lines(1_000)) <= KEPT


STEPS = st.sampled_from(
    [b"text", b"\r", b"\n", b"\x1b[A", b"\x1b[2K", b"\x1b[1m", "█".encode(), b"\b", b"\x1b[5C"]
)


@settings(max_examples=100)
@given(st.lists(STEPS, max_size=30).map(b"".join), st.integers(1, 7))
def test_any_cut_of_the_output_shows_the_same(data: bytes, piece: int) -> None:
    cut = [data[at : at + piece] for at in range(0, len(data), piece)]

    assert shown(*cut) == shown(data)


def test_text_is_made_safe_to_show() -> None:
    assert printable("a\x1b[2Jb\udcff") == "a\ufffd[2Jb\ufffd"

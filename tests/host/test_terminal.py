"""What the terminal can do."""

import io

import pytest

from headway.host.terminal import ascii_only, colour, terminal, width


def test_columns_win_over_the_terminal_and_stay_within_reason() -> None:
    assert width(io.StringIO(), env={"COLUMNS": "61"}) == 61
    assert width(io.StringIO(), env={"COLUMNS": "3"}) == 20
    assert width(io.StringIO(), env={"COLUMNS": "5000"}) == 200


@pytest.mark.parametrize("columns", ["", "0", "wide", "-3"])
def test_where_nobody_says_the_width_is_80(columns: str) -> None:
    assert width(io.StringIO(), env={"COLUMNS": columns}) == 80


def test_colour_needs_somebody_who_looks() -> None:
    assert colour(tty=True, env={})
    assert not colour(tty=False, env={})


def test_no_color_and_a_dumb_terminal_forbid_colour() -> None:
    assert not colour(tty=True, env={"NO_COLOR": "1"})
    assert not colour(tty=True, env={"TERM": "dumb"})
    assert colour(tty=True, env={"NO_COLOR": ""})


def test_force_color_demands_it() -> None:
    assert colour(tty=False, env={"FORCE_COLOR": "1", "NO_COLOR": "1"})
    assert not colour(tty=True, env={"FORCE_COLOR": "0"})


@pytest.mark.parametrize("encoding", ["utf-8", "UTF-8", "utf8", "utf-16"])
def test_unicode_encodings_can_print_what_we_draw(encoding: str) -> None:
    assert not ascii_only(encoding)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "cp1252", "nonsense", None])
def test_others_get_ascii(encoding: str | None) -> None:
    assert ascii_only(encoding)


def test_a_stream_that_is_no_terminal_gets_plain_lines() -> None:
    found = terminal(io.TextIOWrapper(io.BytesIO(), encoding="ascii"), env={})

    assert not found.tty
    assert not found.colour
    assert found.plain
    assert found.width == 80


def test_a_closed_stream_is_no_terminal() -> None:
    stream = io.StringIO()
    stream.close()

    assert not terminal(stream, env={}).tty

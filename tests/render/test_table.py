"""Columns that fit, whatever the names."""

import subprocess
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

from headway.render.table import Column, as_ascii, columns_of, cut, padded, safe, table, wrapped

COLUMNS = (
    Column("ID"),
    Column("N", keep=5, right=True),
    Column("TITLE", keep=7, elastic=8),
    Column("NOTE", keep=1, elastic=4),
)
TEXTS = st.text(max_size=30)


def test_a_table_reads_as_one() -> None:
    found = table(COLUMNS, [("a", "1", "portrait", "x"), ("bb", "22", "sky", "")], width=80)

    assert found == "ID   N  TITLE     NOTE\na    1  portrait  x\nbb  22  sky\n"


def test_the_least_important_columns_go_first() -> None:
    rows = [("abcdef", "1", "a long title indeed", "a note")]

    assert table(COLUMNS, rows, width=30).splitlines()[0].split() == ["ID", "N", "TITLE", "NOTE"]
    assert table(COLUMNS, rows, width=20).splitlines()[0].split() == ["ID", "N", "TITLE"]
    assert table(COLUMNS, rows, width=6).splitlines() == ["ID", "abcdef"]


@settings(max_examples=100)
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS), max_size=4), st.integers(20, 100))
def test_no_line_is_wider_than_asked(rows: list[tuple[str, ...]], width: int) -> None:
    lines = table(COLUMNS, rows, width=width).splitlines()

    assert len(lines) == len(rows) + 1
    assert all(columns_of(line) <= width for line in lines)


@settings(max_examples=100)
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS), max_size=4), st.integers(20, 100))
def test_in_ascii_there_is_only_ascii(rows: list[tuple[str, ...]], width: int) -> None:
    found = table(COLUMNS, rows, width=width, plain=True)

    assert found.isascii()
    assert all(len(line) <= width for line in found.splitlines())


@settings(max_examples=100)
@given(st.text())
def test_nothing_in_a_name_is_obeyed_by_a_terminal(name: str) -> None:
    shown = safe(name)

    assert shown.isprintable()
    assert len(shown.splitlines()) <= 1


def test_a_control_character_is_shown_as_its_escape() -> None:
    assert safe("a\x1b[31mb") == "a\\x1b[31mb"
    assert safe("a\nb\tc") == "a b c"
    assert safe("gro\u202eßtu") == "gro\\u202eßtu"


def test_east_asian_characters_take_two_columns_and_combining_ones_none() -> None:
    assert columns_of("猫") == 2
    assert columns_of("e\u0301") == 1
    assert padded("猫猫猫", 5) == "猫猫…"
    assert padded("猫", 4, right=True) == "  猫"


@settings(max_examples=100)
@given(st.text(), st.integers(0, 40))
def test_what_is_cut_fits(text: str, width: int) -> None:
    assert columns_of(cut(text, width)) <= width


def test_what_is_drawn_has_a_sign_in_ascii() -> None:
    assert as_ascii("─•█…–猫") == "-*#...-\\u732b"


@settings(max_examples=100)
@given(st.text(alphabet="ab 猫", max_size=60), st.integers(4, 30))
def test_wrapping_keeps_every_letter_and_the_width(text: str, width: int) -> None:
    lines = wrapped(text, width)

    assert all(columns_of(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_the_table_needs_no_module_that_python_has_not_loaded() -> None:
    code = (
        "import sys; before = set(sys.modules); import headway.render.table, headway.render.jobs;"
        "print(' '.join(sorted(m for m in set(sys.modules) - before if 'headway' not in m)))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert set(done.stdout.split()) <= {"__future__"}

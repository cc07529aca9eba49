"""Durations and clock times as people read them."""

import time

import pytest

from headway.render.times import clock, count, duration, span

NOON = time.mktime((2026, 8, 3, 12, 0, 0, 0, 0, -1))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (-1.0, "0.0s"),
        (0.0, "0.0s"),
        (4.24, "4.2s"),
        (42.4, "42s"),
        (150.0, "2.5m"),
        (3900.0, "1 h 05 m"),
        (86_399.0, "1 d 00 h"),
        (3 * 86_400.0 + 4 * 3600, "3 d 04 h"),
    ],
)
def test_a_duration_is_as_long_as_it_is_useful(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize("seconds", [9.94, 9.96, 59.4, 59.6, 3596.0, 3598.0, 86_369.0])
def test_no_duration_is_rounded_into_the_next_unit_s_shape(seconds: float) -> None:
    assert duration(seconds) not in ("10.0s", "60s", "60.0m", "24 h 00 m")


def test_today_needs_no_date() -> None:
    assert clock(NOON, NOON + 60) == "12:00"


def test_another_day_has_its_date_and_another_year_its_year() -> None:
    assert clock(NOON, NOON + 2 * 86_400) == "3 Aug 12:00"
    assert clock(NOON, NOON + 400 * 86_400) == "2026-08-03"
    assert clock(None, NOON) == "–"


def test_a_span_names_its_unit_once() -> None:
    assert span(110.0, 190.0) == "1.8–3.2m"
    assert span(40.0, 150.0) == "40s–2.5m"
    assert span(150.0, 150.0) == "2.5m"
    assert span(1800.0, 4000.0) == "30.0m–1 h 07 m"


@pytest.mark.parametrize(
    ("number", "text"), [(20.0, "20"), (2.5, "2.5"), (55_000_123.0, "55000123"), (1e6, "1000000")]
)
def test_a_number_is_never_told_in_powers_of_ten(number: float, text: str) -> None:
    assert count(number) == text

"""The tap: bounded, and the last word is always heard."""

from __future__ import annotations

from headway.run.listening import HELD, MOST_LINES, Ear, Listener


def listener() -> Listener:
    return Listener(["program"], lambda _: None)


def test_of_a_flood_only_the_last_bytes_are_held() -> None:
    ear = Ear([])

    for _ in range(10_000):
        ear.heard(b"x" * 4_096)

    assert sum(map(len, ear.chunks)) <= HELD + 4_096
    assert ear.total == 40_960_000


def test_after_a_flood_the_bar_at_its_end_is_read() -> None:
    one = listener()

    one.heard(1, b"noise\n" * 500_000)
    one.heard(1, b"\r 99%|###| 99/100 [00:04<00:05,  9.97it/s]")
    one.finish()

    assert one.hearing.levels[0].done == 99
    assert one.printed > 3_000_000


def test_a_bar_without_an_end_of_line_is_read_at_the_first_quiet_look() -> None:
    one = listener()
    one.heard(1, b"\r 42%|###| 42/100 [00:04<00:05,  9.97it/s]")

    one.tick()
    before = dict(one.hearing.levels)
    one.tick()

    assert before == {}
    assert one.hearing.levels[0].done == 42


def test_errors_that_go_elsewhere_are_a_screen_of_their_own() -> None:
    one = listener()

    one.heard(2, b"\r  3%|")
    one.heard(1, b"a line\n")
    one.heard(2, b"#  | 3/100 [00:04<00:05,  9.97it/s]\r")
    one.tick()

    assert one.hearing.levels[0].done == 3


def test_the_last_lines_are_kept_and_bounded() -> None:
    one = listener()

    one.heard(1, b"".join(b"line %d %s\n" % (n, b"y" * 999) for n in range(100)))
    one.finish()

    assert len(one.last_lines) <= MOST_LINES
    assert one.last_lines[-1].startswith("line 99 ")
    assert max(map(len, one.last_lines)) == 300


def test_generic_numbers_count_only_where_no_reader_knows_the_program() -> None:
    one = listener()
    bar = b"\r  5%|#  | 1/20 [00:04<00:05,  9.97it/s]\n"

    one.heard(1, bar + b"".join(b"[%d/9] thing\n" % n for n in range(1, 9)))
    one.finish()

    assert one.hearing.reader == "tqdm"
    assert one.hearing.levels[0].total == 20


def test_numbers_of_an_unknown_program_are_read_from_the_start() -> None:
    one = listener()

    one.heard(1, b"".join(b"[%d/9] thing\n" % n for n in range(1, 7)))
    one.finish()

    assert one.hearing.reader == "guess"
    assert (one.hearing.levels[0].done, one.hearing.levels[0].total) == (6, 9)

"""What real programs printed at real terminals is read, however it is cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from headway.run.hearing import Hearing
from headway.run.reading import Bar
from headway.run.screen import Screen

RECORDINGS = Path(__file__).parent / "recordings"
WORDS = {
    "ffmpeg_lavfi_80": ["ffmpeg", "-f", "lavfi", "-i", "testsrc", "-t", "6", "out.mp4"],
    "rsync_progress2_80": ["rsync", "-a", "--info=progress2", "src/", "dst/"],
}
WIDE = 700  # bytes of a piece: more than one line of any of them

Heard = tuple[str, str, dict[int, Bar]]


def heard(name: str, *, piece: int = WIDE) -> list[Heard]:
    """How things stood after each piece, each once."""
    screen, hearing = Screen(), Hearing(WORDS.get(name, ()))
    data = (RECORDINGS / f"{name}.bin").read_bytes()
    found: list[Heard] = []
    for start in range(0, len(data) + piece, piece):
        rows = screen.feed(data[start : start + piece], last=start >= len(data))
        hearing.feed(rows, screen.base)
        now = hearing.reader, hearing.doing, dict(hearing.levels)
        if not found or found[-1] != now:
            found.append(now)
    return found


def whole(name: str, *, piece: int = WIDE) -> list[tuple[float, float | None]]:
    """The whole's bar over time."""
    bars = [levels[0] for _, _, levels in heard(name, piece=piece) if 0 in levels]
    return [(bar.done, bar.total) for bar in bars]


@pytest.mark.parametrize(
    ("name", "reader", "done", "total", "unit"),
    [
        ("tqdm_nested_80", "tqdm", 3, 3, "it"),
        ("tqdm_nested_40", "tqdm", 3, 3, ""),
        ("tqdm_kept_100", "tqdm", 2, 2, "it"),
        ("tqdm_ascii_60", "tqdm", 30, 30, "it"),
        ("tqdm_scaled_80", "tqdm", 4_770_000, 4_770_000, "B"),
        ("tqdm_count_80", "tqdm", 30, None, "img"),
        ("ffmpeg_input_80", "ffmpeg", 5.88, 6, "s"),
        ("ffmpeg_lavfi_80", "ffmpeg", 5.88, 6, "s"),
        ("ffmpeg_null_80", "ffmpeg", 6, 6, "s"),
        ("rsync_progress2_80", "rsync", 100, 100, "%"),
        ("rsync_progress_80", "rsync", 5, 5, "files"),
        ("rsync_human_60", "rsync", 5, 5, "files"),
    ],
)
@pytest.mark.parametrize("piece", [97, WIDE, 20_000])
def test_the_last_state_of_a_recording_is_read_at_any_cut(
    name: str, reader: str, done: float, total: float | None, unit: str, piece: int
) -> None:
    found, _, levels = heard(name, piece=piece)[-1]

    assert found == reader
    assert (levels[0].done, levels[0].total, levels[0].unit) == (done, total, unit)


@pytest.mark.parametrize("name", ["ffmpeg_input_80", "ffmpeg_lavfi_80", "tqdm_ascii_60"])
def test_a_bar_that_only_grows_is_never_read_as_falling(name: str) -> None:
    found = whole(name, piece=150)

    assert found == sorted(found)
    assert len(found) >= 3


def test_nested_bars_are_a_whole_and_its_part() -> None:
    levels = [levels for _, _, levels in heard("tqdm_nested_80", piece=160)]

    parts = {(bars[0].label, bars[1].label) for bars in levels if 1 in bars}
    assert parts == {("epochs", "batches")}
    assert {bars[1].total for bars in levels if 1 in bars} == {20}


def test_what_pip_downloads_is_a_part_and_no_percent_of_the_whole() -> None:
    found = heard("pip_23_80", piece=300)

    assert not [levels for _, _, levels in found if 0 in levels]
    parts = [levels[1] for _, _, levels in found if 1 in levels]
    assert {(bar.total, bar.unit) for bar in parts} >= {(7_100_000, "B")}
    assert parts[0].label.startswith("downloading pillow")
    assert found[-1][1] == "installing"
    assert found[-1][2] == {}


def test_pip_says_how_many_packages_it_has_installed() -> None:
    parts = [levels[1] for _, _, levels in heard("pip_new_100", piece=300) if 1 in levels]

    assert [bar.done for bar in parts if bar.unit == "packages"][-1] == 5
    assert {bar.total for bar in parts if bar.unit == "packages"} == {5}


def test_pip_without_a_line_drawing_character_is_read_as_well() -> None:
    parts = [levels[1] for _, _, levels in heard("pip_ascii_60", piece=150) if 1 in levels]

    assert parts[-1].total == 7_100_000


def test_rsync_counts_files_and_shows_the_percent_of_one() -> None:
    levels = [levels for _, _, levels in heard("rsync_progress_80", piece=60)]

    assert next(bars[0].done for bars in levels if 0 in bars) == 2
    assert {bars[1].label for bars in levels if 1 in bars} == {"file"}


def test_no_recording_is_large_or_names_a_private_place() -> None:
    for path in RECORDINGS.iterdir():
        data = path.read_bytes()
        assert len(data) <= 20_480
        assert not [word for word in (b"/home/", b"/root", b"/tmp", b"/opt") if word in data]

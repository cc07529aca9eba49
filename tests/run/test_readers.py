"""Each reader reads its own lines and nobody else's."""

from __future__ import annotations

import pytest

from headway.run.readers import READERS, comfyui, ffmpeg, pip, rsync, tqdm
from headway.run.reading import Bar, Reading

PROSE = [
    "",
    "100% cotton",
    "11/22/2026 12:00:01 started",
    "see page 3/4 of the manual",
    "Downloaded 5 files",
    "GET /a/b%20c HTTP/1.1",
    "time=1 size=2",
    "error: 45%|",
    "[12:00:01] hello",
    "x" * 5_000,
    "9" * 5_000 + "/" + "9" * 5_000,
]


@pytest.mark.parametrize("line", PROSE)
@pytest.mark.parametrize("reader", READERS, ids=lambda one: one.name)
def test_what_anybody_could_have_printed_is_no_bar(reader: object, line: str) -> None:
    reading = reader.read(line, None)  # type: ignore[attr-defined]

    assert reading is None or not reading.bars


@pytest.mark.parametrize(
    ("line", "bar"),
    [
        (" 45%|████▌     | 45/100 [00:04<00:05,  9.97it/s]", Bar(45, 100, "it")),
        ("a: b:  5%|▌  | 1/20 [00:04<?, 3.2s/img, loss=0.1]", Bar(1, 20, "img", "a: b")),
        ("big: 50%|#####     | 1.5G/3.0G [01:00<01:00, 25MB/s]", Bar(1.5e9, 3e9, "B", "big")),
        ("7it [00:01,  6.9it/s]", Bar(7, None, "it")),
        ("n: 1.2kB [00:01, 5.1kB/s]", Bar(1200, None, "B", "n")),
        ("batches:  50%|#####9", Bar(50, 100, "%", "batches")),
    ],
)
def test_tqdm_is_read(line: str, bar: Bar) -> None:
    assert tqdm.read(line) == Reading(bars=(bar,))


def test_rsyncs_percent_is_of_all_only_where_that_is_known() -> None:
    one = "    1,234,567  45%   12.34MB/s    0:00:05"
    mid = "    1,234,567  45%   12.34MB/s    0:00:05 (xfr#3, to-chk=5/20)"

    part, proven = rsync.read(one), rsync.read(mid)

    assert part is not None
    assert part.bars[0].level == 1
    assert proven is not None
    assert proven.bars == (Bar(45, 100, "%", level=0),)
    after = rsync.read(one, proven)
    assert after is not None
    assert after.bars[0].level == 0
    asked = rsync.read(one, rsync.begin(["rsync", "--info=progress2,stats", "a", "b"]))
    assert asked is not None
    assert asked.bars[0].level == 0


def test_rsync_counts_no_files_while_its_list_grows() -> None:
    growing = rsync.read("  3,000 100%  1.00MB/s  0:00:00 (xfr#3, ir-chk=1005/1020)")

    assert growing is not None
    assert [bar.level for bar in growing.bars] == [1]


TIME = "frame=  1 fps=0.0 q=28.0 size=       0kB time=00:00:05.00 bitrate=   0.0kbits/s"


@pytest.mark.parametrize(
    ("words", "total"),
    [
        (["ffmpeg", "-i", "a.mp4", "b.mp4"], 10.0),
        (["ffmpeg", "-i", "a.mp4", "-vf", "scale=640:-1", "b.mp4"], 10.0),
        (["ffmpeg", "-i", "a.mp4", "-t", "00:00:08", "b.mp4"], 8.0),
        (["ffmpeg", "-ss", "3", "-i", "a.mp4", "b.mp4"], None),
        (["ffmpeg", "-i", "a.mp4", "-vf", "setpts=0.5*PTS", "b.mp4"], None),
        (["ffmpeg", "-i", "a.mp4", "-frames:v", "9", "b.mp4"], None),
    ],
)
def test_ffmpegs_total_is_only_one_that_was_said(words: list[str], total: float | None) -> None:
    last = ffmpeg.begin(words)
    last = ffmpeg.read("  Duration: 00:00:10.00, start: 0.000000, bitrate: 41 kb/s", last) or last

    found = ffmpeg.read(TIME, last)

    assert found is not None
    assert found.bars == (Bar(5, total, "s", level=0),)


def test_ffmpegs_total_was_none_where_its_work_goes_on_beyond_it() -> None:
    last = ffmpeg.read("  Duration: 00:00:02.00, start: 0.000000, bitrate: 41 kb/s")

    found = ffmpeg.read(TIME, last)

    assert found is not None
    assert found.bars[0].total is None


def test_ffmpeg_counts_frames_where_it_knows_no_time() -> None:
    found = ffmpeg.read("frame=   12 fps=0.0 q=0.0 size=N/A time=N/A bitrate=N/A speed=N/A")

    assert found is not None
    assert found.bars == (Bar(12, None, "frames", level=0),)


def test_pips_words_say_what_it_does() -> None:
    assert pip.read("Collecting numpy>=2") == Reading(doing="collecting numpy>=2")
    assert pip.read("Installing collected packages: a, b") == Reading(doing="installing")
    assert pip.read("  Downloading https://x/y/a-1.whl (3 MB)") == Reading(
        doing="downloading a-1.whl"
    )


def test_comfyuis_bars_are_parts_once_its_words_were_heard() -> None:
    bar = "100%|██████████| 20/20 [00:04<00:00,  4.1it/s]"

    assert comfyui.read(bar) is None
    prompt = comfyui.read("got prompt")
    drawn = comfyui.read(bar, prompt)

    assert drawn is not None
    assert drawn.bars == (Bar(20, 20, "it", "sampling", 1),)
    assert comfyui.read("Requested to load SDXLClipModel") == Reading(doing="loading SDXLClipModel")
    done = comfyui.read("Prompt executed in 12.34 seconds", drawn)
    assert done is not None
    assert done.doing == "waiting for prompts"

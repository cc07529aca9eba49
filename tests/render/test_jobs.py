"""The listing."""

from typing import Any

from headway.render.jobs import jobs_text, short_ids, state_of
from headway.render.table import columns_of

NOW = 1_800_000_000.0


def job(native: str = "abcdef0123456789", **facts: Any) -> dict[str, Any]:
    return {
        "key": f"comfy~{native}~1",
        "native": native,
        "source": "comfy",
        "phase": "running",
        "started_at": NOW - 10,
    } | facts


def test_a_job_is_a_line() -> None:
    found = jobs_text([job(fraction=0.5, title="portrait")], now=NOW).splitlines()

    assert found[0].split() == ["JOB", "STATE", "DONE", "TOOK", "WHEN", "SOURCE", "TITLE"]
    assert found[1].split()[:4] == ["abcdef01", "running", "50%", "10s"]
    assert found[1].split()[5:] == ["comfy", "portrait"]


def test_without_jobs_it_says_so() -> None:
    assert jobs_text([], now=NOW) == "No jobs\n"


def test_the_shown_ids_tell_the_jobs_apart() -> None:
    assert short_ids(["abcdefgh1", "abcdefgh2", "x"]) == ["abcdefgh1", "abcdefgh2", "x"]
    assert short_ids(["abcdefghij", "bbcdefghij"]) == ["abcdefgh", "bbcdefgh"]
    assert short_ids(["same", "same"]) == ["same", "same"]


def test_a_guess_has_a_question_mark_and_missing_is_said() -> None:
    assert state_of(job(phase="cancelled", basis="inferred")) == "cancelled?"
    assert state_of(job(missing_since=NOW)) == "running, missing"


def test_where_nobody_was_asked_what_is_not_over_is_only_last_seen() -> None:
    found = jobs_text([job(), job("b", phase="failed", ended_at=NOW)], now=NOW, asked=False)

    assert "last running" in found
    assert "failed" in found
    assert "last failed" not in found
    assert found.splitlines()[1].split()[4] == "–"


def test_a_place_in_line_stands_where_progress_would() -> None:
    assert "#3" in jobs_text([job(phase="queued", position=3, started_at=None)], now=NOW)


def test_a_failure_says_why() -> None:
    found = jobs_text([job(phase="failed", title="cat", why="out of\nmemory")], now=NOW)

    assert "cat: out of memory" in found


def test_lines_fit_narrow_terminals_in_ascii() -> None:
    wide = [job("i" * 40, title="猫" * 60, source="s" * 60), job("k" * 40, phase="queued")]

    for width in (40, 60, 80):
        lines = jobs_text(wide, now=NOW, width=width, plain=True).splitlines()
        assert all(columns_of(line) <= width and line.isascii() for line in lines)


def test_a_row_may_lack_everything_but_its_key() -> None:
    assert "unknown" in jobs_text([{"key": "a~b~c"}], now=NOW)

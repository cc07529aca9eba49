"""Live lines, and lines that follow each other."""

from typing import Any

from headway.model.views import JobView, SourceView
from headway.render.table import columns_of
from headway.render.watch import block, gone, head, news
from headway.talk.status import status_of

NOW = 1_800_000_000.0
COMFY = SourceView(key="comfy", seen=True, meta={"source_kind": "comfyui"})


def job(native: str = "abc", **facts: Any) -> JobView:
    given = {"phase": "running", "updated_at": NOW, "title": f"title of {native}"} | facts
    return JobView(key=f"comfy~{native}~1", source="comfy", native=native, **given)


def status(*jobs: JobView, source: SourceView = COMFY) -> dict[str, Any]:
    return status_of([source, *jobs], now=NOW, version="0")


def test_the_head_says_how_much_goes_on() -> None:
    away = SourceView(key="comfy", seen=False, meta={"source_kind": "comfyui"})

    assert head(status()) == "idle"
    assert head(status(job(), job("q", phase="queued"))) == "1 running, 1 waiting"
    assert head(status(source=away)) == "not known whether anything runs"


def test_an_active_job_is_a_line_with_its_bar() -> None:
    found = block(status(job(fraction=0.5)))

    assert found[1].startswith("starting")
    assert "██████████░░░░░░░░░░   50%" in found[1]
    assert found[1].endswith("title of abc")


def test_who_waits_says_when_it_should_start_though_its_end_is_not_known() -> None:
    (_, line) = block(status(job(phase="queued", position=1, readings={"start_at": NOW + 42})))

    assert "#1 in line  starts in 42s" in line


def test_a_pipe_is_told_when_a_person_would_notice() -> None:
    before, after = status(job(fraction=0.51)), status(job(fraction=0.52))

    assert len(list(news(None, before))) == 2
    assert list(news(before, after)) == []
    assert len(list(news(after, status(job(fraction=0.6))))) == 1


def test_what_is_gone_is_told_with_its_outcome_where_that_is_known() -> None:
    before, after = status(job()), status()
    ended = {"comfy~abc~1": {"key": "comfy~abc~1", "phase": "failed"}}

    assert gone(before, after) == ["comfy~abc~1"]
    assert any(line.endswith("title of abc  failed") for line in news(before, after, ended))
    assert any("no longer active" in line for line in news(before, after))


def test_what_ended_stands_below() -> None:
    ended = [{"key": "k", "native": "n", "phase": "failed", "why": "no memory", "title": "t"}]

    assert block(status(), ended)[-1].startswith("failed")
    assert block(status(), ended)[-1].endswith("t: no memory")


def test_many_jobs_end_in_a_number() -> None:
    assert "… and 88 more" in block(status(*[job(str(n)) for n in range(100)]))


def test_every_line_fits_in_any_terminal() -> None:
    jobs = [job(str(n), title="猫" * 80 + "\x1b[2J", fraction=n / 10) for n in range(5)]

    for width in (20, 40, 59, 80):
        for plain in (True, False):
            lines = block(status(*jobs), width=width, plain=plain)
            assert all(columns_of(line) <= width for line in lines)
            assert not plain or all(line.isascii() for line in lines)

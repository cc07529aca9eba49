"""One look, printed."""

import json
from pathlib import Path

import pytest
from tests.cli.conftest import NOW, Canned, Run

from headway.cli import show
from headway.model.views import JobView, SourceView
from headway.talk.status import status_of

COMFY = SourceView(key="comfy", seen=True, meta={"source_kind": "comfyui", "url": "http://x:1"})
JOB = {
    "kind": "job", "key": "comfy~abcdef~1", "native": "abcdef", "source": "comfy",
    "phase": "failed", "title": "portrait", "why": "no memory", "started_at": NOW, "ended_at": NOW,
}  # fmt: skip


def running(native: str = "a") -> JobView:
    return JobView(key=f"comfy~{native}~1", source="comfy", native=native, phase="running")


def test_status_json_is_the_servers_answer(canned: Canned, hw: Run) -> None:
    code, out, _ = hw("status", "--format", "json")

    assert code == 0
    assert json.loads(out) == canned.answers["/api/v1/status"]


@pytest.mark.parametrize(
    ("views", "code"), [((COMFY,), 0), ((COMFY, running()), 10), ((), 4), ((running(),), 10)]
)
def test_the_exit_code_says_idle_busy_or_not_known(
    canned: Canned, hw: Run, views: tuple[JobView | SourceView, ...], code: int
) -> None:
    canned.status(*views)

    assert hw("status", "--exit-code")[0] == code
    assert hw("status")[0] == 0


def test_where_an_answer_is_missing_it_is_never_idle_and_never_busy() -> None:
    away = SourceView(key="b", seen=False, meta={"source_kind": "comfyui"})
    found = status_of([COMFY, running(), away], now=NOW, version="0")

    assert show.status_code(found) == 4


def test_jobs_are_listed_by_filter(canned: Canned, hw: Run) -> None:
    canned.answers["/api/v1/jobs"] = {"jobs": [JOB], "cursor": "e.1"}

    code, out, err = hw(
        "jobs", "--outcome", "failed", "--search", "port", "--active", "--limit", "3"
    )

    assert (code, err) == (0, "")
    assert "portrait: no memory" in out
    path = canned.asked[-1][0]
    assert all(one in path for one in ("outcome=failed", "text=port", "active=true", "limit=3"))


def test_long_listings_come_page_by_page(canned: Canned, hw: Run) -> None:
    page = {"jobs": [JOB] * 2, "next": "more", "cursor": "e.1"}
    canned.answers["/api/v1/jobs"] = page
    canned.answers["/api/v1/jobs?limit=3&after=more"] = {"jobs": [JOB], "cursor": "e.1"}

    code, out, _ = hw("jobs", "--limit", "5", "--format", "json")

    assert code == 0
    assert len(json.loads(out)) == 3


def test_a_job_has_its_steps(canned: Canned, hw: Run) -> None:
    canned.answers["/api/v1/jobs/abc"] = JOB
    canned.answers["/api/v1/jobs/comfy~abcdef~1/steps"] = {
        "steps": [{"key": "comfy~abcdef~1~3", "step": "3", "name": "KSampler", "cached": True}]
    }

    code, out, _ = hw("job", "abc")

    assert code == 0
    assert "no memory" in out
    assert "KSampler" in out
    assert hw("job", "abc", "--format", "json")[1].count("KSampler") == 1


def test_a_name_that_fits_no_job_is_a_usage_error_with_a_hint(canned: Canned, hw: Run) -> None:
    code, out, err = hw("job", "zzz")

    assert (code, out) == (2, "")
    assert err == "headway: no job begins so\n  look again\n"


def test_sources_are_listed(canned: Canned, hw: Run) -> None:
    canned.status(COMFY)

    code, out, _ = hw("sources")

    assert code == 0
    assert "http://x:1" in out
    assert json.loads(hw("sources", "--format", "json")[1])[0]["server"] == "comfy"


def test_without_a_server_status_asks_the_back_ends_and_finds_none(hw: Run) -> None:
    code, out, _ = hw("status")

    assert code == 0
    assert "Not known whether anything runs" in out
    assert hw("status", "--exit-code")[0] == 4


def test_without_a_server_and_a_store_there_are_no_jobs_to_list(hw: Run) -> None:
    code, out, err = hw("jobs", "--active")

    assert (code, out) == (3, "")
    assert "headway serve" in err


def test_doctor_says_what_is_missing_and_what_to_do(hw: Run, home: Path) -> None:
    code, out, _ = hw("doctor")

    assert code == 1
    assert "no back end found" in out
    assert "[sources.NAME]" in out
    assert any(one["how"] == "bad" for one in json.loads(hw("doctor", "--format", "json")[1]))


def test_doctor_is_content_where_all_is_well(canned: Canned, hw: Run) -> None:
    canned.answers["/healthz"] = {"status": "ok"}
    canned.status(
        SourceView(
            key="comfy", seen=True, meta={"source_kind": "comfyui"},
            readings={"tier": 0, "skipped": 3, "skips": ["3 × frame: not JSON"]},
        )
    )  # fmt: skip

    code, out, _ = hw("doctor")

    assert code == 0
    assert "log subscription" in out
    assert "3 messages could not be read" in out
    assert "3 × frame: not JSON" in out

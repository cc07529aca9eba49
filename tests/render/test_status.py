"""The text of `status`: the seed's scenarios line for line, and what is new."""

from typing import Any

import pytest

from headway.model.views import BarView, Estimate, JobView, SourceView, WorkerView
from headway.render.status import status_text
from headway.render.table import columns_of
from headway.talk.status import status_of

NOW = 1_800_000_000.0

NOTHING = """\
Active Generations
───────────────────────────────────────────────
No generations currently running
"""

ONE = """\
Active Generations
───────────────────────────────────────────────
  Generation 1:
    Session ID:    gen-abc123
    Status:        generating
    Progress:      45.0%
"""

BACKENDS = """\
Backends
───────────────────────────────────────────────
  • backend-1
    Type:          ComfyUI
    Status:        running
    Model Loaded:  stable-diffusion-xl
    GPU:           NVIDIA RTX 3090

Active Generations
"""

INFERRED = """\
Estimated running: 1 (inferred from backend status)

Note: Generation details unavailable - check backend status above
      for more information about active processing.
"""


def comfy(*, seen: bool = True, **readings: Any) -> SourceView:
    return SourceView(
        key="backend-1",
        seen=seen,
        since=NOW - 1000,
        updated_at=NOW,
        meta={"source_kind": "comfyui", "url": "http://127.0.0.1:8188"},
        readings={"running": 0, "waiting": 0} | readings,
    )


def job(native: str = "gen-abc123", **facts: Any) -> JobView:
    bars = [BarView(done=9, total=20, at=NOW, name="KSampler")]
    given = {
        "phase": "running",
        "started_at": NOW - 150,
        "updated_at": NOW,
        "fraction": 0.45,
        "bars": bars,
        "meta": {"model": "stable-diffusion-xl"},
    } | facts
    return JobView(key=f"backend-1~{native}~1", source="backend-1", native=native, **given)


GPU = WorkerView(key="backend-1~cuda0", source="backend-1", title="cuda:0 NVIDIA RTX 3090 : x")


def text(*views: Any, **how: Any) -> str:
    return status_text(status_of(views, now=NOW, version="0.1.0"), **how)


def test_scenario_1_nothing_runs() -> None:
    assert text(comfy()).endswith(NOTHING)


def test_scenario_2_details_are_known() -> None:
    found = text(comfy(), GPU, job())

    assert ONE in found
    assert "    Duration:      2.5m\n" in found
    assert found.startswith(BACKENDS)


def test_scenario_3_only_a_guess() -> None:
    found = text(comfy(unseen="needs read_server_info_panels", estimated_running=1))

    assert INFERRED in found
    assert "needs read_server_info_panels" in found
    assert "No generations" not in found


def test_the_eta_has_its_interval_its_samples_and_its_time() -> None:
    estimate = Estimate(end_at=NOW + 150, low_at=NOW + 110, high_at=NOW + 190, samples=14)

    found = text(comfy(), job(estimate=estimate))

    assert "    ETA:           2.5m (1.8–3.2m, 14 runs), at " in found


def test_without_an_estimate_it_says_so() -> None:
    assert "    ETA:           no estimate yet\n" in text(comfy(), job())


def test_what_takes_longer_than_expected_is_overdue() -> None:
    estimate = Estimate(end_at=NOW - 20, low_at=NOW - 30, high_at=NOW - 10, samples=1)

    assert "overdue, was expected by" in text(comfy(), job(estimate=estimate))


def test_the_place_in_line_and_the_start_are_told() -> None:
    estimate = Estimate(
        end_at=NOW + 300, low_at=NOW + 200, high_at=NOW + 400, samples=2, start_at=NOW + 150
    )
    waiting = job(phase="queued", position=2, position_of=5, estimate=estimate, bars=[])

    assert "    Queue:         2 of 5, starts in about 2.5m\n" in text(comfy(), waiting)


def test_basis_is_told_only_where_it_is_not_observed_or_if_asked() -> None:
    assert "Known" not in text(comfy(), job())
    assert "Known:         derived" in text(comfy(), job(basis="derived"))
    assert "Known:         observed" in text(comfy(), job(), verbose=True)
    assert "KSampler (derived)" in text(
        comfy(), job(bars=[BarView(done=1, at=NOW, name="KSampler", basis="derived")])
    )


def test_silence_of_what_runs_is_told_with_its_age() -> None:
    assert "Known:         observed, 50s ago" in text(comfy(), job(updated_at=NOW - 50))
    stalled = job(updated_at=NOW - 700, stalled_at=NOW - 100)
    assert "nothing heard for 11.7m" in text(comfy(), stalled)


def test_a_server_that_is_away_is_a_line_and_never_idle() -> None:
    found = text(comfy(seen=False), job())

    assert "    Status:        unreachable since " in found
    assert "    Last seen:     1 unfinished, now unknown\n" in found
    assert "Not known whether anything runs" in found
    assert "No generations" not in found


def test_without_any_server_it_is_not_known() -> None:
    assert "Not known whether anything runs\n  • no server found" in text()


def test_a_long_line_is_a_number_at_its_end() -> None:
    line = [job(f"q{n}", phase="queued", position=n, bars=[]) for n in range(1, 1001)]

    found = text(comfy(waiting=1003), *line)

    assert "  … and 990 more waiting\n" in found
    assert "  … and 3 more that the server counts\n" in found


def test_a_simulation_says_so() -> None:
    view = SourceView(key="s", seen=True, meta={"source_kind": "comfyui", "simulated": True})

    assert "ComfyUI (simulated)" in text(view)


@pytest.mark.parametrize("width", [20, 40, 79, 200])
@pytest.mark.parametrize("plain", [True, False])
def test_every_line_fits(width: int, plain: bool) -> None:
    evil = job("x" * 300, title="猫" * 90 + "\x1b[2J\r\n", why="w" * 500, missing_since=NOW)

    lines = text(comfy(unseen="u" * 300), GPU, evil, width=width, ascii=plain).splitlines()

    assert all(columns_of(line) <= width for line in lines)
    assert not plain or all(line.isascii() for line in lines)
    assert not any("\x1b" in line for line in lines)


def test_colour_only_repeats_what_a_word_says() -> None:
    import re

    views = (comfy(), GPU, job())

    assert re.sub(r"\x1b\[\d*m", "", text(*views, colour=True)) == text(*views)

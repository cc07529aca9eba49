"""The table of truth: what became of a job that is gone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.dialects.comfyui.verdict import PATIENCE, Evidence, verdict

PROOF = "its console says that it started at T"

TABLE = [
    # evidence, outcome ("" = too early), basis, settled
    (Evidence(), "cancelled", "inferred", True),
    (Evidence(reads=1), "", "", True),
    (Evidence(alive=False), "", "", True),
    (Evidence(alive=False, waited=PATIENCE), "unknown", "inferred", False),
    (Evidence(unbroken=False), "unknown", "inferred", False),
    (Evidence(ran=True), "unknown", "inferred", True),
    (Evidence(ran=True, to_its_end=True), "unknown", "inferred", True),
    (Evidence(ran=True, replaced=True), "unknown", "inferred", True),
    (Evidence(ran=True, unbroken=False), "unknown", "inferred", False),
    (Evidence(wedged="stuck"), "unknown", "inferred", False),
    (Evidence(ran=True, wedged="stuck"), "unknown", "inferred", False),
    (Evidence(restart=PROOF), "lost", "derived", True),
    (Evidence(restart=PROOF, reads=0, ran=True), "lost", "derived", True),
    (Evidence(restart=PROOF, wedged="stuck", unbroken=False), "lost", "derived", True),
]


@pytest.mark.parametrize(("found", "outcome", "basis", "settled"), TABLE)
def test_the_table_of_verdicts(found: Evidence, outcome: str, basis: str, settled: bool) -> None:
    said = verdict(found)

    assert (said.outcome if said else "") == outcome
    assert said is None or (said.basis, said.settled) == (basis, settled)


def test_a_dead_worker_overrides_deleted() -> None:
    said = verdict(Evidence(wedged="its worker thread died"))

    assert said is not None
    assert said.outcome == "unknown"
    assert "worker thread died" in said.evidence


def test_what_ran_to_its_end_says_so() -> None:
    said = verdict(Evidence(ran=True, to_its_end=True))

    assert said is not None
    assert "to its end" in said.evidence


@settings(max_examples=100)
@given(st.builds(Evidence))
def test_success_is_never_presumed(found: Evidence) -> None:
    said = verdict(found)

    assert said is None or said.outcome in ("lost", "unknown", "cancelled")


@settings(max_examples=100)
@given(st.builds(Evidence))
def test_lost_needs_a_proof(found: Evidence) -> None:
    said = verdict(found)

    assert (said is not None and said.outcome == "lost") == bool(found.restart)

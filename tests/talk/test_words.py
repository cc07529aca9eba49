"""The word table: pinned, because strangers' programs read these words."""

import typing

import pytest

from headway.model.words import RESOLVED, Phase
from headway.talk.words import LOADING, VOCABULARIES, WORDS, Vocabulary, word

PHASES = typing.get_args(Phase)

PINNED = """
phase      generation-detection  status-monitor  progress-tracking
pending    pending     queued        pending
queued     pending     queued        pending
loading    starting    initializing  generating
running    generating  processing    generating
finishing  generating  completing    generating
retrying   pending     queued        pending
succeeded  -           completed     completed
failed     -           failed        failed
cancelled  -           cancelled     failed
lost       -           timeout       failed
unknown    -           unknown       failed
"""


def test_the_table_is_the_one_in_the_protocol() -> None:
    head, *rows = [line.split() for line in PINNED.strip().splitlines()]

    assert tuple(head[1:]) == VOCABULARIES
    assert list(WORDS) == [row[0] for row in rows]
    for name, *words in rows:
        assert WORDS[name] == tuple(None if one == "-" else one for one in words)


def test_every_phase_has_a_row() -> None:
    assert {*PHASES, LOADING} == set(WORDS)


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
@pytest.mark.parametrize("phase", PHASES)
def test_every_phase_has_its_word(phase: Phase, vocabulary: Vocabulary) -> None:
    assert word(phase, vocabulary) == WORDS[phase][VOCABULARIES.index(vocabulary)]


def test_what_runs_without_a_step_is_loading() -> None:
    assert word("running", "generation-detection", loading=True) == "starting"
    assert word("running", "status-monitor", loading=True) == "initializing"
    assert word("queued", "status-monitor", loading=True) == "queued"


@pytest.mark.parametrize("phase", PHASES)
def test_past_its_deadline_only_what_is_not_over_is_timed_out(phase: Phase) -> None:
    found = word(phase, "status-monitor", overdue=True)

    assert (found == "timeout") is (phase not in RESOLVED or phase == "lost")


def test_detection_knows_no_deadline() -> None:
    assert word("running", "generation-detection", overdue=True) == "generating"

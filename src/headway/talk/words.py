"""The words that our public answers use for a phase: one table.

Three programs came before Headway, each with its own words; a client of any of them
meets the words it knows.

Rule 1: the table is total: every phase has a row, and "loading" is running before the
first step.
Rule 2: None means that the word does not occur there: the answer lists no such job.
"""

from __future__ import annotations

from typing import Literal

from headway.model.words import RESOLVED, Phase

Vocabulary = Literal["generation-detection", "status-monitor", "progress-tracking"]

VOCABULARIES: tuple[Vocabulary, ...] = (
    "generation-detection",
    "status-monitor",
    "progress-tracking",
)

LOADING = "loading"  # running, before the first step

WORDS: dict[str, tuple[str | None, str, str]] = {
    "pending": ("pending", "queued", "pending"),
    "queued": ("pending", "queued", "pending"),
    LOADING: ("starting", "initializing", "generating"),
    "running": ("generating", "processing", "generating"),
    "finishing": ("generating", "completing", "generating"),
    "retrying": ("pending", "queued", "pending"),
    "succeeded": (None, "completed", "completed"),
    "failed": (None, "failed", "failed"),
    "cancelled": (None, "cancelled", "failed"),
    "lost": (None, "timeout", "failed"),
    "unknown": (None, "unknown", "failed"),
}

_COLUMN = {name: column for column, name in enumerate(VOCABULARIES)}


def word(
    phase: Phase, vocabulary: Vocabulary, *, loading: bool = False, overdue: bool = False
) -> str | None:
    """The word of that vocabulary for the phase.

    `loading`: it runs, and no step of it has begun. `overdue`: it is past its deadline,
    which the vocabularies call as they call what is lost.
    """
    row: str = phase
    if phase not in RESOLVED and overdue and vocabulary != "generation-detection":
        row = "lost"
    elif phase == "running" and loading:
        row = LOADING
    return WORDS[row][_COLUMN[vocabulary]]

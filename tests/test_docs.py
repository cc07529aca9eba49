"""The documents agree with the code and with each other."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import get_args

import pytest

from headway.model.words import Basis, Outcome

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
ESSAYS = sorted((DOCS / "decisions").glob("*.md"))
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(#[^)\s]*)?\)")
LONGEST_ESSAY = 40  # lines


def text_of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def defined() -> list[str]:
    return re.findall(r"^\*\*(.+?)\*\*:", text_of("glossary.md"), flags=re.MULTILINE)


def test_the_states_are_drawn_as_the_fold_has_them() -> None:
    generated = runpy.run_path(str(DOCS / "make_diagrams.py"))["generated"]

    # if not: python docs/make_diagrams.py
    assert generated(text_of("states.md")) == text_of("states.md")


def test_every_part_that_is_generated_has_its_place() -> None:
    parts = runpy.run_path(str(DOCS / "make_diagrams.py"))["PARTS"]

    assert set(parts) == set(re.findall(r"<!-- begin (\w+) -->", text_of("states.md")))


def test_each_word_is_in_the_glossary_once() -> None:
    words = defined()

    assert sorted(set(words)) == sorted(words)


def test_the_words_of_the_plan_and_of_the_model_are_in_the_glossary() -> None:
    words = text_of("architecture.md").partition("## 5. Words")[2].partition("\n\n")[2]
    listed = re.sub(r"\(.*?\)", "", words.partition(".")[0], flags=re.DOTALL)
    promised = {word.strip() for word in re.split(r"[,·]", listed)}
    in_code = {*get_args(Basis), "unknown", "lost"}

    assert len(promised) > 30
    assert not (promised | in_code) - set(defined())


def test_what_the_glossary_calls_a_word_of_its_own_is_one() -> None:
    used = set(re.findall(r"(?<!\*)\*([a-z]+)\*(?!\*)", text_of("glossary.md"))) - {"italics"}

    unknown = {word for word in used if {word, word.removesuffix("s")}.isdisjoint(defined())}

    assert not unknown - {"entities"}


def test_every_outcome_is_said_in_the_glossary() -> None:
    said = text_of("glossary.md")

    assert all(outcome in said for outcome in get_args(Outcome))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_page_that_exists(page: Path) -> None:
    links = [target for target, _ in LINK.findall(page.read_text(encoding="utf-8"))]

    local = [target for target in links if "://" not in target and not target.startswith("mailto:")]

    assert not [target for target in local if not (page.parent / target).exists()]


@pytest.mark.parametrize(
    "page", sorted((DOCS / "decisions").glob("*.md")), ids=lambda page: page.name
)
def test_an_essay_is_short_says_why_and_is_found_from_the_plan(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()

    assert lines[0].startswith("# Why ")
    assert len(lines) <= LONGEST_ESSAY
    assert f"decisions/{page.name}" in text_of("architecture.md")

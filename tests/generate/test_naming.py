"""Names of files: whoever wrote the words, the file lies where it should."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.errors import UsageError
from headway.generate.naming import FIELDS, RESERVED, below, checked, cleaned, filled, free, inside

AT = 1_795_298_194.0
texts = st.text(max_size=40) | st.sampled_from(["..", "../x", "C:\\x", "/etc", "a/b", "CON", "x."])


@settings(max_examples=100)
@given(texts)
def test_a_cleaned_name_is_one_name_on_every_system(text: str) -> None:
    name = cleaned(text)

    assert name
    assert len(PurePosixPath(name).parts) == len(PureWindowsPath(name).parts) == 1
    assert name not in (".", "..")
    assert not name.endswith((" ", "."))
    assert name.partition(".")[0].strip().lower() not in RESERVED
    assert name == cleaned(name)


@settings(max_examples=100)
@given(texts)
def test_a_path_stays_below_or_is_refused(text: str) -> None:
    try:
        path = below(text)
    except UsageError:
        return

    assert not path.is_absolute()
    assert ".." not in path.parts
    assert not PureWindowsPath(path).drive


@pytest.mark.parametrize(
    "path", ["/etc/x", "..", "a/../../b", "C:\\x", "\\\\host\\share", "a\\..\\..\\b"]
)
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(UsageError):
        below(path)


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    out, inner = tmp_path / "out", tmp_path / "inner"
    out.mkdir()
    inner.mkdir()
    os.symlink(out, inner / "link", target_is_directory=True)

    with pytest.raises(UsageError, match="by a link"):
        inside(inner, PurePosixPath("link/x.png"))
    assert inside(inner, PurePosixPath("a/x.png")).name == "x.png"


@settings(max_examples=100)
@given(st.fixed_dictionaries(dict.fromkeys(("model", "prompt", "original", "seed"), texts)))
def test_a_value_never_adds_a_directory(values: dict[str, str]) -> None:
    path = filled("a/{model}-{prompt}-{original}-{seed}", values, index=0, at=AT)

    assert len(path.parts) == 2


def test_a_template_is_filled() -> None:
    values = {"seed": 7, "model": "sd/dream.safetensors", "prompt": "a fox, at dusk", "ext": "png"}

    path = filled("{i}-{index1}/{model}_{seed}_{prompt}", values, index=4, at=AT)

    assert path == PurePosixPath("004-005/dream_7_a fox, at dusk.png")


def test_the_ending_is_added_where_the_name_has_none() -> None:
    assert filled("x.webp", {"ext": "png"}, index=0, at=AT) == PurePosixPath("x.webp")
    assert filled("x", {"ext": "png"}, index=0, at=AT) == PurePosixPath("x.png")


def test_an_unknown_field_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"\{sead\}") as error:
        checked("{sead}.png")

    assert all(f"{{{name}}}" in error.value.hint for name in FIELDS)


@pytest.mark.parametrize("template", ["{seed", "seed}", "../{seed}", "/x/{seed}"])
def test_a_broken_template_is_refused(template: str) -> None:
    with pytest.raises(UsageError):
        checked(template)


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    for name in ("a.png", "a-2.png", "a-3.png"):
        found = free(path)
        assert found.name == name
        found.touch()

"""Plain data in other clothes."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from headway.render.data import as_json, as_jsonl, as_yaml

DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=100)
@given(DATA)
def test_json_comes_back(data: Any) -> None:
    assert json.loads(as_json(data)) == data
    assert json.loads(as_jsonl(data)) == data
    assert as_jsonl(data).count("\n") == 1


def test_yaml_reads_as_yaml() -> None:
    data = {"a": [1, {"b": "x", "c": None}, []], "d": {}, "e": "plain text", "f": True}

    assert as_yaml(data) == (
        "a:\n  - 1\n  - b: x\n    c: null\n  - []\nd: {}\ne: plain text\nf: true\n"
    )


def test_text_that_could_be_read_as_anything_else_is_quoted() -> None:
    for text in ("", "no", "1.5", "- a", "a: b", "#x", " x", "x ", "null", "é", "2026-01-01"):
        assert as_yaml(text) == f"{json.dumps(text)}\n"


@settings(max_examples=100)
@given(DATA)
def test_yaml_has_a_line_for_every_value_and_no_control_characters(data: Any) -> None:
    assert all(line.isprintable() for line in as_yaml(data)[:-1].split("\n"))


@settings(max_examples=100)
@given(st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=20), max_size=4))
def test_flat_yaml_comes_back_line_by_line(data: dict[str, Any]) -> None:
    shown = as_yaml(data)

    assert shown.count("\n") == max(len(data), 1)

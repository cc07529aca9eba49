"""The public schemas are frozen: `docs/schema` holds what they were.

After a change on purpose (a new optional field, a new kind):
    python -m tests.talk.test_schema
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headway.talk import schema

FROZEN = Path(__file__).parents[2] / "docs" / "schema"


@pytest.mark.parametrize("name", list(schema.DOCUMENTS))
def test_the_schema_is_what_it_was(name: str) -> None:
    frozen = (FROZEN / schema.file_name(name)).read_text(encoding="utf-8")

    assert schema.text(name) == frozen


def test_nothing_else_is_frozen() -> None:
    names = {schema.file_name(name) for name in schema.DOCUMENTS}

    assert {path.name for path in FROZEN.iterdir()} == names


@pytest.mark.parametrize("name", list(schema.DOCUMENTS))
def test_every_reference_leads_somewhere(name: str) -> None:
    document = schema.document(name)

    for reference in _references(document):
        assert reference.removeprefix("#/$defs/") in document["$defs"]


def test_every_kind_of_event_and_entity_is_there() -> None:
    kinds = {
        name: set(schema.document(name)["discriminator"]["mapping"])
        for name in ("events", "entities")
    }

    assert kinds["events"] == {
        *("registered", "queued", "started", "finishing", "step_started", "step_ended"),
        *("ended", "sealed", "progress", "position", "activity", "reading", "presence"),
    }
    assert kinds["entities"] == {"job", "step", "group", "source", "worker", "daemon"}


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


if __name__ == "__main__":
    for one in schema.DOCUMENTS:
        assert json.loads(schema.text(one))
        (FROZEN / schema.file_name(one)).write_text(schema.text(one), encoding="utf-8")

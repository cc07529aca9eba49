"""JSON schemas of what goes over the wire, generated from the structs. Version 1, frozen.

`docs/schema/*.json` are copies that a test compares with this module: a change of a
struct that is not a new optional field must become version 2.
"""

from __future__ import annotations

import json
from inspect import cleandoc
from typing import Any

import msgspec

from headway.model.events import SCHEMA, AnyEvent
from headway.model.views import AnyView
from headway.talk.messages import ClientFrame, ServerFrame
from headway.talk.problems import Problem

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DOCUMENTS: dict[str, tuple[str, Any]] = {
    "events": ("What happened: one event of a batch", AnyEvent),
    "entities": ("What is known: one entity of an answer", AnyView),
    "client-frames": ("headway.v1: what a client sends", ClientFrame),
    "server-frames": ("headway.v1: what a server sends", ServerFrame),
    "problem": ("What an error says (RFC 9457)", Problem),
}


def file_name(name: str) -> str:
    """The file of the frozen copy."""
    return f"{name}.v{SCHEMA}.json"


def document(name: str) -> dict[str, Any]:
    """The JSON schema of that name, a key of `DOCUMENTS`."""
    title, what = DOCUMENTS[name]
    (schema,), parts = msgspec.json.schema_components((what,), ref_template="#/$defs/{name}")
    return {
        "$schema": DIALECT,
        "$id": f"urn:headway:schema:{name}:v{SCHEMA}",
        "title": title,
        **flush_left(schema),
        "$defs": {part: flush_left(parts[part]) for part in sorted(parts)},
    }


def flush_left(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema as every Python writes it: only 3.13 takes the indentation out of docstrings."""
    described = schema.get("description")
    return schema | {"description": cleandoc(described)} if described else schema


def text(name: str) -> str:
    """The schema as it lies in its file."""
    return json.dumps(document(name), indent=2, ensure_ascii=False, sort_keys=True) + "\n"

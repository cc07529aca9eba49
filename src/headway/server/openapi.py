"""The paths of the door as an OpenAPI 3.1 document, generated from the table of routes.

Rule 1: what a path takes is the struct that its handler reads, what it gives the struct
that its answers fit; a test asks every path for it and compares.
Rule 2: every error is a problem document, so that one "default" answer tells them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from inspect import cleandoc
from typing import Any

import msgspec

from headway.server.answers import JSON
from headway.server.guard import Need
from headway.server.routing import Route
from headway.talk.problems import MEDIA, Problem
from headway.talk.schema import flush_left

VERSION = "3.1.0"
SCHEMAS = "#/components/schemas/{name}"
PATTERN = re.compile(r"\{(\w+)(?::[^/]*)?\}")

SECURITY: dict[Need, list[dict[str, list[str]]]] = {
    "nothing": [{}],
    "read": [{}, {"token": []}],
    "report": [{"token": []}],
    "everything": [{"token": []}],
    "act": [{"token": []}],
}
PLACES = {
    "key": "a job's key, or how its key or native id begins",
    "n": "the number of the output, as in the job",
}
ABOUT = (
    "Without a token, from this machine, states, progress and counts can be read; "
    "everything else needs one: `Authorization: Bearer …`."
)


def document(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """The document of those routes that have an answer. `version` is that of Headway."""
    told = [route for route in routes if route.gives]
    kinds = [kind for route in told for kind in (route.takes, *route.gives.values()) if kind]
    found, schemas = msgspec.json.schema_components((*kinds, Problem), ref_template=SCHEMAS)
    fitting = {id(kind): schema for kind, schema in zip((*kinds, Problem), found, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for route in told:
        place = PATTERN.sub(r"{\1}", route.path)
        paths.setdefault(place, {})[route.method.lower()] = _operation(route, fitting)
    return {
        "openapi": VERSION,
        "info": {"title": "Headway", "version": version, "description": ABOUT},
        "paths": paths,
        "components": {
            "schemas": {name: flush_left(schema) for name, schema in schemas.items()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, fitting: dict[int, Any]) -> dict[str, Any]:
    said = cleandoc(route.handler.__doc__ or "").partition("\n")[0]
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": said.removesuffix("."),
        "security": SECURITY[route.need],
        "parameters": [*_places(route.path), *_queries(route.asks)],
        "responses": {
            "200": {"description": said, "content": _content(route.gives, fitting)},
            "default": {
                "description": "What went wrong",
                "content": _content({MEDIA: Problem}, fitting),
            },
        },
    }
    if route.method == "GET":
        operation["responses"]["304"] = {"description": "Nothing changed since that ETag"}
    if route.takes is not None:
        body = {"required": True, "content": _content({JSON: route.takes}, fitting)}
        operation["requestBody"] = body
    return operation


def _content(kinds: Mapping[str, Any], fitting: dict[int, Any]) -> dict[str, Any]:
    return {
        media: {} if kind is None else {"schema": fitting[id(kind)]}
        for media, kind in kinds.items()
    }


def _places(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PLACES[name],
            "schema": {"type": "string", "minLength": 1},
        }
        for name in PATTERN.findall(path)
    ]


def _queries(asks: type[msgspec.Struct]) -> list[dict[str, Any]]:
    _, parts = msgspec.json.schema_components((asks,))
    fields: dict[str, Any] = parts[asks.__name__].get("properties", {})
    return [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in fields.items()
    ]

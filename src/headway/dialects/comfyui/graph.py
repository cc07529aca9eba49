"""A prompt's graph as it is sent: {node id: {class_type, inputs}}; who needs whom.

Rule 1: any shape is survived: what is no node is left out, a cycle ends.
Rule 2: needed = the executed outputs and all they depend on; a node that no executed
    output needs never runs and counts nowhere.
Rule 3: step ids here are as they stand in events: clean and bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from headway.dialects.comfyui.wire import mapping, number, text
from headway.model.keys import bounded

LARGEST_GRAPH = 20_000  # nodes


class Node(msgspec.Struct, frozen=True):
    """One node: its class, the nodes it takes from by input, and its own values."""

    kind: str
    links: dict[str, tuple[str, int]]
    values: dict[str, Any]


Graph = Mapping[str, Node]


def step_id(node: str) -> str:
    """A node's id as the id of a step."""
    return bounded(text(node, limit=65_536))


def read(raw: Any) -> dict[str, Node]:
    """The nodes of a graph as it came; an empty one if it is none or far too large."""
    raw = mapping(raw)
    if len(raw) > LARGEST_GRAPH:
        return {}
    return {
        step_id(node): _node(entry)
        for node, entry in raw.items()
        if isinstance(entry, dict) and isinstance(entry.get("class_type"), str) and node
    }


def needed(graph: Graph, outputs: Iterable[str]) -> tuple[str, ...]:
    """The outputs and everything they depend on, outputs last."""
    return tuple(reversed(_reached(graph, [one for one in outputs if one in graph])))


def ancestors(graph: Graph, node: str) -> frozenset[str]:
    """Everything that must be done before the node can run."""
    return frozenset(_reached(graph, [source for source, _ in graph[node].links.values()])) - {node}


def literal(graph: Graph, node: Node, name: str) -> float | None:
    """The number that an input holds, also where a node with a single number feeds it."""
    if name not in node.links:
        return number(node.values.get(name))
    feeder = graph.get(node.links[name][0])
    if feeder is None or feeder.links:
        return None
    numbers = [found for value in feeder.values.values() if (found := number(value)) is not None]
    return numbers[0] if len(numbers) == 1 else None


def _node(entry: dict[str, Any]) -> Node:
    inputs = mapping(entry.get("inputs"))
    links = {name: link for name, value in inputs.items() if (link := _link(value))}
    values = {name: value for name, value in inputs.items() if name not in links}
    return Node(text(entry["class_type"]), links, values)


def _link(value: Any) -> tuple[str, int] | None:
    if not isinstance(value, list) or len(value) != 2 or not isinstance(value[0], str):
        return None
    slot = value[1]
    return (step_id(value[0]), slot) if isinstance(slot, int) and slot >= 0 else None


def _reached(graph: Graph, start: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    ahead = list(start)
    while ahead:
        node = ahead.pop()
        if node in found or node not in graph:
            continue
        found[node] = None
        ahead += [source for source, _ in graph[node].links.values()]
    return list(found)

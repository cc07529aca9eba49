"""Which nodes of a graph are the same as before, which are needed, and in which order they run.

Rule 1: two nodes are the same when class, constants and everything upstream are the same; ids do
    not matter.
Rule 2: a run needs its outputs and their ancestors up to the first cached one. An output is always
    visited.
Rule 3: among nodes that are ready, outputs and asynchronous ones go first, then those that an
    output waits for, then those one step further up; else the one found first walking up from the
    outputs.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

Graph = Mapping[str, Mapping[str, Any]]


def links(node: Mapping[str, Any]) -> list[str]:
    """The ids of the nodes that feed this one, in the order of its inputs."""
    return [value[0] for value in node.get("inputs", {}).values() if is_link(value)]


def is_link(value: object) -> bool:
    """Whether an input is `[node id, output slot]` and not a constant."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], int)
    )


def renamed(node: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The node with its links leading to the new names."""
    inputs = {
        name: [names[value[0]], value[1]] if is_link(value) else value
        for name, value in node.get("inputs", {}).items()
    }
    return {**node, "inputs": inputs}


def signatures(graph: Graph) -> dict[str, str]:
    """For every node a text that is equal exactly for nodes that would make the same."""
    found: dict[str, str] = {}
    for node in upstream_first(graph):
        inputs = {
            name: ["link", found.get(value[0]), value[1]] if is_link(value) else value
            for name, value in graph[node].get("inputs", {}).items()
        }
        text = json.dumps([graph[node].get("class_type"), inputs], sort_keys=True, default=str)
        found[node] = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    return found


def upstream_first(graph: Graph) -> list[str]:
    """All nodes, each after those that feed it; nodes of a cycle in any order."""
    order: list[str] = []
    entered: set[str] = set()
    stack = [(node, False) for node in reversed(list(graph))]
    while stack:
        node, fed = stack.pop()
        if fed:
            order.append(node)
        elif node in graph and node not in entered:
            entered.add(node)
            stack.append((node, True))
            stack.extend((before, False) for before in links(graph[node]))
    return order


def needed(graph: Graph, outputs: Collection[str], *, cached: Callable[[str], bool]) -> list[str]:
    """The nodes to visit, in the order in which the walk up from the outputs finds them."""
    found: dict[str, None] = {}
    stack = list(reversed(list(outputs)))
    while stack:
        node = stack.pop()
        if node in found:
            continue
        found[node] = None
        if not cached(node):
            stack.extend(
                before
                for before in links(graph[node])
                if before not in found and not cached(before)
            )
    return list(found)


def next_ready(
    waiting: Mapping[str, Collection[str]],
    *,
    is_output: Callable[[str], bool],
    is_async: Callable[[str], bool],
) -> str | None:
    """The node to run now, or None while all wait for others.

    `waiting` says for which other nodes each one waits.
    """
    ready = [node for node, others in waiting.items() if not others]
    feeds = {before for node, others in waiting.items() if is_output(node) for before in others}
    feeds_those = {before for node in feeds for before in waiting.get(node, ())}
    tiers: tuple[Callable[[str], bool], ...] = (
        lambda node: is_output(node) or is_async(node),
        feeds.__contains__,
        feeds_those.__contains__,
        lambda node: True,
    )
    return next((node for tier in tiers for node in ready if tier(node)), None)

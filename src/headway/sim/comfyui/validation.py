"""What the server says of a graph before it queues it.

Rule 1: an unknown class anywhere refuses the whole graph; so does a graph without outputs.
Rule 2: every output is judged with its ancestors. Bad outputs are dropped; if one good output
    remains the graph is queued, and the answer carries the errors nevertheless.
Rule 3: an error is written at the node that has it, with the outputs that suffer from it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from headway.sim.comfyui import graph as graphs
from headway.sim.comfyui.node import NodeClass

Error = dict[str, Any]
Graph = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Verdict:
    """The outputs that may run, or why the graph is refused; in both cases the errors of nodes."""

    outputs: list[str] = field(default_factory=list)
    error: Error | None = None
    node_errors: dict[str, Error] = field(default_factory=dict)


def validate(
    graph: Graph, classes: Mapping[str, NodeClass], *, targets: Collection[str] | None = None
) -> Verdict:
    """Judge a graph; `targets` limits the outputs that are wanted."""
    for node, entry in graph.items():
        if entry.get("class_type") not in classes:
            return Verdict(error=_missing_class(node, entry))
    outputs = [node for node, entry in graph.items() if classes[entry["class_type"]].is_output]
    wanted = [node for node in outputs if targets is None or node in targets]
    if not wanted:
        return Verdict(error=_error("prompt_no_outputs", "Prompt has no outputs", ""))
    errors = {node: found for node in graph if (found := _node_errors(graph, node, classes))}
    bad = {output: _ancestors(graph, output) & errors.keys() for output in wanted}
    node_errors = {
        node: {
            "errors": errors[node],
            "dependent_outputs": [output for output in wanted if node in bad[output]],
            "class_type": graph[node]["class_type"],
        }
        for node in errors
        if any(node in found for found in bad.values())
    }
    good = [output for output in wanted if not bad[output]]
    failed = _error("prompt_outputs_failed_validation", "Prompt outputs failed validation", "")
    return Verdict(outputs=good, error=None if good else failed, node_errors=node_errors)


def _ancestors(graph: Graph, output: str) -> set[str]:
    found: set[str] = set()
    stack = [output]
    while stack:
        node = stack.pop()
        if node not in found and node in graph:
            found.add(node)
            stack.extend(graphs.links(graph[node]))
    return found


def _node_errors(graph: Graph, node: str, classes: Mapping[str, NodeClass]) -> list[Error]:
    given = graph[node].get("inputs", {})
    wanted = classes[graph[node]["class_type"]].inputs
    found = (
        _input_error(name, config, given[name]) if name in given else _missing_input(name)
        for name, config in wanted.items()
        if not _leads_somewhere(given.get(name), graph, classes)
    )
    return [error for error in found if error is not None]


def _leads_somewhere(value: Any, graph: Graph, classes: Mapping[str, NodeClass]) -> bool:
    """Whether this is a link to a slot that there is."""
    if not graphs.is_link(value) or value[0] not in graph:
        return False
    slots = classes[graph[value[0]]["class_type"]].makes
    return bool(0 <= value[1] < len(slots))


def _input_error(name: str, config: list[Any], value: Any) -> Error | None:
    if isinstance(value, list):
        return _bad_link(name, config, value)
    if isinstance(config[0], list):
        return None if value in config[0] else _not_in_list(name, config, value)
    return _number_error(name, config, value) if config[0] in NUMBERS else None


NUMBERS: Mapping[str, Callable[[Any], float]] = {"INT": int, "FLOAT": float}


def _number_error(name: str, config: list[Any], value: Any) -> Error | None:
    extra = {"input_name": name, "input_config": config, "received_value": value}
    least, most = config[1]["min"], config[1]["max"]
    try:
        number = NUMBERS[config[0]](value)
    except (TypeError, ValueError) as error:
        message = "Failed to convert an input value to a " + config[0] + " value"
        details = f"{name}, {value}, {error}"
        return _error("invalid_input_type", message, details, **extra, exception_message=str(error))
    if number < least:
        return _error(
            "value_smaller_than_min", f"Value {value} smaller than min of {least}", name, **extra
        )
    if number > most:
        return _error(
            "value_bigger_than_max", f"Value {value} bigger than max of {most}", name, **extra
        )
    return None


def _error(kind: str, message: str, details: str, **extra: Any) -> Error:
    return {"type": kind, "message": message, "details": details, "extra_info": extra}


def _missing_class(node: str, entry: Mapping[str, Any]) -> Error:
    name = entry.get("class_type")
    title = entry.get("_meta", {}).get("title", name)
    message = f"Node '{title}' not found. The custom node may not be installed."
    extra = {"node_id": node, "class_type": name, "node_title": title}
    return _error("missing_node_type", message, f"Node ID '#{node}'", **extra)


def _missing_input(name: str) -> Error:
    return _error("required_input_missing", "Required input is missing", name, input_name=name)


def _bad_link(name: str, config: list[Any], value: list[Any]) -> Error:
    message = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
    return _error(
        "bad_linked_input",
        message,
        name,
        input_name=name,
        input_config=config,
        received_value=value,
    )


def _not_in_list(name: str, config: list[Any], value: Any) -> Error:
    extra = {"input_name": name, "input_config": config, "received_value": value}
    return _error(
        "value_not_in_list", "Value not in list", f"{name}: '{value}' not in {config[0]}", **extra
    )

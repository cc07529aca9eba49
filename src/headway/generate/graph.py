"""Graphs in ComfyUI's API format: the built-in one, and those that people bring.

Rule 1: a graph that somebody brings is changed only where they say so (`--set`).
Rule 2: a page's own format is told from the API's, with how to export the other.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from headway.errors import UsageError
from headway.generate.params import Params

Graph = dict[str, dict[str, Any]]

EXPORT = "in ComfyUI: Workflow > Export (API); older pages: Settings > dev mode, Save (API Format)"
LARGEST = 64 * 1024 * 1024  # bytes of a workflow
SIZE, STEPS, CFG = 512, 20, 7.0
SAMPLER, SCHEDULER = "euler", "normal"


def text_to_image(params: Params, *, model: str, prefix: str = "headway") -> Graph:
    """Text to image with any checkpoint. `params.seed` is set (see `seeded`)."""
    loader = "4"
    graph: Graph = {loader: _node("CheckpointLoaderSimple", ckpt_name=model)}
    for n, lora in enumerate(params.loras):
        graph[f"lora{n}"] = _node(
            "LoraLoader",
            model=[loader, 0],
            clip=[loader, 1],
            lora_name=lora.name,
            strength_model=lora.weight,
            strength_clip=lora.weight,
        )
        loader = f"lora{n}"
    graph |= {
        "5": _node(
            "EmptyLatentImage",
            width=params.width or SIZE,
            height=params.height or SIZE,
            batch_size=params.batch,
        ),
        "6": _node("CLIPTextEncode", text=params.prompt, clip=[loader, 1]),
        "7": _node("CLIPTextEncode", text=params.negative_prompt, clip=[loader, 1]),
        "3": _node(
            "KSampler",
            model=[loader, 0],
            positive=["6", 0],
            negative=["7", 0],
            latent_image=["5", 0],
            seed=params.seed,
            steps=params.steps or STEPS,
            cfg=CFG if params.cfg is None else params.cfg,
            sampler_name=params.sampler or SAMPLER,
            scheduler=params.scheduler or SCHEDULER,
            denoise=1.0,
        ),
        "8": _node("VAEDecode", samples=["3", 0], vae=["4", 2]),
        "9": _node("SaveImage", images=["8", 0], filename_prefix=prefix),
    }
    return graph


def read_graph(text: str, *, name: str = "workflow") -> Graph:
    """A workflow's file. Raises: UsageError that says where, or how to export it."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{name}:{error.lineno}:{error.colno}: {error.msg.lower()}") from error
    except RecursionError as error:
        raise UsageError(f"{name}: too deeply nested") from error
    if isinstance(found, dict) and isinstance(found.get("nodes"), list):
        raise UsageError(f"{name} is in the format of ComfyUI's page, not of its API", EXPORT)
    if isinstance(found, dict) and isinstance(found.get("prompt"), dict):
        found = found["prompt"]  # the body of a submission
    if not isinstance(found, dict) or not found:
        raise UsageError(f"{name} holds no workflow", EXPORT)
    for node, entry in found.items():
        if not isinstance(entry, dict) or not isinstance(entry.get("class_type"), str):
            raise UsageError(f"{name}: node {node!r} has no class_type", EXPORT)
        if not isinstance(entry.setdefault("inputs", {}), dict):
            raise UsageError(f"{name}: the inputs of node {node!r} are no object")
    return found


def with_values(graph: Graph, settings: Sequence[str]) -> Graph:
    """The graph with `NODE.INPUT=VALUE` put in; NODE is an id, a title or a class.

    A value is JSON where it can be, else text. Raises: UsageError with the nearest names.
    """
    changed = copy.deepcopy(graph)
    for setting in settings:
        place, equals, value = setting.partition("=")
        node, dot, name = place.rpartition(".")
        if not equals or not dot or not node or not name:
            raise UsageError(f"not a setting: {setting!r}", "write NODE.INPUT=VALUE")
        inputs = changed[_node_named(changed, node)]["inputs"]
        if name not in inputs:
            raise UsageError(f"node {node!r} has no input {name!r}", _near(name, list(inputs)))
        inputs[name] = _value(inputs[name], value, place)
    return changed


def _node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


def _node_named(graph: Graph, name: str) -> str:
    if name in graph:
        return name
    titles = {node: str(entry.get("_meta", {}).get("title", "")) for node, entry in graph.items()}
    for names in (titles, {node: entry["class_type"] for node, entry in graph.items()}):
        found = [node for node, known in names.items() if known == name]
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(f"several nodes are called {name!r}", f"by id: {', '.join(found)}")
    known = [*graph, *titles.values(), *(entry["class_type"] for entry in graph.values())]
    raise UsageError(f"no node is called {name!r}", _near(name, [one for one in known if one]))


def _value(before: Any, text: str, place: str) -> Any:
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        value = text
    if isinstance(before, str) and not isinstance(value, str):
        return text
    number = isinstance(before, int | float) and not isinstance(before, bool)
    if number and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise UsageError(f"{place} is a number: {text!r}")
    return value


def _near(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, list(dict.fromkeys(known)), 5, 0.3)
    return f"nearest: {', '.join(near)}" if near else ""

"""Shared words become one submission for a back end.

Rule 1: a model is found by its name, its name without folder and ending, or not at all:
then the five nearest are named, and nothing is sent.
Rule 2: where nobody names a model, SwarmUI takes its own default; ComfyUI has none, so the
first of its list is taken and said.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from headway.actions.contract import Actor, Model, Work
from headway.dialects.comfyui.refusal import nearest
from headway.dialects.swarmui.params import request as swarm_request
from headway.errors import UsageError
from headway.generate.graph import Graph, text_to_image
from headway.generate.params import Params, seeded


async def work_for(actor: Actor, params: Params, *, meta: Mapping[str, Any]) -> Work:
    """The submission of one request, its model found and its seed drawn.

    Raises: UsageError for what the back end has not; SourceLost.
    """
    if not params.prompt.strip():
        raise UsageError("a picture needs a prompt", "say what it shows with --prompt")
    build = _BUILDERS.get(actor.kind)
    if build is None:
        raise UsageError(f"{actor.kind} makes no pictures from prompts")
    return await build(actor, seeded(params), dict(meta))


def work_of(graph: Graph, *, meta: Mapping[str, Any]) -> Work:
    """The submission of a graph that somebody brought."""
    return Work(id=str(uuid.uuid4()), body=graph, meta=dict(meta))


async def _comfyui(actor: Actor, params: Params, meta: dict[str, Any]) -> Work:
    listed = await actor.models()
    if not listed:
        raise UsageError(f"{actor.name} has no checkpoint", "put one into its models/checkpoints")
    model = find_model(params.model, listed) if params.model else listed[0].name
    graph = text_to_image(params, model=model)
    return Work(id=str(uuid.uuid4()), body=graph, meta=meta | {"seed": params.seed})


async def _swarmui(actor: Actor, params: Params, meta: dict[str, Any]) -> Work:
    model = find_model(params.model, await actor.models()) if params.model else ""
    more = {
        "width": params.width,
        "height": params.height,
        "steps": params.steps,
        "cfgscale": params.cfg,
        "sampler": params.sampler,
        "scheduler": params.scheduler,
        "seed": params.seed,
    }
    body = swarm_request(
        prompt=params.prompt,
        negative=params.negative_prompt,
        images=params.batch,
        model=model,
        loras={lora.name: lora.weight for lora in params.loras},
        more={name: value for name, value in more.items() if value is not None},
    )
    return Work(id=uuid.uuid4().hex, body=body, meta=meta | {"seed": params.seed})


_BUILDERS = {"comfyui": _comfyui, "swarmui": _swarmui}


def find_model(name: str, listed: Sequence[Model]) -> str:
    """The back end's own name of that model. Raises: UsageError with the five nearest."""
    names = [one.name for one in listed]
    for same in (lambda one: one == name, lambda one: _plain(one) == _plain(name)):
        found = [one for one in names if same(one)]
        if len(found) == 1 or (found and found[0] == name):
            return found[0]
        if found:
            raise UsageError(f"several models are called {name!r}", f"one of: {', '.join(found)}")
    near = nearest(name, names)
    hint = f"nearest: {', '.join(near)}" if near else "`headway models list` lists them"
    raise UsageError(f"no model {name!r}", hint)


def _plain(name: str) -> str:
    plain = name.replace("\\", "/").rpartition("/")[2].casefold()
    return plain.removesuffix(".safetensors").removesuffix(".ckpt").removesuffix(".gguf")

"""What a graph says about its job, without a word of its prompt.

Rule 1: no input text leaves this module except file names of models (without their
    folders); strings enter a digest only if their input's name is on a list of choices.
Rule 2: same signature, same expected time: structure, classes, model and every number
    except seeds. The family leaves out the numbers (but cfg, which doubles the work).
Rule 3: a sampler is a node that draws bars on the console: "sampler" in its class and
    something linked to it, or own `steps` and `sampler_name`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from headway.dialects.comfyui import graph as graphs
from headway.dialects.comfyui.graph import Graph, Node
from headway.dialects.comfyui.wire import LARGEST_META, listed, number, size, text

MODEL_ENDINGS = (".safetensors", ".ckpt", ".gguf", ".sft", ".pt", ".pth", ".bin", ".onnx")
MODEL_INPUTS = ("ckpt_name", "unet_name", "model_name", "gguf_name", "model", "vae_name")
CHOICES = frozenset(
    {"sampler_name", "scheduler", "weight_dtype", "upscale_method", "format", "codec", "mode"}
)
FAMILY_NUMBERS = frozenset({"cfg"})
FRAMES = ("length", "num_frames", "frames", "video_frames")
LARGEST_SETTING = 2**31  # a whole number beyond this is a seed, whatever it is called
MOST_SAMPLERS = 64

FACTS = (
    "signature", "family", "title", "job_kind", "model", "width", "height", "batch",
    "sampling_steps", "work",
)  # fmt: skip

#: classes that draw exactly one bar for each run
ONE_BAR = frozenset({"KSampler", "KSamplerAdvanced", "SamplerCustom", "SamplerCustomAdvanced"})

#: part of an output node's class → kind of job, the first that is found
KINDS = (
    ("video", "video"), ("webm", "video"), ("animated", "video"), ("vhs_", "video"),
    ("3d", "3d"), ("glb", "3d"), ("mesh", "3d"),
    ("audio", "audio"),
    ("image", "image"), ("latent", "image"), ("mask", "image"),
    ("text", "text"), ("previewany", "text"), ("string", "text"),
)  # fmt: skip


class Sampler(msgspec.Struct, frozen=True):
    """A node that draws bars. `steps` None: not readable. `before`: what must be done first."""

    step: str
    steps: int | None
    before: frozenset[str]
    one_bar: bool


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a job from its graph. `needed` None: its outputs are not known.

    `work` is in megapixel-steps; `texts` are its input texts, kept only if asked for.
    """

    signature: str = ""
    family: str = ""
    title: str = ""
    job_kind: str = ""
    model: str = ""
    width: int | None = None
    height: int | None = None
    batch: int | None = None
    sampling_steps: int | None = None
    work: float | None = None
    needed: tuple[str, ...] | None = None
    names: dict[str, str] = {}
    samplers: tuple[Sampler, ...] = ()
    texts: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """The meta fields that are known."""
        return {name: value for name in FACTS if (value := getattr(self, name)) not in (None, "")}

    def steps(self) -> dict[str, Any]:
        """Meta fields about its steps; without those that are too large to keep."""
        whole: dict[str, Any] = {"needed": list(self.needed or ()), "names": self.names}
        if self.needed is None:
            return {}
        if size(whole) <= LARGEST_META:
            return whole
        return {"needed": whole["needed"]} if size(whole["needed"]) <= LARGEST_META else {}


def plan_of(raw: Any, outputs: Any, *, with_texts: bool = False) -> Plan | None:
    """The plan of a graph as it came with the outputs to execute; None if there is none."""
    graph = graphs.read(raw)
    if not graph:
        return None
    wanted = [graphs.step_id(one) for one in listed(outputs) if isinstance(one, str)]
    needed = graphs.needed(graph, wanted) or None
    nodes = needed or tuple(graph)
    samplers = _samplers(graph, nodes)
    model = _model(graph, nodes)
    width, height, batch, frames = _size(graph, nodes)
    steps = sum(one.steps or 0 for one in samplers) or None
    return Plan(
        signature=_digest(graph, nodes, _in_signature),
        family=_digest(graph, nodes, _in_family),
        title=_title(model, width, height, steps, graph, wanted),
        job_kind=_kind(graph, wanted),
        model=model,
        width=width,
        height=height,
        batch=batch,
        sampling_steps=steps,
        work=_work(width, height, steps, (batch or 1) * frames),
        needed=needed,
        names={step: graph[step].kind for step in nodes},
        samplers=samplers,
        texts=_texts(graph, nodes) if with_texts else (),
    )


def _samplers(graph: Graph, nodes: Iterable[str]) -> tuple[Sampler, ...]:
    drawing = [step for step in nodes if _draws(graph[step])][:MOST_SAMPLERS]
    return tuple(
        Sampler(
            step,
            _bar_length(graph, step),
            graphs.ancestors(graph, step),
            graph[step].kind in ONE_BAR,
        )
        for step in drawing
    )


def _draws(node: Node) -> bool:
    held = {*node.links, *node.values}
    return ("sampler" in node.kind.lower() and bool(node.links)) or {
        "steps",
        "sampler_name",
    } <= held


def _bar_length(graph: Graph, step: str) -> int | None:
    node = graph[step]
    around = [node, *(graph[source] for source, _ in node.links.values() if source in graph)]
    steps = next((n for one in around if (n := graphs.literal(graph, one, "steps"))), None)
    if steps is None:
        return None
    first = graphs.literal(graph, node, "start_at_step") or 0
    last = graphs.literal(graph, node, "end_at_step")
    length = min(steps, last if last is not None else steps) - max(first, 0)
    return int(length) if 0 < length < LARGEST_SETTING else None


def _model(graph: Graph, nodes: Iterable[str]) -> str:
    found: dict[str, str] = {}
    for step in nodes:
        for name, value in graph[step].values.items():
            if _is_model(value):
                found.setdefault(name, _file_name(value))
    return next((found[name] for name in MODEL_INPUTS if name in found), "")


def _size(graph: Graph, nodes: Iterable[str]) -> tuple[int | None, int | None, int | None, int]:
    best: tuple[bool, float] = (False, 0.0)
    found: tuple[int | None, int | None, int | None, int] = (None, None, None, 1)
    for step in nodes:
        node = graph[step]
        width, height = (_count(graph, node, name) for name in ("width", "height"))
        if not width or not height:
            continue
        rank = ("latent" in node.kind.lower(), float(width * height))
        if rank > best:
            frames = next((n for name in FRAMES if (n := _count(graph, node, name))), 1)
            best, found = rank, (width, height, _count(graph, node, "batch_size"), frames)
    return found


def _count(graph: Graph, node: Node, name: str) -> int | None:
    found = graphs.literal(graph, node, name)
    return int(found) if found is not None and 0 < found < 1_000_000 else None


def _work(width: int | None, height: int | None, steps: int | None, batch: int) -> float | None:
    return round(width * height * steps * batch / 1e6, 6) if width and height and steps else None


def _title(
    model: str,
    width: int | None,
    height: int | None,
    steps: int | None,
    graph: Graph,
    outputs: list[str],
) -> str:
    named = model.rpartition(".")[0] or next(
        (graph[one].kind for one in outputs if one in graph), ""
    )
    size = f"{width}×{height}" if width and height else ""
    first = " ".join(part for part in (named, size) if part)
    return " · ".join(part for part in (first, f"{steps} steps" if steps else "") if part)


def _kind(graph: Graph, outputs: list[str]) -> str:
    classes = [graph[one].kind.lower() for one in outputs if one in graph]
    return next((kind for part, kind in KINDS if any(part in one for one in classes)), "")


def _digest(graph: Graph, nodes: Iterable[str], kept: Any) -> str:
    lines = [
        (step, graph[step].kind, sorted(graph[step].links.items()), _settings(graph[step], kept))
        for step in sorted(nodes)
    ]
    encoded = msgspec.json.encode(lines)
    return hashlib.blake2b(encoded, digest_size=8).hexdigest()


def _settings(node: Node, kept: Any) -> list[tuple[str, str]]:
    chosen = [(text(name), value) for name, value in node.values.items() if kept(name, value)]
    return sorted((name, text(str(value))) for name, value in chosen)


def _in_family(name: str, value: Any) -> bool:
    if isinstance(value, str):
        return name in CHOICES or _is_model(value)
    return name in FAMILY_NUMBERS and number(value) is not None


def _in_signature(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return True
    counts = number(value)
    if counts is not None:
        return "seed" not in name.lower() and abs(counts) < LARGEST_SETTING
    return _in_family(name, value)


def _is_model(value: Any) -> bool:
    return isinstance(value, str) and len(value) < 1024 and value.lower().endswith(MODEL_ENDINGS)


def _file_name(value: str) -> str:
    return text(value.replace("\\", "/").rpartition("/")[2])


def _texts(graph: Graph, nodes: Iterable[str]) -> tuple[str, ...]:
    held = [
        text(value, limit=2000)
        for step in nodes
        for name, value in graph[step].values.items()
        if isinstance(value, str) and name in ("text", "prompt", "positive", "negative", "text_g")
    ]
    return tuple(dict.fromkeys(one for one in held if one))[:8]

"""Graphs in ComfyUI's API format, for the simulation and, of core nodes, for a real server.

Rule 1: pure functions; the same arguments give the same graph, and so a cached run.
Rule 2: node ids follow ComfyUI's default workflow: 4 checkpoint, 5 latent, 6 and 7 texts, 3
    sampler, 8 decoder, 9 output.
"""

from typing import Any

Graph = dict[str, dict[str, Any]]

CHECKPOINT = "tiny.safetensors"


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


def text_to_image(
    *,
    seed: int = 1,
    steps: int = 8,
    width: int = 512,
    height: int = 512,
    batch: int = 1,
    prompt: str = "a lighthouse at dusk",
    negative: str = "blurry",
    model: str = CHECKPOINT,
    sampler: str = "euler",
    prefix: str = "headway",
) -> Graph:
    return {
        "4": node("CheckpointLoaderSimple", ckpt_name=model),
        "5": node("EmptyLatentImage", width=width, height=height, batch_size=batch),
        "6": node("CLIPTextEncode", text=prompt, clip=["4", 1]),
        "7": node("CLIPTextEncode", text=negative, clip=["4", 1]),
        "3": node(
            "KSampler",
            model=["4", 0],
            positive=["6", 0],
            negative=["7", 0],
            latent_image=["5", 0],
            seed=seed,
            steps=steps,
            cfg=7.0,
            sampler_name=sampler,
            scheduler="normal",
            denoise=1.0,
        ),
        "8": node("VAEDecode", samples=["3", 0], vae=["4", 2]),
        "9": node("SaveImage", images=["8", 0], filename_prefix=prefix),
    }


def image_with_lora(*, lora: str = "ink.safetensors", strength: float = 0.8, **rest: Any) -> Graph:
    """Text to image with a LoRA between the checkpoint and all that uses it."""
    graph = text_to_image(**rest)
    graph["10"] = node(
        "LoraLoader",
        model=["4", 0],
        clip=["4", 1],
        lora_name=lora,
        strength_model=strength,
        strength_clip=strength,
    )
    for place, slot in (("3", "model"), ("6", "clip"), ("7", "clip")):
        graph[place]["inputs"][slot][0] = "10"
    return graph


def tiled(**rest: Any) -> Graph:
    """Text to image whose decoder reports its tiles."""
    graph = text_to_image(**rest)
    graph["8"] = node("VAEDecodeTiled", samples=["3", 0], vae=["4", 2], tile_size=128, overlap=32)
    return graph


def video(
    *, seed: int = 1, steps: int = 8, frames: int = 16, prefix: str = "video/headway"
) -> Graph:
    graph = text_to_image(seed=seed, steps=steps, batch=frames, width=256, height=256)
    graph["9"] = node("CreateVideo", images=["8", 0], fps=8.0)
    graph["10"] = node(
        "SaveVideo", video=["9", 0], filename_prefix=prefix, format="mp4", codec="h264"
    )
    return graph


def audio(*, duration: float = 1.0, prefix: str = "audio/headway") -> Graph:
    return {
        "1": node("EmptyAudio", duration=duration, sample_rate=44100, channels=2),
        "2": node("SaveAudio", audio=["1", 0], filename_prefix=prefix),
        "3": node("PreviewAudio", audio=["1", 0]),
    }


def text(words: str) -> Graph:
    """The quickest graph there is."""
    return {"1": node("PreviewAny", source=words)}


def empty_image(*, colour: int = 255, prefix: str = "headway") -> Graph:
    """The quickest picture, without a model."""
    return {
        "1": node("EmptyImage", width=64, height=64, batch_size=1, color=colour),
        "2": node("SaveImage", images=["1", 0], filename_prefix=prefix),
    }


def failing_save(*, colour: int = 255) -> Graph:
    """Fails while running on any server: the prefix leads out of the output folder."""
    return empty_image(colour=colour, prefix="../../outside")


def _between(class_type: str, **inputs: Any) -> Graph:
    """An empty image, one odd node, and the picture saved."""
    return {
        "1": node("EmptyImage", width=64, height=64, batch_size=1, color=255),
        "2": node(class_type, image=["1", 0], **inputs),
        "3": node("SaveImage", images=["2", 0], filename_prefix="bench"),
    }


def ticking(*, ticks: int = 6, seconds: float = 0.25, tag: str = "") -> Graph:
    """Reports progress to the page and none to the console."""
    return _between("BenchSleep", ticks=ticks, seconds=seconds, tag=tag)


def silent_sleep(*, seconds: float = 4.0, tag: str = "") -> Graph:
    """Says nothing for so long and cannot be interrupted meanwhile."""
    return _between("BenchSilent", seconds=seconds, tag=tag)


def resetting_bars(*, seconds: float = 0.25, tag: str = "") -> Graph:
    """One node, two bars: 5 steps, then 3."""
    return _between("BenchBars", seconds=seconds, tag=tag)


def clamped_bar(*, ticks: int = 4, seconds: float = 0.25, tag: str = "") -> Graph:
    """A bar that is full half of the time."""
    return _between("BenchClamped", ticks=ticks, seconds=seconds, tag=tag)


def failing(*, tag: str = "", **rest: Any) -> Graph:
    """Text to image that saves its picture and then fails in a further node."""
    graph = text_to_image(**rest)
    graph["20"] = node("BenchFail", image=["8", 0], tag=tag)
    graph["21"] = node("PreviewImage", images=["20", 0])
    return graph


def blocked(*, tag: str = "") -> Graph:
    """Says execution_error for a blocked value, and then succeeds."""
    return _between("BenchBlock", tag=tag)


def parallel(*, branches: int = 2, ticks: int = 4, seconds: float = 0.25, tag: str = "") -> Graph:
    """Asynchronous nodes that run at the same time."""
    graph = {"1": node("EmptyImage", width=64, height=64, batch_size=1, color=255)}
    for branch in range(branches):
        worker, saver = str(2 + 2 * branch), str(3 + 2 * branch)
        graph[worker] = node(
            "BenchAsync", image=["1", 0], ticks=ticks, seconds=seconds, tag=f"{tag}{branch}"
        )
        graph[saver] = node("PreviewImage", images=[worker, 0])
    return graph


def subgraph(*, ticks: int = 3, seconds: float = 0.25, tag: str = "") -> Graph:
    """A node that is replaced by two others, "2.0.0.1" and "2.0.0.2"."""
    return _between("BenchExpand", ticks=ticks, seconds=seconds, tag=tag)


def huge(nodes: int, *, tag: str = "") -> Graph:
    """A chain of so many nodes, each done at once."""
    graph = {"1": node("EmptyImage", width=64, height=64, batch_size=1, color=255)}
    for number in range(2, nodes):
        graph[str(number)] = node("BenchSilent", image=[str(number - 1), 0], seconds=0.0, tag=tag)
    graph[str(nodes)] = node("PreviewImage", images=[str(nodes - 1), 0])
    return graph

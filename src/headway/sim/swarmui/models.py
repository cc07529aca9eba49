"""Models as the server lists them."""

from typing import Any

SUBTYPES = ("Stable-Diffusion", "LoRA", "VAE", "ControlNet", "Clip", "Embedding", "Wildcards")


def row(name: str, *, loaded: bool = False, local: bool = True) -> dict[str, Any]:
    """One model, with the keys of the real answer."""
    return {
        "name": name,
        "title": name.rpartition("/")[2].removesuffix(".safetensors"),
        "author": None,
        "description": "",
        "preview_image": "imgs/model_placeholder.jpg",
        "loaded": loaded,
        "architecture": "stable-diffusion-xl-v1-base",
        "class": "Stable Diffusion XL 1.0-Base",
        "compat_class": "stable-diffusion-xl-v1",
        "resolution": "1024x1024",
        "standard_width": 1024,
        "standard_height": 1024,
        "license": None,
        "date": None,
        "prediction_type": None,
        "usage_hint": None,
        "trigger_phrase": None,
        "merged_from": None,
        "tags": None,
        "is_supported_model_format": True,
        "is_negative_embedding": False,
        "lora_default_weight": "",
        "lora_default_confinement": "",
        "local": local,
        "time_created": 1716120000,
        "time_modified": 1716120000,
        "hash": "",
        "hash_sha256": "",
        "special_format": "",
    }


def listing(names: list[str], loaded: set[str | None]) -> dict[str, Any]:
    """The answer of ListModels."""
    folders = sorted({one.rpartition("/")[0] for one in names if "/" in one})
    return {"folders": folders, "files": [row(one, loaded=one in loaded) for one in names]}


def matching(names: list[str], wanted: str) -> str | None:
    """The model of that name, whose suffix may be left out."""
    full = wanted if wanted.endswith(".safetensors") else f"{wanted}.safetensors"
    return full if full in names else None

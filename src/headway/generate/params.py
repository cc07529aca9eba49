"""What is asked for, in words that every back end shares, checked before anything is sent.

Rule 1: None means "as the back end likes it": nobody's defaults are guessed.
Rule 2: what cannot be right anywhere (width 0) is refused here; what one back end does
not know (a sampler) is refused by it, with the nearest names.
"""

from __future__ import annotations

import random
import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from headway.errors import UsageError

LARGEST_SEED = 2**53 - 1  # every back end and every JSON reader takes it exactly
LIGHTEST, HEAVIEST = -10.0, 10.0  # weights of a LoRA

Text = Annotated[str, Meta(max_length=100_000)]
Name = Annotated[str, Meta(max_length=1_000)]
Side = Annotated[int, Meta(ge=16, le=16_384)]


class Lora(msgspec.Struct, frozen=True):
    """A LoRA and its weight, 1.0 where none was given."""

    name: str
    weight: float = 1.0


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One request. Sizes in pixels; `batch` images at once; seeds count up over a batch."""

    prompt: Text = ""
    negative_prompt: Text = ""
    model: Name | None = None
    width: Side | None = None
    height: Side | None = None
    steps: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    cfg: Annotated[float, Meta(ge=0, le=100)] | None = None
    sampler: Name | None = None
    scheduler: Name | None = None
    seed: Annotated[int, Meta(ge=-1, le=LARGEST_SEED)] | None = None
    batch: Annotated[int, Meta(ge=1, le=1_000)] = 1
    loras: list[Lora] = []


FIELDS = tuple(name for name in Params.__struct_fields__ if name != "loras")


def params_of(given: dict[str, Any]) -> Params:
    """The request, from options or a file; `lora` is a list of `name[:weight]`.

    Numbers may come as text. Raises: UsageError that names the field.
    """
    named = {name.replace("-", "_"): value for name, value in given.items() if value is not None}
    loras = named.pop("lora", [])
    if "length" in named and "height" in named:
        raise UsageError("length and height are the same thing", "give one of them")
    if "length" in named:
        named["height"] = named.pop("length")
    named["loras"] = [lora_of(one) for one in ([loras] if isinstance(loras, str) else loras)]
    try:
        return msgspec.convert(named, Params, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(_words(str(error)), f"known: {', '.join(FIELDS)}, lora") from error


def seeded(params: Params, *, draw: random.Random | None = None) -> Params:
    """The same with a seed that is known: -1 and None draw one."""
    if params.seed is not None and params.seed >= 0:
        return params
    drawn = (draw or random.SystemRandom()).randrange(2**31)
    return msgspec.structs.replace(params, seed=drawn)


def lora_of(text: str) -> Lora:
    """`name` or `name:weight`; a name may hold a colon itself. Raises: UsageError."""
    name, colon, weight = text.rpartition(":")
    if not colon or not re.fullmatch(r"\s*[-+]?[\d.]+\s*", weight):
        name, weight = text, "1"
    try:
        found = float(weight)
    except ValueError as error:
        raise UsageError(f"not the weight of a LoRA: {weight!r}", "write name:0.8") from error
    if not name.strip():
        raise UsageError(f"a LoRA needs a name: {text!r}", "write name:0.8")
    if not LIGHTEST <= found <= HEAVIEST:
        raise UsageError(f"a LoRA's weight is from {LIGHTEST} to {HEAVIEST}: {text!r}")
    return Lora(name.strip(), found)


def _words(said: str) -> str:
    """A validation error without the machine's way of pointing."""
    found = re.fullmatch(r"(?P<what>.*?)(?: - at `\$\.?(?P<where>.*)`)?", said, re.DOTALL)
    assert found is not None  # both parts may be empty
    what = found["what"][:1].lower() + found["what"][1:]
    return f"{found['where']}: {what}" if found["where"] else what

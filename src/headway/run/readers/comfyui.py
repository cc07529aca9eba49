"""ComfyUI's own console: `got prompt`, `Requested to load SDXL`, tqdm bars of its samplers,
`Prompt executed in 12.34 seconds`. Each bar is one sampler's, a part of one prompt.
"""

from __future__ import annotations

import re

from headway.run.readers import tqdm
from headway.run.reading import Reader, Reading

#: how the line ends or what stands in it → what it does now
KNOWN = {
    "got prompt": "prompt",
    "Prompt executed in": "waiting for prompts",
    "To see the GUI go to:": "waiting for prompts",
}
#: what others may say, too
UNCERTAIN = {"loaded completely": "prompt", "loaded partially": "prompt"}
_LOADING = re.compile(r"^(?:.* )?Requested to load (\w+)$")


def read(line: str, last: Reading | None = None) -> Reading | None:
    """What ComfyUI does; its bars count only once it was recognised by its words."""
    found = _LOADING.match(line)
    if found is not None:
        return Reading(doing=f"loading {found[1]}")
    table = KNOWN if last is None else KNOWN | UNCERTAIN
    doing = next((doing for words, doing in table.items() if words in line), None)
    if doing is not None:
        return Reading(doing=doing)
    drawn = tqdm.read(line) if last is not None else None
    if drawn is None:
        return None
    (one,) = drawn.bars
    part = one._replace(level=1, label=one.label or "sampling")
    return Reading(bars=(part,), doing=last.doing if last else "")


MARKS = ("got prompt", "Prompt executed", "GUI", "load", "%|", "it [")
READER = Reader("comfyui", MARKS, read)

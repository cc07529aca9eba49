"""What a server writes to its console when it starts.

Rule 1: only lines of a plain server, none of an extension: a start cannot be told from an earlier
    one by its text.
"""

from headway.sim.comfyui.machine import PYTHON, RAM, TORCH
from headway.sim.comfyui.version import Version

#: a line, and the ability with which it came, "" for always
LINES = (
    ("Checkpoint files will always be loaded safely.", ""),
    ("Total VRAM {megabytes} MB, total RAM {megabytes} MB", ""),
    ("pytorch version: {torch}", ""),
    ("Set vram state to: DISABLED", ""),
    ("Device: cpu", ""),
    (
        "Using sub quadratic optimization for attention, if you have memory or speed issues try "
        "using: --use-split-cross-attention",
        "",
    ),
    ("Python version: {python}", ""),
    ("ComfyUI version: {version}", ""),
    ("comfy-aimdo version: 0.4.13", "assets"),
    ("comfy-kitchen version: 0.2.31", "assets"),
    ("Asset seeder disabled", "assets"),
    ("Using RAM pressure cache.", "ram_cache"),
    ("Starting server\n", ""),
    ("To see the GUI go to: {url}", ""),
)


def lines(version: Version, *, url: str) -> list[str]:
    """The lines of a start, each without its line end."""
    facts = {
        "megabytes": RAM // 2**20,
        "torch": TORCH,
        "python": PYTHON,
        "version": version.text,
        "url": url,
    }
    return [line.format(**facts) for line, since in LINES if not since or version.has(since)]

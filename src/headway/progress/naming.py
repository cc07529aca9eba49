"""What a job of this process is called.

Rule 1: a key made here is the one that `headway.model.keys` makes: that module costs more
to import than a program's first job may.
Rule 2: an id is a UUID, version 7: unique without asking anybody, and in order of time.
"""

from __future__ import annotations

import os
import sys
import time

SOURCE = "HEADWAY_SOURCE"
LONGEST = 60  # characters of a source's name

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:@+-")


def new_id() -> str:
    """A UUID of version 7 (RFC 9562, 5.7)."""
    number = int.from_bytes(os.urandom(10), "big")
    number |= int(time.time() * 1000.0) << 80
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def job_key(source: str, native: str) -> str:
    """The key of a job, as text."""
    return f"{part(source)}~{part(native)}~"


def group_key(group: str) -> str:
    """The key of a group, as text."""
    return f"~group~{part(group)}"


def part(name: str) -> str:
    """One part of a key."""
    encoded = name.encode("utf-8", "surrogatepass")
    return "".join([chr(one) if one in _PLAIN else f"%{one:02X}" for one in encoded])


def source_name() -> str:
    """Whose jobs these are: HEADWAY_SOURCE, else the program's file name."""
    return (os.environ.get(SOURCE) or _program())[:LONGEST]


def _program() -> str:
    path = sys.argv[0] if getattr(sys, "argv", None) else ""
    folder, name = os.path.split(path)
    if name == "__main__.py":
        name = os.path.basename(folder)
    if name.startswith("ipykernel_launcher"):
        return "notebook"
    return name if name not in ("", "-c", "-m", "-") else "python"

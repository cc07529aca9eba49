"""Names of files that are made from somebody's words.

Rule 1: what comes out stays below the directory it is meant for, on every system: no
separators, drives, "..", reserved names, control characters, or trailing dots.
Rule 2: a template says each thing once and for one file; two files never get one name
(`free` counts up instead of overwriting).
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath, PureWindowsPath

from headway.errors import UsageError

LONGEST = 120  # characters of one name, so that every file system takes it
LONGEST_PROMPT = 50  # characters of a prompt in a name
DEEPEST = 20  # directories below one another

RESERVED = frozenset(
    {"con", "prn", "aux", "nul"}
    | {f"{port}{n}" for port in ("com", "lpt") for n in "123456789¹²³"}
    | {"conin$", "conout$"}
)
_FIELD = re.compile(r"\{([^{}]*)\}")
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')


def cleaned(text: str, *, longest: int = LONGEST) -> str:
    """The text as one name of a file or directory; "_" if nothing of it is left."""
    known = unicodedata.normalize("NFC", text)
    printable = "".join(one if one.isprintable() else " " for one in known)
    name = _UNSAFE.sub("_", printable)
    name = " ".join(name.split())[:longest].strip(" .")
    if name.partition(".")[0].rstrip().lower() in RESERVED:
        name = f"_{name}"
    return name or "_"


def below(path: str) -> PurePosixPath:
    """A relative path as somebody wrote it. Raises: UsageError if it could lead elsewhere."""
    plain = path.replace("\\", "/")
    given = PurePosixPath(plain)
    if given.is_absolute() or PureWindowsPath(path).drive or PureWindowsPath(path).root:
        raise UsageError(f"not a path below the output directory: {path!r}")
    parts = [part for part in given.parts if part != "."]
    if ".." in parts:
        raise UsageError(f"this path leads out of the output directory: {path!r}")
    if len(parts) > DEEPEST:
        raise UsageError(f"more than {DEEPEST} directories below one another: {path[:80]!r}…")
    return PurePosixPath(*(cleaned(part) for part in parts))


def inside(directory: Path, path: PurePosixPath) -> Path:
    """Where that is. Raises: UsageError if a link on the way leads out of `directory`."""
    root = directory.resolve()
    found = (root / path).resolve()
    if found != root and root not in found.parents:
        raise UsageError(f"{path} leads out of {directory} by a link")
    return root / path


FIELDS: dict[str, str] = {
    "index": "which file of this command, from 000",
    "index1": "the same from 001",
    "timestamp": "seconds since 1970",
    "datetime": "2026-11-22_17-05-09",
    "date": "2026-11-22",
    "time": "17-05-09",
    "seed": "the seed that was used",
    "model": "the model, without its folder and ending",
    "width": "pixels",
    "height": "pixels",
    "prompt": "how the prompt begins",
    "original": "the back end's own name, without its ending",
    "ext": "the ending of the file, such as png",
}
SHORT = {"i": "index", "i1": "index1", "ts": "timestamp", "dt": "datetime"}
_TIMES = {"datetime": "%Y-%m-%d_%H-%M-%S", "date": "%Y-%m-%d", "time": "%H-%M-%S"}


def checked(template: str) -> str:
    """The template, if every field of it is known. Raises: UsageError that lists them."""
    for name in _FIELD.findall(template):
        if SHORT.get(name, name) not in FIELDS:
            known = ", ".join(f"{{{one}}}" for one in FIELDS)
            raise UsageError(f"unknown field {{{name}}} in the file name", f"known: {known}")
    rest = _FIELD.sub("", template)
    if "{" in rest or "}" in rest:
        raise UsageError(f"a brace is open in {template!r}")
    below(_FIELD.sub("x", template))
    return template


def filled(template: str, values: Mapping[str, object], *, index: int, at: float) -> PurePosixPath:
    """The path that the template means for one file.

    `values` has what is known of `FIELDS`; what is not known reads "unknown". The
    directories are the template's own: a value never adds one.
    """
    when = datetime.fromtimestamp(at).astimezone()
    known: dict[str, object] = {
        "index": f"{index:03d}",
        "index1": f"{index + 1:03d}",
        "timestamp": int(at),
        **{name: when.strftime(form) for name, form in _TIMES.items()},
        **values,
    }
    known["model"] = _stem(str(known.get("model", "unknown")))
    known["prompt"] = cleaned(str(known.get("prompt", "unknown")), longest=LONGEST_PROMPT)

    def one(found: re.Match[str]) -> str:
        name = SHORT.get(found[1], found[1])
        return cleaned(str(known.get(name, "unknown")))

    path = below(_FIELD.sub(one, template))
    if "." not in path.name and known.get("ext"):
        path = path.with_name(f"{path.name}.{cleaned(str(known['ext']))}")
    return path


def free(path: Path, *, taken: Callable[[Path], bool] = os.path.lexists) -> Path:
    """That path, or the next one like it that nobody has: `a.png`, `a-2.png`, `a-3.png`."""
    found, n = path, 1
    while taken(found):
        n += 1
        found = path.with_name(f"{path.stem}-{n}{path.suffix}")
    return found


def _stem(model: str) -> str:
    name = re.split(r"[/\\]", model)[-1]
    return name.rpartition(".")[0] if name.endswith((".safetensors", ".ckpt", ".gguf")) else name

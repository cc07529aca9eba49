"""Lines of the log: the only place where other people's steps can be seen through SwarmUI.

Rule 1: a line says what a back end does, never whose work that is.
Rule 2: the texts have no version: what does not fit a pattern says nothing.
Rule 3: no line is kept: they hold names, and may hold prompts.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from headway.dialects.comfyui.wire import Skip, listed, mapping, number, text, whole

LONGEST_LINE = 2_000  # characters
MOST_LINES = 5_000

_CONSOLE = re.compile(r"ComfyUI-(\d{1,9})\Z")
# tqdm: ` 35%|###5      | 7/20 [00:00<00:01, 11.9it/s]`, or `s/it` where a step takes long.
_BAR = re.compile(r"(\d{1,7})/(\d{1,7}) \[[^\],]*(?:, *([\d.]{1,12})(it/s|s/it))?")
_REQUESTED = re.compile(r"User .{1,200} requested (\d{1,6}) images? with model ")
_NEW_JOB = "got prompt"


class Bar(NamedTuple):
    """A sampler's bar on a back end's console. `rate`: steps a second, None: not said."""

    done: int
    total: int
    rate: float | None


class Said(NamedTuple):
    """What was read: the last bar of each back end, and where to read on."""

    bars: dict[str, Bar | None]
    after: dict[str, int]


def read_types(value: dict[str, Any]) -> list[str]:
    """The names of the consoles among the types of an answer of ListLogTypes."""
    rows = [mapping(one) for one in listed(value.get("types_available"))]
    names = [text(one.get("name"), limit=40) for one in rows]
    return [name for name in names if _CONSOLE.match(name)]


def read_log(value: dict[str, Any], after: dict[str, int]) -> Said | Skip:
    """The news in an answer of ListRecentLogMessages; a bar is None where a new job came."""
    data = value.get("data")
    if not isinstance(data, dict):
        return Skip("log: no lines")
    bars: dict[str, Bar | None] = {}
    read_to = dict(after)
    for kind, rows in data.items():
        console = _CONSOLE.match(text(kind, limit=40))
        for row in listed(rows)[-MOST_LINES:]:
            number_of = whole(mapping(row).get("sequence_id"))
            if console is None or number_of is None or number_of <= after.get(kind, -1):
                continue
            read_to[kind] = max(read_to.get(kind, -1), number_of)
            _line(text(mapping(row).get("message"), limit=LONGEST_LINE), bars, console[1])
    return Said(bars, read_to)


def _line(line: str, bars: dict[str, Bar | None], backend: str) -> None:
    found = _BAR.search(line)
    if found is not None and "|" in line[: found.start()]:
        done, total = int(found[1]), int(found[2])
        if 0 <= done <= total:
            bars[backend] = Bar(done, total, _rate(found[3], found[4]))
    elif _NEW_JOB in line:
        bars[backend] = None


def _rate(said: str | None, unit: str | None) -> float | None:
    try:
        found = number(float(said)) if said else None
    except ValueError:
        return None
    if not found:
        return None
    return found if unit == "it/s" else round(1.0 / found, 4)

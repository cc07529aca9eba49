"""The console's lines: what a line means, if it means anything.

Rule 1: entries are split anyhow: empty ones, a carriage return in front, several lines
    in one, a line's end on its own. A line is what stands between them.
Rule 2: a line names no job; whose it is, is decided elsewhere (`turns`).
Rule 3: the time in an entry is the server's own local time without a zone: good for
    differences and for telling two starts apart, never for a date of ours.
Rule 4: errors and tracebacks are not kept: failures come from the history.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from headway.dialects.comfyui.wire import text

LONGEST_LINE = 2_000  # characters that are looked at


class Bar(msgspec.Struct, frozen=True):
    """A progress bar as tqdm draws it. `total` None: it does not know it."""

    done: float
    total: float | None
    elapsed: float | None = None


class Loading(msgspec.Struct, frozen=True):
    """A model is being brought to the device."""

    name: str


class Loaded(msgspec.Struct, frozen=True):
    """It is there."""


class GotPrompt(msgspec.Struct, frozen=True):
    """Somebody queued a prompt."""


class Executed(msgspec.Struct, frozen=True):
    """A prompt is over, for better or worse. `seconds` None: not readable."""

    seconds: float | None


class StartedUp(msgspec.Struct, frozen=True):
    """The server came up."""


class WorkerDied(msgspec.Struct, frozen=True):
    """The thread that runs prompts ended; nothing will run until a restart."""


Line = Bar | Loading | Loaded | GotPrompt | Executed | StartedUp | WorkerDied

_BREAK = re.compile(r"[\r\n]+")
_BAR = re.compile(r"\d+%\|[^|]*\|\s*(\d+)/(\d+) \[(?:(\d+):)?(\d+):(\d+)<")
_COUNT = re.compile(r"(?:^|\s)(\d+)it \[(?:(\d+):)?(\d+):(\d+),")
_LOADING = re.compile(r"Requested to load (\S+)")
_EXECUTED = re.compile(r"Prompt executed in (?:(\d+):(\d+):(\d+)|([\d.]+) seconds)")


def lines(entries: list[tuple[str, str]]) -> Iterator[tuple[str, Line]]:
    """(the server's time, what it means) of each line that means something."""
    for stamp, said in entries:
        for part in _BREAK.split(said):
            meaning = meaning_of(part[:LONGEST_LINE]) if part else None
            if meaning is not None:
                yield stamp, meaning


def meaning_of(line: str) -> Line | None:
    """What the line means; None for most lines."""
    for mark, read in READERS:
        if mark in line:
            found = read(line)
            if found is not None:
                return found
    return None


def _bar(line: str) -> Line | None:
    found = _BAR.search(line)
    if found is None:
        return None
    done, total, *clock = found.groups()
    return Bar(float(done), float(total), _seconds(*clock)) if len(total) < 16 else None


def _count(line: str) -> Line | None:
    found = _COUNT.search(line)
    if found is None or len(found[1]) > 15:
        return None
    return Bar(float(found[1]), None, _seconds(*found.groups()[1:]))


def _loading(line: str) -> Line | None:
    found = _LOADING.search(line)
    return Loading(text(found[1])) if found else None


def _executed(line: str) -> Line | None:
    found = _EXECUTED.search(line)
    if found is None:
        return Executed(None)
    hours, minutes, seconds, plain = found.groups()
    try:
        return Executed(float(plain) if plain else _seconds(hours, minutes, seconds))
    except ValueError:
        return Executed(None)


def _seconds(hours: str | None, minutes: str | None, seconds: str | None) -> float:
    return int(hours or 0) * 3600.0 + int(minutes or 0) * 60.0 + int(seconds or 0)


#: a mark that is quick to look for → how the line is read
READERS = (
    ("%|", _bar),
    ("it [", _count),
    ("Requested to load", _loading),
    ("loaded completely", lambda _: Loaded()),
    ("loaded partially", lambda _: Loaded()),
    ("got prompt", lambda _: GotPrompt()),
    ("Prompt executed in", _executed),
    ("Starting server", lambda _: StartedUp()),
    ("(prompt_worker)", lambda line: WorkerDied() if "Exception in thread" in line else None),
)

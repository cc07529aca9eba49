"""ffmpeg: `frame=  123 fps= 25 q=28.0 size=     256kB time=00:00:05.12 bitrate= 409.6kbits/s …`.

The total is what the input's `Duration:` says, the longest of several, unless the
command's words cut or stretch it; `-t` is itself a total. Where the work goes beyond its
total, that was none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from headway.run.reading import Bar, Reader, Reading, clock

_DURATION = re.compile(r"^ *Duration: ([\d:.]+), ")
_TIME = re.compile(r"size=.*? time=(-?[\d:.]+|N/A) bitrate=")
_FRAME = re.compile(r"^\s*frame= *(\d{1,12}) ")
_LAST = 0.5  # seconds by which the last packet may end after the input

#: options after which the output is not as long as the input
CUT = frozenset(
    [
        "-ss",
        "-sseof",
        "-to",
        "-fs",
        "-frames",
        "-vframes",
        "-aframes",
        "-shortest",
        "-loop",
        "-stream_loop",
    ]
)
#: filters after which it is not, either
_CUTTING = re.compile(r"\b(?:a?setpts|a?trim|atempo|concat|a?select|a?loop|tpad|apad|segment)\b")


def read(line: str, last: Reading | None = None) -> Reading | None:
    """The bar that the line is, or the total that it says."""
    found = _DURATION.match(line)
    if found is not None:
        return _limited(clock(found[1]), last)
    found = _TIME.search(line)
    if found is None:
        return None
    limit = last.limit if last else None
    seconds = clock(found[1].lstrip("-"))
    if seconds is None:
        return _frames(line, last)
    if found[1].startswith("-"):
        seconds = 0.0
    if limit is not None and seconds > limit + _LAST:
        limit = None
    done = seconds if limit is None else min(seconds, limit)
    one = Bar(done=done, total=limit, unit="s", level=0)
    return Reading(bars=(one,), limit=limit, exact=True)


def begin(words: Sequence[str]) -> Reading | None:
    """The total that the command's words say, or that there is none."""
    if "-t" in words[:-1]:
        at = len(words) - 1 - words[::-1].index("-t")
        return Reading(limit=clock(words[at + 1]) if at + 1 < len(words) else None, exact=True)
    cut = any(word.partition(":")[0] in CUT or _CUTTING.search(word) for word in words)
    return Reading(exact=True) if cut else None


def _limited(duration: float | None, last: Reading | None) -> Reading | None:
    # `exact`: the total is settled, or it is settled that there is none.
    if duration is None or (last and last.exact):
        return last
    return Reading(limit=max(duration, last.limit or 0.0) if last else duration)


def _frames(line: str, last: Reading | None) -> Reading | None:
    found = _FRAME.match(line)
    if found is None:
        return None
    one = Bar(done=float(found[1]), unit="frames", level=0)
    return Reading(bars=(one,), limit=last.limit if last else None, exact=True)


READER = Reader("ffmpeg", ("Duration:", "time="), read, begin)

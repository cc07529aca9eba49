"""rsync: `    1,234,567  45%   12.34MB/s    0:00:05 (xfr#3, to-chk=5/20)`.

With `--info=progress2` the percent is of all the work, with `--progress` of one file, and
the line does not say which. It is all of the work if the command's words say so, or if a
file was finished (`xfr#`) at less than 100 %. The number of files is known once the list
is whole (`to-chk`; `ir-chk` is still growing).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from headway.run.reading import Bar, Reader, Reading, scaled

_LINE = re.compile(
    r"^ *\d[\d.,'’\u00a0\u202f ]*[KMGT]? +(\d{1,3})% +\d[\d.,]*[kKMGT]?B/s +\d+:\d\d:\d\d"
    r"(?: +\(xfr#\d+, (to-chk|ir-chk)=(\d+)/(\d+)\))?"
)


def read(line: str, last: Reading | None = None) -> Reading | None:
    """The bars that the line is."""
    found = _LINE.match(line)
    if found is None or int(found[1]) > 100:
        return None
    percent, counted = float(found[1]), found[2]
    whole = bool(last and last.exact) or (counted is not None and percent < 100.0)
    if whole:
        return Reading(bars=(Bar(done=percent, total=100.0, unit="%", level=0),), exact=True)
    one = Bar(done=percent, total=100.0, unit="%", label="file", level=1)
    files = _files(found[3], found[4]) if counted == "to-chk" else ()
    return Reading(bars=(*files, one))


def begin(words: Sequence[str]) -> Reading | None:
    """Whether the command asked for the progress of all its work."""
    asked = any(word.startswith("--info=") and "progress2" in word for word in words)
    return Reading(exact=True) if asked else None


def _files(left: str, total: str) -> tuple[Bar, ...]:
    waiting, files = scaled(left), scaled(total)
    if waiting is None or not files or waiting > files:
        return ()
    return (Bar(done=files - waiting, total=files, unit="files", level=0),)


READER = Reader("rsync", ("B/s",), read, begin)

"""pip: a bar for each file that it downloads (`━━━━╸━━ 4.2/12.3 MB 5.6 MB/s eta 0:00:02`), from
25.1 on one for installing (`━━━ 3/7 [numpy]`), and lines that say what it does.

None of the bars is all of its work: how many files there will be is not said.
"""

from __future__ import annotations

import re

from headway.run.reading import Bar, Reader, Reading, scaled

#: what the line begins with → what is shown; the word after it is the package or file
DOING = {
    "Collecting": "collecting",
    "Downloading": "downloading",
    "Using cached": "using cached",
    "Building wheel for": "building",
    "Building wheels for collected packages:": "building",
    "Installing build dependencies": "installing build dependencies",
    "Preparing metadata": "preparing metadata",
    "Installing collected packages:": "installing",
    "Attempting uninstall:": "uninstalling",
}
_ALONE = ("Installing", "Preparing", "Building wheels")
_DOING = re.compile(rf"^ *({'|'.join(map(re.escape, DOING))}) *(\S*)")
_DRAWN = r"^ *[━╸╺─|█▏▎▍▌▋▊▉ -]* *"
_BYTES = re.compile(rf"{_DRAWN}(\d[\d.]*)/(\d[\d.]*) ([kMG]?)B(?: |$)")
_NO_TOTAL = re.compile(r"^ *(\d[\d.]*)/\? ([kMG]?)B ")
_FILES = re.compile(r"^ *[━╸╺─-]+ *(\d+)/(\d+) \[([^\]\s]*)\]?")


def read(line: str, last: Reading | None = None) -> Reading | None:
    """The bar or the act that the line tells of."""
    return _act(line) or _download(line, last) or _install(line)


def _act(line: str) -> Reading | None:
    found = _DOING.match(line)
    if found is None:
        return None
    act, name = DOING[found[1]], found[2].rsplit("/", 1)[-1]
    alone = found[1].startswith(_ALONE) or not name
    return Reading(doing=act if alone else f"{act} {name}")


def _download(line: str, last: Reading | None) -> Reading | None:
    found = _BYTES.match(line)
    if found is None:
        return None
    done, total = scaled(found[1], found[3]), scaled(found[2], found[3])
    if done is None or total is None:
        return None
    doing = last.doing if last else ""
    label = doing or "downloading"
    one = Bar(done=done, total=total, unit="B", label=label, level=1)
    return Reading(bars=(one,), doing=doing)


def _install(line: str) -> Reading | None:
    found = _FILES.match(line)
    done, total = (scaled(found[1]), scaled(found[2])) if found else (None, None)
    if found is None or done is None or total is None:
        return None
    one = Bar(done=done, total=total, unit="packages", label="installing", level=1)
    return Reading(bars=(one,), doing=f"installing {found[3]}".rstrip())


READER = Reader("pip", ("━", "─", " B", "B ", "ing ", "ed "), read)

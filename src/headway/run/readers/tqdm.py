"""tqdm: `name:  45%|████▌     | 45/100 [00:04<00:05,  9.97it/s]`, or without a total
`45it [00:04, 9.97it/s]`; numbers may be scaled (`1.2M/3.4MB`); a narrow terminal cuts.
"""

from __future__ import annotations

import re

from headway.run.reading import Bar, Reader, Reading, bar, scaled

NUMBER = r"(\d[\d.]*)([kKMGTP]?)"
_BAR = re.compile(
    rf"^\r?(.*?)(?::)? *(\d{{1,3}})%\|.*\| *{NUMBER}/{NUMBER}[^\d\s\[]* \[[\d:]+<(.*)"
)
_BARE = re.compile(rf"^(.*?)(?::)? *(\d{{1,3}})% {NUMBER}/{NUMBER}[^\d\s\[]* \[[\d:]+<(.*)")
_CUT = re.compile(r"^(.*?)(?::)? *(\d{1,3})%\|[ ▏▎▍▌▋▊▉█#0-9]+(?:\||$)")
_COUNT = re.compile(
    rf"^(?:(.*?): )?(?:0%\|.*\| )?{NUMBER}(?:/\?)?([^\d\s\[]*) \[[\d:]+(?:<\?)?, (.*)"
)
_RATE = re.compile(r"(?:[\d.]+|\?) ?[kKMGTP]?([^\s/\d\]]+)/s|(?:[\d.]+|\?)s/([^\s\],]+)")


def read(line: str, _: Reading | None = None) -> Reading | None:
    """The bar that the line is, if it is one."""
    found = _BAR.match(line) or _BARE.match(line)
    if found is None:
        return _count(line) or _cut(line)
    done, total = scaled(found[3], found[4]), scaled(found[5], found[6])
    if done is None or total is None:
        return None
    return bar(Bar(done=done, total=total, unit=_unit(found[7]), label=_name(found[1])))


def _count(line: str) -> Reading | None:
    found = _COUNT.match(line)
    done = scaled(found[2], found[3]) if found else None
    if found is None or done is None:
        return None
    return bar(Bar(done=done, unit=_unit(found[5]) or found[4], label=_name(found[1] or "")))


def _cut(line: str) -> Reading | None:
    found = _CUT.match(line)
    if found is None or int(found[2]) > 100:
        return None
    return bar(Bar(done=float(found[2]), total=100.0, unit="%", label=_name(found[1])))


def _unit(tail: str) -> str:
    found = _RATE.search(tail)
    return (found[1] or found[2]) if found else ""


def _name(label: str) -> str:
    return label.strip().removesuffix(":")


READER = Reader("tqdm", ("%|", "it [", " [", "% "), read)

"""Progress in the words of a program that nobody knows: `k/n`, `k of n`, `p %`.

Rule 1: one number proves nothing (a date 11/22, "100% cotton"): a pair or a percent is
    progress once it was seen to grow `GROWTHS` times in the same place of the same text.
Rule 2: what goes down again half-way, twice, is a gauge (a load, a signal) and no progress,
    whatever it looked like before.
Rule 3: the first that proves itself is the bar until Rule 2 speaks against it.
"""

from __future__ import annotations

import re

from headway.run.reading import Bar, Reading, bar

GROWTHS = {"of": 2, "%": 4}
NEARLY = 0.95  # a fall from there on is a new run, not a gauge
GAUGE = 2  # falls from below that
MOST = 64  # places that are watched
LONGEST = 300  # characters of a line that are looked at
BEHIND, AHEAD = 2, 1  # characters that make a place, digits and blanks left out

_PAIR = re.compile(
    r"(?<![0-9A-Za-z_/.,:-])([0-9]{1,9}) ?(?:/|of) ?([0-9]{1,9})"
    r"(?![0-9]*[/.:,-][0-9]|[0-9A-Za-z_/])"
)
_PERCENT = re.compile(r"(?<![0-9A-Za-z_.,-])([0-9]{1,3}(?:[.,][0-9]{1,4})?) ?%(?![0-9A-Za-z%])")
_BLANK = re.compile(r"[\s0-9.,:]+")

Place = tuple[str, float, str, str]


class _Watch:
    __slots__ = ("done", "falls", "growths")

    def __init__(self, done: float) -> None:
        self.done, self.growths, self.falls = done, 0, 0


class Guess:
    """Give it lines; it tells of the one number among them that is progress."""

    def __init__(self) -> None:
        self._watched: dict[Place, _Watch] = {}
        self._chosen: Place | None = None

    def read(self, line: str) -> Reading | None:
        """The bar of the line, if it has one that proved itself."""
        line = line[-LONGEST:]
        found = [*_pairs(line), *_percents(line)]
        for place, done in found:
            self._see(place, done)
        if self._chosen is None:
            self._chosen = next((place for place, _ in found if self._proven(place)), None)
        for place, done in found:
            if place == self._chosen:
                unit = "%" if place[0] == "%" else ""
                return bar(Bar(done=done, total=place[1], unit=unit, level=0))
        return None

    def _see(self, place: Place, done: float) -> None:
        watch = self._watched.get(place)
        if watch is None:
            if len(self._watched) < MOST:
                self._watched[place] = _Watch(done)
            return
        if done > watch.done:
            watch.growths += 1
        elif done < watch.done:
            watch.falls += watch.done < NEARLY * place[1]
            if not self._proven(place):
                watch.growths = 0
        watch.done = done
        if watch.falls >= GAUGE and self._chosen == place:
            self._chosen = None

    def _proven(self, place: Place) -> bool:
        watch = self._watched.get(place)
        return bool(watch and watch.growths >= GROWTHS[place[0]] and watch.falls < GAUGE)


def _pairs(line: str) -> list[tuple[Place, float]]:
    found = []
    for one in _PAIR.finditer(line):
        done, total = float(one[1]), float(one[2])
        if done <= total and total > 1:
            found.append((("of", total, *_around(line, one)), done))
    return found


def _percents(line: str) -> list[tuple[Place, float]]:
    found = []
    for one in _PERCENT.finditer(line):
        done = float(one[1].replace(",", "."))
        if done <= 100.0:
            found.append((("%", 100.0, *_around(line, one)), done))
    return found


def _around(line: str, found: re.Match[str]) -> tuple[str, str]:
    before = _BLANK.sub("", line[max(found.start() - 40, 0) : found.start()])
    after = _BLANK.sub("", line[found.end() : found.end() + 20])
    return before[-BEHIND:], after[:AHEAD]

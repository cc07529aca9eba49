"""What a command is doing, from the rows that it changed.

Rule 1: the reader that recognised something is asked first from then on; another one may
    take over with a line that only it can read, and then nothing of the former is left
    but the whole's last bar.
Rule 2: guesses (`guess`) count while no reader has recognised anything for `SILENT` lines.
Rule 3: bars below each other are nested: the uppermost is the whole, those below it are
    parts. Rows above the cursor's highest are history, and so is a full bar above another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from headway.run.guess import Guess
from headway.run.readers import READERS
from headway.run.reading import Bar, Reader, Reading

SILENT = 200  # lines
DEEPEST = 8  # levels of bars
LONGEST = 500  # characters of a line that are read
ROWS = 64  # rows with a bar that are remembered


class Hearing:
    """Give it changed rows; `levels` and `doing` say how things stand.

    `levels`: 0 is the whole, 1 and on are parts. `words`: the command's, for readers that
    can tell more from them; they are not kept.
    """

    def __init__(self, words: Sequence[str] = (), readers: Sequence[Reader] = READERS) -> None:
        self.levels: dict[int, Bar] = {}
        self.doing = ""
        self.reader = ""  # its name; "guess" for a guess
        self._readers = readers
        marks = {re.escape(mark) for reader in readers for mark in reader.marks}
        self._marked = re.compile("|".join(sorted(marks))).search
        self._chosen: Reader | None = None
        self._last = {reader.name: reader.begin(words) for reader in readers}
        self._guess = Guess()
        self._silent = SILENT
        self._rows: dict[int, Bar] = {}
        self._base = 0

    def feed(self, rows: Iterable[tuple[int, str]], base: int) -> None:
        """Take the rows that changed; `base` is the highest row that the cursor was on."""
        for row, line in rows:
            self._rows.pop(row, None)
            self._line(row, line[:LONGEST])
        self._place(base)

    def _line(self, row: int, line: str) -> None:
        if not line:
            return
        for reader in self._order() if self._marked(line) else ():
            if any(mark in line for mark in reader.marks):
                reading = reader.read(line, self._last[reader.name])
                if reading is not None:
                    self._recognised(row, reader, reading)
                    return
        self._silent += 1
        if self._silent > SILENT:
            guessed = self._guess.read(line)
            if guessed is not None:
                self.reader = "guess"
                self._take(row, guessed)

    def _order(self) -> Iterable[Reader]:
        first = [self._chosen] if self._chosen else []
        return [*first, *[one for one in self._readers if one is not self._chosen]]

    def _recognised(self, row: int, reader: Reader, reading: Reading) -> None:
        self._last[reader.name] = reading
        if reader is not self._chosen and (reading.bars or self._chosen is None):
            self._chosen, self.reader, self.doing = reader, reader.name, ""
            self._rows.clear()
            self.levels = {level: bar for level, bar in self.levels.items() if level == 0}
        if reader is self._chosen:
            self._silent = 0
            self._take(row, reading)

    def _take(self, row: int, reading: Reading) -> None:
        if reading.doing and not reading.bars:  # it does something else now
            self.levels = {level: bar for level, bar in self.levels.items() if level == 0}
        self.doing = reading.doing or self.doing
        for bar in reading.bars:
            if bar.level is not None:
                self.levels[bar.level] = bar
            elif len(self._rows) < ROWS:
                self._rows[row] = bar

    def _place(self, base: int) -> None:
        # Of two looks the higher one: the cursor may have been below for a moment only.
        base, self._base = min(base, self._base), base
        self._rows = {row: bar for row, bar in self._rows.items() if row >= base or row < 0}
        placed = [bar for _, bar in sorted(self._rows.items())]
        if placed:
            moving = [bar for bar in placed if bar.total is None or bar.done < bar.total]
            self.levels = dict(enumerate((moving or self._full(placed[-1]))[:DEEPEST]))
        elif self._chosen and self._chosen.name == "tqdm":
            self.levels = {level: bar for level, bar in self.levels.items() if level == 0}

    def _full(self, bar: Bar) -> list[Bar]:
        # tqdm draws a part's last state over the whole's row before it goes on below.
        whole, part = self.levels.get(0), self.levels.get(1)
        if whole and part and (part.label, part.total) == (bar.label, bar.total):
            return [whole, bar]
        return [bar]

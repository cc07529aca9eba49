"""The lines of a terminal as programs redraw them: just enough of one to read bars from.

Rule 1: rows are numbered for ever, downwards from 0; those that a program places itself
    (`ESC [ row ; column H`) are numbered -1, -2, … from the top of the terminal.
Rule 2: bounded: the last `KEPT` rows, `WIDEST` characters of each.
Rule 3: while the alternate screen is shown (an editor, a pager) nothing is read: what
    stands there is a document, not a report.
Rule 4: what comes out is printable text, whatever went in.
Rule 5: text is put on its row once something follows it, or nothing did for a while
    (`last`): what was cut anywhere on its way here is never taken for a whole line.
Lines are not wrapped: programs that redraw a line keep within it.
"""

from __future__ import annotations

import codecs
import re

KEPT = 64  # rows
WIDEST = 1_000  # characters of a row
LOWEST = 500  # rows of a terminal that are believed
LONGEST_HELD = 4_096  # characters that may wait for what follows them

_ESCAPE = re.compile(
    r"\x1b\[(?P<mark>[<=>?]?)(?P<numbers>[\d;:]*)[ -/]*(?P<final>[@-~])"  # CSI
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC (titles), DCS and the like
    r"|\x1b(?P<plain>[ -/]*[0-OQ-WYZ\\`-~])"
)
_TOKEN = re.compile(rf"{_ESCAPE.pattern}|(?P<text>[^\x00-\x1f\x7f]+)|(?P<control>[\x00-\x1f\x7f])")
_ALTERNATE = frozenset({"47", "1047", "1049"})


class Screen:
    """Give it what was printed; it tells which rows changed."""

    def __init__(self) -> None:
        self.row = 0  # where the cursor is
        self.base = 0  # the highest row it was on since the last look
        self._column = 0
        self._bottom = 0
        self._rows: dict[int, str] = {0: ""}
        self._changed: dict[int, str] = {}
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self._saved = (0, 0)
        self._document = False

    def feed(self, data: bytes, *, last: bool = False) -> list[tuple[int, str]]:
        """The rows that changed, in the order of their last change: (number, text).

        `last`: nothing followed for a while, so that what waits is whole.
        """
        self.base = self.row
        self._changed = {}
        text = self._held + self._decoder.decode(data)
        cut = len(text) if last else _whole(text)
        self._held = text[cut:]
        for token in _TOKEN.finditer(text, 0, cut):
            said, control, final = token["text"], token["control"], token["final"]
            if final:
                self._command(token["mark"], token["numbers"], final)
            elif self._document:
                continue
            elif said:
                self._write(said)
            elif control:
                self._control(control)
            elif token["plain"] in ("7", "8"):
                self._remember("s" if token["plain"] == "7" else "u")
        return [(row, printable(text)) for row, text in self._changed.items()]

    def skip(self) -> None:
        """Some output was left out here: what it was in the middle of is void."""
        self._decoder.reset()
        self._held = ""

    def lines(self, n: int) -> list[str]:
        """The last `n` rows with text."""
        rows = [printable(self._rows[row]) for row in sorted(self._rows) if row >= 0]
        return [row for row in rows if row][-n:]

    def _write(self, said: str) -> None:
        room = WIDEST - self._column
        if room <= 0:
            return
        said = said[:room]
        row, end = self._rows.get(self.row, ""), self._column + len(said)
        self._put(f"{row[: self._column]:<{self._column}}{said}{row[end:]}")
        self._column = end

    def _put(self, text: str) -> None:
        self._rows[self.row] = text
        self._changed.pop(self.row, None)
        self._changed[self.row] = text

    def _control(self, control: str) -> None:
        if control == "\n":
            self._move(1)
            self._column = 0
        elif control == "\r":
            self._column = 0
        elif control == "\b":
            self._column = max(self._column - 1, 0)
        elif control == "\t":
            self._column += 8 - self._column % 8

    def _move(self, down: int) -> None:
        if self.row < 0:
            self.row = min(max(self.row - down, -LOWEST), -1)
            return
        self.row = max(self.row + down, self._bottom - KEPT + 1, 0)
        for row in range(self._bottom + 1, self.row + 1):
            self._rows[row] = ""
            self._rows.pop(row - KEPT, None)
        self._bottom = max(self._bottom, self.row)
        self.base = min(self.base, self.row)

    def _command(self, mark: str, numbers: str, final: str) -> None:
        if mark == "?" and final in "hl" and _ALTERNATE & set(numbers.split(";")):
            self._document = final == "h"
        if mark or self._document:
            return
        given = [int(one) if one.isdigit() and len(one) < 6 else 0 for one in numbers.split(";")]
        first = min(max(given[0], 1), LOWEST)
        if final in "ABEF":
            self._move(-first if final in "AF" else first)
            self._column = 0 if final in "EF" else self._column
        elif final in "CDG":
            column = {"C": self._column + first, "D": self._column - first, "G": first - 1}[final]
            self._column = min(max(column, 0), WIDEST)
        elif final == "K":
            self._erase(given[0])
        elif final == "J":
            self._clear(given[0])
        elif final in "Hf":
            self.row, self._column = -first, max((given[1] if len(given) > 1 else 1) - 1, 0)
        elif final in "su":
            self._remember(final)

    def _remember(self, final: str) -> None:
        if final == "s":
            self._saved = (self.row, self._column)
        else:
            self.row, self._column = self._saved

    def _erase(self, which: int) -> None:
        row, column = self._rows.get(self.row, ""), self._column
        kept = {0: row[:column], 1: " " * column + row[column:]}.get(which, "")
        self._put(kept)

    def _clear(self, which: int) -> None:
        self._erase(which)
        for row in [row for row in self._rows if row > self.row >= 0 or which >= 2]:
            self._rows[row] = self._changed[row] = ""


def _whole(text: str) -> int:
    # Up to the last character that steers: what follows it may go on.
    cut = max(text.rfind("\r"), text.rfind("\n"), text.rfind("\x1b"))
    opened = text.rfind("\x1b", 0, max(cut, 0))
    if opened >= 0 and text[opened + 1] in "]PX^_" and "\x07" not in text[opened:]:
        cut = opened  # the last one is the end of a title, or not even that
    return max(cut, len(text) - LONGEST_HELD, 0)


def printable(text: str) -> str:
    """The text without anything that could steer a terminal, and without blanks at its end."""
    text = text.rstrip()
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else "\ufffd" for one in text)

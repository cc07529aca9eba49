"""Text in columns that fit the terminal.

Rule 1: no import but what Python itself has loaded: the fast command line prints with it.
Rule 2: what comes from outside is made safe first: a control character is shown as its
escape, a line break is a blank.
Rule 3: widths are terminal columns: an East Asian wide character takes two, a combining
one none.
Rule 4: columns that do not fit go, least important first; then the widest elastic one
is cut.
"""

TYPE_CHECKING = False  # importing typing, or collections.abc, would take longer than the rest
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GAP = "  "

_TO_ASCII = str.maketrans(
    {
        **dict.fromkeys("─–—", "-"),
        **dict.fromkeys("█▉▓", "#"),
        **dict.fromkeys("•✗", "*"),
        "━": "=",
        "│": "|",
        "▏": "|",
        "·": "-",
        "…": "...",
        "░": ".",
        "▒": ":",
        "×": "x",
        "≈": "~",
        "✓": "+",
        "→": "->",
        "’": "'",
        "\u00a0": " ",
    }
)


class Column:
    """One column of a table.

    `keep`: those with a lower number go first where the width does not do; `elastic`: to
    how many terminal columns it may be cut, 0: never; `right`: aligned to the right.
    """

    __slots__ = ("elastic", "keep", "right", "title")

    def __init__(self, title: str, *, keep: int = 9, elastic: int = 0, right: bool = False) -> None:
        self.title = title
        self.keep = keep
        self.elastic = elastic
        self.right = right


def safe(text: str) -> str:
    """The text on one line, with nothing in it that a terminal would obey."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else _shown(one) for one in text)


def as_ascii(text: str) -> str:
    """The text in ASCII: what we draw by its nearest sign, the rest as escapes."""
    if text.isascii():
        return text
    return text.translate(_TO_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def columns_of(text: str) -> int:
    """How many terminal columns the text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(one) else 2 if east_asian_width(one) in "WF" else 1 for one in text)


def cut(text: str, width: int) -> str:
    """The text in at most `width` columns; "…" says that something is missing."""
    if columns_of(text) <= width:
        return text
    if width < 1:
        return ""
    kept = text[: width - 1]
    while columns_of(kept) > width - 1:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


def padded(text: str, width: int, *, right: bool = False) -> str:
    """The text cut or filled to exactly `width` columns."""
    shown = cut(text, width)
    blank = " " * (width - columns_of(shown))
    return blank + shown if right else shown + blank


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns, broken at blanks where it can be."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if columns_of(longer) <= width:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        while columns_of(word) > width > 1:
            piece = cut(word, width)[:-1]
            piece = piece or word[:1]
            lines[-1] = piece
            lines.append("")
            word = word[len(piece) :]
        lines[-1] = word
    return lines


def table(
    columns: "Sequence[Column]",
    rows: "Iterable[Sequence[str]]",
    *,
    width: int,
    plain: bool = False,
) -> str:
    """The rows under their titles, one line each, with a line end after each."""
    made = [[_cell(one, plain=plain) for one in row] for row in rows]
    titles = [one.title for one in columns]
    sizes = [max(map(columns_of, cells)) for cells in zip(titles, *made, strict=True)]
    shown = _shown_columns(columns, sizes, width)
    _shrink(columns, shown, sizes, width)
    lines = [_line(columns, shown, sizes, cells, plain=plain) for cells in (titles, *made)]
    return "".join(f"{line}\n" for line in lines)


def _cell(text: str, *, plain: bool) -> str:
    shown = safe(text)
    return as_ascii(shown) if plain else shown


def _shown_columns(columns: "Sequence[Column]", sizes: list[int], width: int) -> list[int]:
    shown = list(range(len(columns)))
    while len(shown) > 1 and _least(columns, shown, sizes) > width:
        shown.remove(min(shown, key=lambda n: (columns[n].keep, -n)))
    return shown


def _least(columns: "Sequence[Column]", shown: list[int], sizes: list[int]) -> int:
    least = [min(sizes[n], columns[n].elastic or sizes[n]) for n in shown]
    return sum(least) + len(GAP) * (len(shown) - 1)


def _shrink(columns: "Sequence[Column]", shown: list[int], sizes: list[int], width: int) -> None:
    over = sum(sizes[n] for n in shown) + len(GAP) * (len(shown) - 1) - width
    while over > 0:
        roomy = [n for n in shown if columns[n].elastic and sizes[n] > columns[n].elastic]
        widest = max(roomy or shown, key=lambda n: sizes[n])
        if sizes[widest] <= 1:
            return
        sizes[widest] -= 1
        over -= 1


def _line(
    columns: "Sequence[Column]",
    shown: list[int],
    sizes: list[int],
    cells: "Sequence[str]",
    *,
    plain: bool,
) -> str:
    made = [padded(cells[n], sizes[n], right=columns[n].right) for n in shown]
    line = GAP.join(made).rstrip()
    return line.replace("…", "~") if plain else line


def _shown(character: str) -> str:
    if character.isspace():
        return " "
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"

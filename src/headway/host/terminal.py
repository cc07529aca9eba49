"""What the terminal can do: width, colour, characters.

Rule 1: colour is off unless somebody looks: NO_COLOR and TERM=dumb forbid it,
FORCE_COLOR demands it (FORCE_COLOR wins over both, as its users expect).
Rule 2: a console that cannot print a line-drawing character gets ASCII.
"""

import os
import sys

TYPE_CHECKING = False  # importing typing, or collections.abc, would take longer than the rest
if TYPE_CHECKING:
    from collections.abc import Mapping

NARROWEST = 20  # columns; below that lines are cut by the terminal itself
USUAL = 80  # columns, where nobody says
WIDEST = 200  # columns; longer lines are no easier to read
DRAWN = "─•…–█·✓✗↻○"  # what we draw with


class Terminal:
    """How to write for one output stream. `plain`: in ASCII only."""

    __slots__ = ("colour", "plain", "tty", "width")

    def __init__(
        self, *, width: int = USUAL, tty: bool = False, colour: bool = False, plain: bool = False
    ) -> None:
        self.width = width
        self.tty = tty
        self.colour = colour
        self.plain = plain


def terminal(
    stream: object = None, *, env: "Mapping[str, str]" = os.environ, platform: str = sys.platform
) -> Terminal:
    """The terminal behind `stream` (stdout by default)."""
    out = sys.stdout if stream is None else stream
    tty = is_tty(out)
    return Terminal(
        width=width(out, env=env),
        tty=tty,
        colour=colour(tty=tty, env=env) and _takes_escapes(platform),
        plain=ascii_only(getattr(out, "encoding", None)),
    )


def is_tty(stream: object) -> bool:
    """Whether somebody looks at it."""
    try:
        return bool(stream.isatty())  # type: ignore[attr-defined]
    except (AttributeError, ValueError):
        return False


def width(stream: object, *, env: "Mapping[str, str]" = os.environ) -> int:
    """Columns to write: COLUMNS, else the terminal's, else USUAL."""
    given = env.get("COLUMNS", "")
    if given.isdigit() and int(given):
        return min(max(int(given), NARROWEST), WIDEST)
    try:
        columns = os.get_terminal_size(stream.fileno()).columns  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        columns = 0
    return min(max(columns, NARROWEST), WIDEST) if columns else USUAL


def colour(*, tty: bool, env: "Mapping[str, str]" = os.environ) -> bool:
    """Whether to colour, by Rule 1 (no-color.org, force-color.org)."""
    forced = env.get("FORCE_COLOR", "")
    if forced:
        return forced not in ("0", "false")
    return tty and not env.get("NO_COLOR") and env.get("TERM") != "dumb"


def ascii_only(encoding: str | None) -> bool:
    """Whether the encoding lacks a character that we draw with."""
    if (encoding or "").lower().replace("-", "") == "utf8":
        return False
    try:
        DRAWN.encode(encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return True
    return False


def _takes_escapes(platform: str) -> bool:
    # Consoles of Windows 10 and later take escape sequences once asked to; starting a
    # shell asks them.
    if platform == "win32":
        os.system("")
    return True

"""How the work's own words and errors are told.

Rule 1: nothing here raises, whatever it is given: errors and names may be of any kind.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from headway.model.words import Outcome


def fate_of(error: BaseException) -> Outcome:
    """How a job ends whose block this error left."""
    if isinstance(error, SystemExit):
        # "All is well" is said of the program, not of a job that it left in the middle.
        return "failed" if error.code else "unknown"
    return next((fate for name, fate in _FATES if name in _names(error)), "failed")


_FATES: tuple[tuple[str, Outcome], ...] = (
    ("builtins.KeyboardInterrupt", "cancelled"),
    ("asyncio.exceptions.CancelledError", "cancelled"),
    ("trio.Cancelled", "cancelled"),
    ("builtins.GeneratorExit", "unknown"),
)


def _names(error: BaseException) -> set[str]:
    return {f"{one.__module__}.{one.__qualname__}" for one in type(error).__mro__}


def said_of(error: BaseException) -> str:
    """The error in words, in one line."""
    try:
        said = str(error)
    except Exception:  # a __str__ of the user's own
        said = ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def traceback_of(error: BaseException) -> str:
    """Where it came from; "" for a wish to stop."""
    if isinstance(error, KeyboardInterrupt | GeneratorExit | SystemExit):
        return ""
    import traceback

    try:
        return "".join(traceback.format_exception(error))
    except Exception:  # the user's own errors may not like to be shown
        return ""


def words(value: object) -> str:
    """The value as text that can be shown in one line."""
    try:
        said = str(value)
    except Exception:  # a __str__ of the user's own
        said = type(value).__name__
    if said.isprintable():
        return said
    return "".join([one if one.isprintable() else " " if one in "\n\r\t" else "�" for one in said])


def path_of(path: str | os.PathLike[str]) -> str:
    """The path as text."""
    try:
        return os.fsdecode(path)
    except (TypeError, ValueError):
        return words(path)


def is_there(path: str) -> bool:
    """Whether the file is there and can be read."""
    try:
        return os.access(path, os.R_OK)
    except (OSError, ValueError):
        return False

"""Colour, where somebody looks and wants it.

Rule 1: a colour repeats what a word beside it says.
Rule 2: it is put on after the text was fitted, so that it takes no columns.
"""

_CODES = {
    "title": "1",
    "dim": "2",
    "good": "32",
    "busy": "36",
    "wait": "33",
    "bad": "31",
    "": "",
}
MANNER = {
    "running": "busy",
    "generating": "busy",
    "starting": "busy",
    "finishing": "busy",
    "loading": "busy",
    "pending": "wait",
    "queued": "wait",
    "retrying": "wait",
    "idle": "good",
    "succeeded": "good",
    "failed": "bad",
    "lost": "bad",
    "cancelled": "dim",
    "unknown": "bad",
    "unreachable": "bad",
    "wedged": "bad",
    "unwatched": "dim",
}


def paint(text: str, manner: str, *, colour: bool) -> str:
    """The text in that manner ("title", "dim", "good", "busy", "wait", "bad")."""
    code = _CODES.get(manner, "")
    return f"\x1b[{code}m{text}\x1b[0m" if colour and code and text else text

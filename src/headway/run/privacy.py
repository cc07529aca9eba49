"""What of a command may be told: its program's name; its arguments only on request.

Rule 1: an argument is also hidden where the program prints it, and so is the value of an
    option (`--token=…`). Options themselves and very short words tell nothing, and stay.
Rule 2: an argument that is one word is hidden where it stands as a word: of `pip install`
    "Installing" may be told.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence

from headway.run.screen import printable

SHORTEST = 4  # characters of an argument that is hidden
MOST = 1_000  # arguments that are looked for
LONGEST = 80  # characters of a title
HIDDEN = "…"

Hide = Callable[[str], str]


def title_of(words: Sequence[str], *, keep_args: bool = False) -> str:
    """A short name for the command."""
    program = os.path.basename(words[0]) or words[0]
    title = " ".join([program, *words[1:]]) if keep_args else program
    return printable(title)[:LONGEST]


def hiding(words: Sequence[str]) -> Hide:
    """Hides the command's arguments in a text."""
    secrets = {secret for word in words[1 : MOST + 1] for secret in _secrets(word)}
    if not secrets:
        return lambda text: text
    # The longest first: one may be a part of another.
    listed = sorted(secrets, key=lambda one: (-len(one), one))
    found = re.compile("|".join(map(_pattern, listed)))
    return lambda text: found.sub(HIDDEN, text)


def _pattern(secret: str) -> str:
    found = re.escape(secret)
    return rf"(?<![^\W\d_]){found}(?![^\W\d_])" if secret.isalpha() else found


def _secrets(word: str) -> list[str]:
    word = printable(word)
    value = word.partition("=")[2] if word.startswith("-") else word
    parts = [value, os.path.basename(value.rstrip("/"))]
    return [part for part in parts if len(part) >= SHORTEST]

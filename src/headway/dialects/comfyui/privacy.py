"""What is taken out of foreign words before anybody else sees them.

Rule 1: an error is kept without any text that its submitter typed in: every input text
    longer than three characters is replaced, in the message and in the traceback, and so
    is every longer word of a text that has several.
Rule 2: where the inputs are not known, so that they cannot be taken out, only the
    error's class is kept.
Rule 3: of who submitted, a digest is kept, which tells two clients apart and no more.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Any

from headway.dialects.comfyui.wire import listed, mapping, text

SHORTEST_SECRET = 4  # characters; shorter texts would tear ordinary words apart
MOST_SECRETS = 5_000
SHORTEST_WORD = 6  # characters; single words of a prompt that are taken out as well
REMOVED = "[…]"

_WORD = re.compile(r"[^\W\d_]+")
_PATH = re.compile(r"(?:[A-Za-z]:)?[/\\](?:[^\s\"'/\\]+[/\\])+")
_CLASS = re.compile(r"[A-Za-z_][\w.]{0,120}\Z")


class Secrets:
    """The input texts of one graph, ready to be taken out of words."""

    def __init__(self, texts: Iterable[str]) -> None:
        found = {form for said in texts for form in _forms(said)}
        self._texts = sorted(found, key=lambda one: (-len(one), one))[:MOST_SECRETS]
        words = sorted({word for said in found for word in _words(said)})[:MOST_SECRETS]
        self._words = (
            re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b", re.I) if words else None
        )

    def scrub(self, words: str) -> str:
        """The words without any of the texts, nor a longer word of any of them."""
        for said in self._texts:
            if said in words:
                words = words.replace(said, REMOVED)
        return self._words.sub(REMOVED, words) if self._words else words


def secrets_of(raw_graph: Any, current_inputs: Any = None) -> Secrets | None:
    """The secrets of a graph and of the inputs that a node had; None if it is no graph."""
    if not isinstance(raw_graph, dict) or not raw_graph:
        return None
    nodes = [mapping(mapping(node).get("inputs")) for node in raw_graph.values()]
    return Secrets(_texts([*nodes, mapping(current_inputs)]))


def without_folders(words: str) -> str:
    """The words with each path cut down to its file's name."""
    return _PATH.sub("", words)


def error_class(value: Any) -> str:
    """The name of an error's class; "error" if it is no such name."""
    named = text(value)
    return named if _CLASS.match(named) else "error"


def submitter(client_id: Any) -> str:
    """A short digest of the submitting client's id; "" if it gave none."""
    if not isinstance(client_id, str) or not client_id:
        return ""
    return hashlib.blake2b(client_id.encode("utf-8", "replace"), digest_size=5).hexdigest()


def _texts(values: list[Any]) -> Iterator[str]:
    ahead: list[Any] = list(values)
    for _ in range(MOST_SECRETS * 20):
        if not ahead:
            return
        value = ahead.pop()
        if isinstance(value, str):
            if len(value) >= SHORTEST_SECRET:
                yield value
        elif isinstance(value, dict):
            ahead += value.values()
        else:
            ahead += listed(value)


def _forms(said: str) -> Iterator[str]:
    clean = text(said, limit=len(said))
    lines = [line.strip() for line in clean.splitlines()]
    for form in (clean, clean.strip(), repr(clean)[1:-1], *lines):
        if len(form) >= SHORTEST_SECRET:
            yield form


def _words(said: str) -> Iterator[str]:
    words = _WORD.findall(said)
    if len(words) > 1:
        yield from (word.lower() for word in words if len(word) >= SHORTEST_WORD)

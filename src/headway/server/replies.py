"""Answers remembered by Idempotency-Key, so that a batch sent twice is stored once.

Rule 1: only what was done is remembered; a refusal may be tried again with the key.
Rule 2: at the bound the oldest is forgotten: sending it again then is harmless, because
an edge heard twice is no news.
"""

from __future__ import annotations

import hashlib
from typing import Literal

Verdict = Literal["new", "done", "under way", "other"]


class Replies:
    """What was answered to which key, for each sender apart."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._done: dict[tuple[str, str], tuple[bytes, bytes]] = {}
        self._under_way: set[tuple[str, str]] = set()

    def begin(self, sender: str, key: str, body: bytes) -> tuple[Verdict, bytes]:
        """Whether to do it, and the answer if it was done. After "new" call `end`."""
        mark = (sender, key)
        if mark in self._under_way:
            return "under way", b""
        known = self._done.get(mark)
        if known is None:
            self._under_way.add(mark)
            return "new", b""
        self._done[mark] = self._done.pop(mark)  # the oldest is the one not asked for longest
        return ("done", known[1]) if known[0] == _digest(body) else ("other", b"")

    def end(self, sender: str, key: str, body: bytes, answer: bytes | None) -> None:
        """It was done with that answer, or (None) it was not."""
        mark = (sender, key)
        self._under_way.discard(mark)
        if answer is None:
            return
        self._done[mark] = (_digest(body), answer)
        if len(self._done) > self._limit:
            del self._done[next(iter(self._done))]


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=16).digest()

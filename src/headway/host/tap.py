"""What passes a command's output on, and what hears it: the two sides' words for each other.

Values of types only: nothing imports this file while it runs.
"""

from __future__ import annotations

from typing import Protocol


class Tap(Protocol):
    """What hears the output. Called from the thread that passes it on; must be quick."""

    def heard(self, stream: int, data: bytes) -> None:
        """These bytes went to stream 1 (output) or 2 (errors, where they go elsewhere)."""
        ...

    def tick(self) -> None:
        """A moment to think: some times a second while something is printed, else seldom."""
        ...


class Running(Protocol):
    """A command under way."""

    pid: int

    @property
    def asked(self) -> bool:
        """Whether somebody asked it to stop a moment ago (Ctrl-C, a signal)."""
        ...

    def passed(self, tap: Tap) -> int:
        """Pass everything through until the command ends; its exit code, 128+n for signal n.

        Call it once, from the main thread.
        """
        ...

"""What could not be delivered yet, on this machine's disk.

Rule 1: `keep` returns when an edge is on disk (synced); a level may be lost with power.
Rule 2: at the bound (`LARGEST`) levels are left out, because the next one says it anew;
an edge is refused with a StoreError, and its sender knows.
Rule 3: one file for each process; what a dead process left is taken over by the next
sender to the same server.
Rule 4: a line cut by a crash is left out; everything before it was acknowledged.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

import msgspec

from headway.errors import StoreError
from headway.host.paths import make_private
from headway.host.process import exists
from headway.model.events import EDGES, AnyEvent

LARGEST = 16_777_216  # bytes of one process's file
SUFFIX = ".outbox"

_encode = msgspec.json.Encoder().encode


class Outbox:
    """Events for one server, in the order in which they were kept."""

    def __init__(self, directory: str, url: str, *, largest: int = LARGEST) -> None:
        self._directory = make_private(directory)
        self._server = hashlib.blake2b(url.encode(), digest_size=8).hexdigest()
        self._path = os.path.join(directory, f"{self._server}.{os.getpid()}{SUFFIX}")
        self._largest = largest
        self._take_over()

    def __bool__(self) -> bool:
        return self._size() > 0

    def keep(self, events: Sequence[AnyEvent]) -> None:
        """Put the events on disk. Raises: StoreError if an edge has no room or no disk."""
        full = self._size() >= self._largest
        if full and any(type(event) in EDGES for event in events):
            raise StoreError(f"the outbox is full: {self._path}", "is HEADWAY_URL right?")
        if full:
            return
        lines = b"".join(_encode(event) + b"\n" for event in events)
        self._append(lines, sync=any(type(event) in EDGES for event in events))

    def waiting(self) -> list[bytes]:
        """The kept events, encoded, oldest first."""
        try:
            with open(self._path, "rb") as file:
                lines = file.read().split(b"\n")
        except FileNotFoundError:
            return []
        return [line for line in lines if _whole(line)]

    def delivered(self, n: int) -> None:
        """Forget the first `n` of `waiting`: they are stored where they belong."""
        rest = self.waiting()[n:]
        if not rest:
            self._remove(self._path)
            return
        partial = f"{self._path}.part"
        with open(partial, "wb", opener=_private) as file:
            file.write(b"\n".join(rest) + b"\n")
        os.replace(partial, self._path)

    def _size(self) -> int:
        try:
            return os.path.getsize(self._path)
        except OSError:
            return 0

    def _append(self, lines: bytes, *, sync: bool) -> None:
        try:
            with open(self._path, "ab", opener=_private) as file:
                file.write(lines)
                file.flush()
                if sync:
                    os.fsync(file.fileno())
        except OSError as error:
            raise StoreError(f"cannot write {self._path}: {error.strerror}") from error

    def _take_over(self) -> None:
        for name in sorted(os.listdir(self._directory)):
            server, _, rest = name.partition(".")
            pid, dot, suffix = rest.partition(".")
            ours = server == self._server and dot + suffix == SUFFIX and pid.isdigit()
            if not ours or int(pid) == os.getpid() or exists(int(pid)):
                continue
            self._adopt(os.path.join(self._directory, name))

    def _adopt(self, path: str) -> None:
        taken = f"{path}.{os.getpid()}"
        try:
            os.replace(path, taken)  # whoever renames it first has it
            with open(taken, "rb") as file:
                lines = [line for line in file.read().split(b"\n") if _whole(line)]
        except OSError:
            return
        if lines:
            self._append(b"\n".join(lines) + b"\n", sync=True)
        self._remove(taken)

    def _remove(self, path: str) -> None:
        try:
            os.unlink(path)
        except FileNotFoundError:
            return


def _whole(line: bytes) -> bool:
    return line.startswith(b"{") and line.endswith(b"}")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)

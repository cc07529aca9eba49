"""What processes had still to say when they were killed.

A pool ends its workers with a signal as soon as it has their results. Such a worker writes
each edge down before its thread sends it (`headway.progress.journal`); what was delivered
is taken out again. So does a process that ends while nobody takes what it has to say.

Rule 1: one file a process, named after it and the server that it reports to; each line is
one event, as on the wire.
Rule 2: only what a dead process left is read. Whoever stored it takes the file away; two that
do it at once say the same thing twice, which is no news.
Rule 3: a line cut by the death, or one that is no event, is left out.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from headway.errors import UsageError
from headway.fold.admit import admit
from headway.host import paths
from headway.host.process import Identity, alive, identity
from headway.model.events import AnyEvent

SUFFIX = ".said"
LARGEST = 16_777_216  # bytes of one file that are read
FOLDER = "outbox"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(AnyEvent).decode


class Left(NamedTuple):
    """What was found: the events, and the files to take away once these are stored."""

    events: list[AnyEvent]
    files: list[str]

    def forget(self) -> None:
        """The events are stored."""
        for path in self.files:
            try:
                os.unlink(path)
            except OSError:
                continue


def leave(directory: str, url: str, events: Sequence[AnyEvent]) -> None:
    """Write down what this process cannot send any more. Raises: OSError."""
    here = identity()
    paths.make_private(directory)
    path = os.path.join(directory, f"{mark_of(url)}.{here.pid}.{here.started}{SUFFIX}")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, b"".join(_encode(event) + b"\n" for event in events))
    finally:
        os.close(handle)


def folder(env: Mapping[str, str] | None = None) -> str:
    """Where the files lie."""
    return folder_in(paths.state_dir(env=os.environ if env is None else env))


def folder_in(state_dir: str) -> str:
    """Where the files lie in that state directory."""
    return os.path.join(state_dir, FOLDER)


def mark_of(url: str) -> str:
    """The part of a file's name that stands for the server; "" is the one of this machine."""
    return hashlib.blake2b(url.encode(), digest_size=8).hexdigest()


def left(directory: str, url: str, now: float) -> Left:
    """What dead processes of this machine had to say to that server."""
    found = Left([], [])
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return found
    for name in names:
        if name.startswith(f"{mark_of(url)}.") and name.endswith(SUFFIX) and _is_dead(name):
            path = os.path.join(directory, name)
            found.events.extend(_read(path, now))
            found.files.append(path)
    return found


def _is_dead(name: str) -> bool:
    # mark.pid.start.said
    _, _, rest = name.removesuffix(SUFFIX).partition(".")
    pid, _, started = rest.partition(".")
    if not (pid.isascii() and pid.isdigit() and len(pid) <= 10):
        return False
    return alive(Identity(pid=int(pid), started=started)) is False


def _read(path: str, now: float) -> list[AnyEvent]:
    try:
        with open(path, "rb") as file:
            lines = file.read(LARGEST).split(b"\n")[:-1]
    except OSError:
        return []
    return [event for line in lines if (event := _event(line, now)) is not None]


def _event(line: bytes, now: float) -> AnyEvent | None:
    try:
        return admit(_decode(line), now)
    except (msgspec.DecodeError, UnicodeDecodeError, UsageError):
        return None

"""The run file: where a running server can be found, and the user's token for it.

Rule 1: readable by its user alone, replaced at once, one `name value` a line.
Rule 2: reading it takes no module beyond `os`: the fast command line starts here.
Rule 3: a run file of a dead process is stale: it is nobody's, and may be replaced.
Rule 4: a server removes only the file that it wrote itself.
"""

import os

from headway.host.paths import write_private

FIELDS = ("url", "host", "port", "pid", "started", "token", "epoch", "offset", "version")
LONGEST = 16_384  # bytes; anything longer is not a run file


class RunFile:
    """What a server says about itself.

    `host` is the address to connect to, `started` the start of process `pid` as
    `headway.host.process` tells it; `epoch` and `offset` are how far its store was.
    """

    __slots__ = FIELDS

    def __init__(
        self,
        *,
        url: str,
        host: str,
        port: int,
        pid: int,
        token: str = "",
        started: str = "",
        epoch: str = "",
        offset: int = 0,
        version: str = "",
    ) -> None:
        self.url = url
        self.host = host
        self.port = port
        self.pid = pid
        self.token = token
        self.started = started
        self.epoch = epoch
        self.offset = offset
        self.version = version

    def __repr__(self) -> str:
        return f"RunFile(url={self.url!r}, pid={self.pid})"  # never the token

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RunFile):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in FIELDS)

    __hash__ = None  # type: ignore[assignment]


def write(path: str, run: RunFile) -> None:
    """Put the run file in place, for the user alone."""
    lines = [f"{name} {getattr(run, name)}\n" for name in FIELDS]
    write_private(path, "".join(lines))


def read(path: str) -> RunFile | None:
    """The run file as it lies there; None if there is none or it cannot be understood."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        text = os.read(handle, LONGEST).decode("utf-8", "replace")
    except OSError:
        return None
    finally:
        os.close(handle)
    return _parsed(text)


def live(path: str) -> RunFile | None:
    """The run file of a server that is alive as far as this machine can tell."""
    from headway.host.process import Identity, alive

    run = read(path)
    if run is None or alive(Identity(pid=run.pid, started=run.started)) is False:
        return None
    return run


def remove(path: str, own: RunFile) -> bool:
    """Take the file away if it is `own`; True if it was."""
    there = read(path)
    if there is None or (there.pid, there.token) != (own.pid, own.token):
        return False
    try:
        os.unlink(path)
    except OSError:
        return False
    return True


def _parsed(text: str) -> RunFile | None:
    said = dict(line.partition(" ")[::2] for line in text.splitlines())
    try:
        return RunFile(
            url=said["url"],
            host=said["host"],
            port=int(said["port"]),
            pid=int(said["pid"]),
            token=said.get("token", ""),
            started=said.get("started", ""),
            epoch=said.get("epoch", ""),
            offset=int(said.get("offset") or 0),
            version=said.get("version", ""),
        )
    except (KeyError, ValueError):
        return None

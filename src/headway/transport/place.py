"""Where the server is: the environment's, else the one that runs on this machine.

Rule 1: HEADWAY_URL and HEADWAY_TOKEN win over the run file.
Rule 2: the run file's token goes to the run file's server and to no other.
"""

import os
from collections.abc import Mapping

from headway.host import paths, runfile

URL = "HEADWAY_URL"
TOKEN = "HEADWAY_TOKEN"


class Place:
    """A server. `remote`: it was named, so that its absence does not mean "none runs"."""

    __slots__ = ("remote", "token", "url")

    def __init__(self, url: str, token: str = "", *, remote: bool = False) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self.remote = remote

    def __repr__(self) -> str:
        return f"Place({self.url!r}, remote={self.remote})"  # never the token

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Place):
            return NotImplemented
        return (self.url, self.token, self.remote) == (other.url, other.token, other.remote)

    __hash__ = None  # type: ignore[assignment]


def find(env: Mapping[str, str] | None = None) -> Place | None:
    """The server to talk to; None if none is named and none runs here."""
    known = os.environ if env is None else env
    named = known.get(URL, "")
    if named:
        return Place(named, known.get(TOKEN, ""), remote=True)
    run = runfile.live(paths.run_file(paths.state_dir(env=known)))
    if run is None:
        return None
    name = f"[{run.host}]" if ":" in run.host else run.host
    return Place(f"http://{name}:{run.port}", run.token)

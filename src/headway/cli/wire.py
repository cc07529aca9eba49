"""One question to a running server, with as little as it takes.

Rule 1: no import beyond the socket itself: `headway status` starts here.
Rule 2: the token goes into a header, never into an argument or a log.
Rule 3: HTTP/1.0, so that an answer is never chunked and ends where the connection does.
"""

import _socket
import os

from headway.host import paths
from headway.host.runfile import RunFile, read

URL = "HEADWAY_URL"
TOKEN = "HEADWAY_TOKEN"
PORT = 8329
PATIENCE = 5.0  # seconds for each part of an answer
LARGEST_HEAD = 65_536  # bytes
PIECE = 262_144  # bytes read at once


class Answer:
    """What the server said. `body` is bytes as they came."""

    __slots__ = ("body", "status")

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.body = body


def server() -> RunFile | None:
    """The server to ask: HEADWAY_URL, else the one of this machine; None if there is none.

    That a run file lies there does not yet mean that somebody answers.
    """
    given = os.environ.get(URL, "")
    if given:
        return named(given, token=os.environ.get(TOKEN, ""))
    return read(paths.run_file(paths.state_dir()))


def is_named() -> bool:
    """Whether a server was named: then it is asked, and no other."""
    return bool(os.environ.get(URL))


def named(url: str, *, token: str) -> RunFile | None:
    """The server at a plain http URL; None if the URL is not one."""
    scheme, _, rest = url.partition("://")
    place = rest.partition("/")[0]
    if scheme != "http" or not place or "@" in place:
        return None
    host, _, port = place.rpartition(":") if not place.endswith("]") else (place, "", "")
    if not host and port:
        host, port = port, ""
    number = int(port) if port.isdigit() else PORT
    return RunFile(url=url, host=host.strip("[]"), port=number, pid=0, token=token)


def ask(run: RunFile, target: str, *, accept: str = "application/json") -> Answer:
    """GET `target` from the server. Raises: OSError if it cannot be reached or does not answer."""
    link = connect(run)
    try:
        link.sendall(request(run, target, accept=accept))
        return _answer(link)
    finally:
        link.close()


def connect(run: RunFile) -> _socket.socket:
    """A connection to the server. Raises: OSError."""
    family = _socket.AF_INET6 if ":" in run.host else _socket.AF_INET
    link = _socket.socket(family, _socket.SOCK_STREAM)
    link.settimeout(PATIENCE)
    try:
        link.connect((run.host, run.port))
    except BaseException:
        link.close()
        raise
    return link


def answers(run: RunFile) -> bool:
    """Whether anybody listens there."""
    try:
        connect(run).close()
    except OSError:
        return False
    return True


def request(run: RunFile, target: str, *, accept: str) -> bytes:
    """The request as it goes out."""
    host = f"[{run.host}]" if ":" in run.host else run.host
    lines = [f"GET {target} HTTP/1.0", f"Host: {host}:{run.port}", f"Accept: {accept}"]
    if run.token:
        lines.append(f"Authorization: Bearer {run.token}")
    return "\r\n".join([*lines, "", ""]).encode()


def head_of(data: bytes) -> tuple[int, int | None]:
    """The status and the length of the body that a head announces; None: until the end.

    Raises: OSError if it is no HTTP.
    """
    first, *lines = data.split(b"\r\n")
    parts = first.split(None, 2)
    if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or not parts[1].isdigit():
        raise OSError("it does not speak HTTP")
    for line in lines:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(parts[1]), int(value)
    return int(parts[1]), None


def _answer(link: _socket.socket) -> Answer:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = link.recv(PIECE)
        if not piece or len(data) > LARGEST_HEAD:
            raise OSError("it closed the connection without an answer")
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    status, length = head_of(head)
    pieces, got = [body], len(body)
    while length is None or got < length:
        piece = link.recv(PIECE)
        if not piece:
            break
        pieces.append(piece)
        got += len(piece)
    if length is not None and got < length:
        raise OSError("the answer broke off")
    return Answer(status, b"".join(pieces))

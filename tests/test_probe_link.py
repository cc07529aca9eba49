"""What may answer to one plain question, and what is made of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from headway.probe.link import Answer, Gone, Link

PATIENCE = 30.0  # seconds; what says nothing at all gets less


@contextmanager
def answering(said: bytes) -> Iterator[str]:
    """Somebody who takes one question, says that, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def answer() -> None:
            link, _ = door.accept()
            with link:
                link.recv(65_536)
                link.sendall(said)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        thread.join(PATIENCE)


def asked(said: bytes, *, limit: int = 1_000) -> Answer:
    with answering(said) as url:
        return Link(url, PATIENCE).ask("/x", limit=limit)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", Answer(200, b"{}")),
        (b"HTTP/1.0 502 No\r\n\r\n<html>", Answer(502, b"<html>")),
        (b"HTTP/1.1 302\r\nLocation: /Text2Image\r\n\r\n", Answer(302, b"", "/Text2Image")),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\n{}\r\n1;x\r\n \r\n0\r\n\r\n",
            Answer(200, b"{} "),
        ),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2_000, Answer(200, None)),
    ],
)
def test_an_answer_is_what_came(said: bytes, answer: Answer) -> None:
    assert asked(said) == answer


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno\r\n",
        b"x" * 200_000,
    ],
)
def test_what_is_no_answer_is_gone(said: bytes) -> None:
    with pytest.raises((Gone, OSError)):
        asked(said)

"""A server that takes events over a real socket, in a thread of its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class PostOffice:
    """Answers each post with the next of `answers`, else with 200."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, str]] = []
        self.posts: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.url = ""

    @property
    def keys(self) -> list[str]:
        return [event["key"] for _, body in self.posts for event in body["events"]]

    def take(self, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        status, text = self.answers.pop(0) if self.answers else (200, '{"stored": 1}')
        if status == 200:
            self.posts.append((headers, json.loads(body)))
        return status, text


@contextmanager
def post_office(port: int = 0) -> Iterator[PostOffice]:
    office = PostOffice()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer(*(office.answers.pop(0) if office.answers else (404, "{}")))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, text = office.take(dict(self.headers), body)
            if status == 0:
                self.close_connection = True
                return
            self.answer(status, text)

        def answer(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = False
        block_on_close = False

    server = Server(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    office.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield office
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

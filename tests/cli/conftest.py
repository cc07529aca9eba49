"""A server of a few canned answers, and an empty home for each test."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from headway.cli.entry import main
from headway.host import paths, runfile
from headway.host.process import identity
from headway.model.views import AnyView, SourceView
from headway.talk.status import status_of

NOW = 1_800_000_000.0
TOKEN = "s3cret"

Run = Callable[..., tuple[int, str, str]]


class Canned(ThreadingHTTPServer):
    """Answers by path; `asked` holds what was asked, with the headers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, Any] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []

    def status(self, *views: AnyView) -> None:
        """Answer `status` with these views."""
        self.answers["/api/v1/status"] = status_of(views, now=NOW, version="0.1.0")


class _Handler(BaseHTTPRequestHandler):
    server: Canned

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        path = self.path.partition("?")[0]
        answer = self.server.answers.get(self.path, self.server.answers.get(path))
        code = 200
        if answer is None:
            problem = {"title": "Not there", "detail": "no job begins so", "hint": "look again"}
            code, answer = 404, problem
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory with nothing in it, and no settings of the machine's user."""
    config = tmp_path / "config.toml"
    config.write_text("[plane]\ndiscover = false\n")
    for name in ("HEADWAY_URL", "HEADWAY_TOKEN", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(paths.STATE_DIR, str(tmp_path / "state"))
    monkeypatch.setenv(paths.CONFIG, str(config))
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


@pytest.fixture
def canned(home: Path) -> Iterator[Canned]:
    """A running server with a run file."""
    server = Canned()
    server.status(SourceView(key="comfy", seen=True, meta={"source_kind": "comfyui"}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    port = int(server.server_address[1])
    who = identity()
    run = runfile.RunFile(
        url=f"http://127.0.0.1:{port}", host="127.0.0.1", port=port, pid=who.pid,
        started=who.started, token=TOKEN,
    )  # fmt: skip
    runfile.write(paths.run_file(paths.state_dir()), run)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def hw(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line: the exit code, stdout, stderr."""

    def run(*argv: str) -> tuple[int, str, str]:
        code = main(list(argv))
        said = capsys.readouterr()
        return code, said.out, said.err

    return run

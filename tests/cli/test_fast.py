"""The fast way: what it loads, what it asks, and when it gives way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import TOKEN, Canned, Run

from headway.cli import fast
from headway.host import paths, runfile
from headway.model.events import Ended, Registered, Started
from headway.store.sqlite import SqliteStore

TEXT = "Active Generations\nNo generations currently running\n"

STATUS_LOADS = {
    "__future__", "_socket", "headway", "headway.cli", "headway.cli.entry", "headway.cli.fast",
    "headway.cli.wire", "headway.host", "headway.host.paths", "headway.host.runfile",
    "headway.host.terminal",
}  # fmt: skip

_LOADED = """
import sys
before = set(sys.modules)
from headway.cli.entry import main
code = main(sys.argv[1:])
sys.stderr.write(" ".join(sorted(set(sys.modules) - before)))
sys.exit(code)
"""


def loaded_by(*argv: str) -> tuple[str, set[str]]:
    """What a fresh interpreter prints for a command, and the modules that it had to load."""
    src = str(Path(fast.__file__).parents[2])
    env = {**os.environ, "PYTHONPATH": src}
    done = subprocess.run(
        [sys.executable, "-c", _LOADED, *argv],
        capture_output=True, env=env, check=True, encoding="utf-8",
    )  # fmt: skip
    return done.stdout, set(done.stderr.split())


def test_status_with_a_server_loads_next_to_nothing(canned: Canned) -> None:
    canned.answers["/api/v1/status"] = TEXT.encode()

    out, modules = loaded_by("status")

    assert out == TEXT
    assert modules <= STATUS_LOADS


def test_status_asks_for_text_of_this_width_with_the_users_token(canned: Canned, hw: Run) -> None:
    canned.answers["/api/v1/status"] = TEXT.encode()

    assert hw("status") == (0, TEXT, "")

    (path, headers), *_ = canned.asked
    assert path.startswith("/api/v1/status?width=80")
    assert headers["Accept"] == "text/plain"
    assert headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("flags", "accept"),
    [
        (("--format", "json"), "application/json"),
        (("--format=yaml",), "application/yaml"),
        (("-v",), "text/plain"),
    ],
)
def test_the_format_is_the_servers_to_make(
    canned: Canned, hw: Run, flags: tuple[str, ...], accept: str
) -> None:
    assert hw("status", *flags)[0] == 0

    assert canned.asked[-1][1]["Accept"] == accept
    assert ("verbose=true" in canned.asked[-1][0]) is ("-v" in flags)


def test_a_run_file_without_a_server_is_no_server(home: Path) -> None:
    run = runfile.RunFile(url="http://127.0.0.1:1", host="127.0.0.1", port=1, pid=os.getpid())
    runfile.write(paths.run_file(paths.state_dir()), run)

    assert fast.run(["status"]) is None


def test_what_the_fast_way_does_not_know_it_leaves_alone(canned: Canned) -> None:
    for argv in (
        [],
        ["status", "--exit-code"],
        ["status", "--format"],
        ["jobs", "--active"],
        ["x"],
    ):
        assert fast.run(argv) is None
    assert canned.asked == []


def test_a_server_that_answers_anything_but_yes_is_left_to_the_full_way(canned: Canned) -> None:
    canned.answers.clear()

    assert fast.run(["status"]) is None


def test_a_server_that_speaks_no_http_is_left_to_the_full_way(canned: Canned) -> None:
    canned.answers["/api/v1/status"] = TEXT.encode()
    canned.RequestHandlerClass.protocol_version = "NOPE/1"
    try:
        assert fast.run(["status"]) is None
    finally:
        canned.RequestHandlerClass.protocol_version = "HTTP/1.0"


def test_a_named_server_is_asked_and_no_other(
    canned: Canned, hw: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWAY_URL", "http://127.0.0.1:1")

    code, out, err = hw("status")

    assert (code, out) == (3, "")
    assert "http://127.0.0.1:1 does not answer" in err
    assert canned.asked == []


SQLITE_LOADS = {
    "_collections", "_functools", "_operator", "_sqlite3", "collections", "functools",
    "itertools", "keyword", "operator", "reprlib", "types",
}  # fmt: skip
JOBS_LOAD = STATUS_LOADS | SQLITE_LOADS | {
    "headway.errors", "headway.render", "headway.render.jobs", "headway.render.table",
    "headway.render.times", "headway.store", "headway.store.glance", "unicodedata",
}  # fmt: skip


def stored(directory: str) -> None:
    """A store with one job that is over and one that was last seen running."""
    store = SqliteStore.open(paths.store_file(paths.make_private(directory)))
    store.append(
        [
            Registered(key="comfy~first~1", at=1e9, meta={"title": "portrait"}),
            Started(key="comfy~first~1", at=1e9),
            Ended(key="comfy~first~1", at=1e9 + 5, outcome="succeeded"),
            Started(key="comfy~second~1", at=1e9 + 6),
        ]
    )
    store.close()


def test_jobs_without_a_server_load_next_to_nothing(home: Path) -> None:
    stored(paths.state_dir())

    out, modules = loaded_by("jobs")

    assert "portrait" in out
    assert modules <= JOBS_LOAD


def test_jobs_without_a_server_are_last_seen(home: Path, hw: Run) -> None:
    stored(paths.state_dir())

    code, out, _ = hw("jobs")

    assert code == 0
    assert "last running" in out
    assert "succeeded" in out
    assert "last running" in hw("jobs", "--active")[1]
    assert "last running" in hw("job", "second")[1]


def test_a_store_that_cannot_be_read_is_told(home: Path, hw: Run) -> None:
    Path(paths.make_private(paths.state_dir()), paths.STORE_FILE).write_bytes(b"x" * 5000)

    code, out, err = hw("jobs")

    assert (code, out) == (4, "")
    assert "headway.db" in err

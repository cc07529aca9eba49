"""The run file: found by everybody of its user, believed only while its server lives."""

import os
from pathlib import Path

import pytest

from headway.host import runfile
from headway.host.process import identity
from headway.host.runfile import RunFile


def made(**changes: object) -> RunFile:
    facts: dict[str, object] = {
        "url": "http://localhost:8329",
        "host": "127.0.0.1",
        "port": 8329,
        "pid": os.getpid(),
        "started": identity().started,
        "token": "s3cret",
        "epoch": "e1",
        "offset": 12,
        "version": "0.1.0",
    }
    return RunFile(**(facts | changes))  # type: ignore[arg-type]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = str(tmp_path / "server.run")

    runfile.write(path, made())

    assert runfile.read(path) == made()


def test_empty_fields_survive(tmp_path: Path) -> None:
    path = str(tmp_path / "server.run")
    bare = made(token="", epoch="", offset=0, version="", started="")

    runfile.write(path, bare)

    assert runfile.read(path) == bare


@pytest.mark.parametrize("text", ["", "nonsense", "url x\nport y\n", "\x00\xff", "port 1\n" * 9])
def test_what_is_no_run_file_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "server.run"
    path.write_text(text, encoding="utf-8")

    assert runfile.read(str(path)) is None


def test_where_there_is_no_file_there_is_no_server(tmp_path: Path) -> None:
    assert runfile.read(str(tmp_path / "server.run")) is None
    assert runfile.live(str(tmp_path / "server.run")) is None
    assert runfile.read(str(tmp_path)) is None


def test_the_run_file_of_a_living_process_is_live(tmp_path: Path) -> None:
    path = str(tmp_path / "server.run")
    runfile.write(path, made())

    assert runfile.live(path) == made()


def test_the_run_file_of_a_process_that_took_the_number_later_is_stale(tmp_path: Path) -> None:
    path = str(tmp_path / "server.run")
    runfile.write(path, made(started="1"))

    assert runfile.live(path) is None


def test_a_server_removes_only_its_own_file(tmp_path: Path) -> None:
    path = str(tmp_path / "server.run")
    runfile.write(path, made(token="of another"))

    assert not runfile.remove(path, made())
    assert runfile.remove(path, made(token="of another"))
    assert not runfile.remove(path, made(token="of another"))


def test_the_token_is_not_in_its_repr() -> None:
    assert "s3cret" not in repr(made())

from __future__ import annotations

import os
from pathlib import Path

from headway.host import paths, runfile
from headway.host.process import identity
from headway.transport.place import Place, find


def run_file(tmp_path: Path, *, host: str = "127.0.0.1", pid: int | None = None) -> dict[str, str]:
    started = identity().started if pid is None else ""
    run = runfile.RunFile(
        url="http://localhost:1",
        host=host,
        port=1,
        pid=os.getpid() if pid is None else pid,
        token="t",
        started=started,
    )
    runfile.write(paths.run_file(str(tmp_path)), run)
    return {"HEADWAY_STATE_DIR": str(tmp_path)}


def test_nobody_is_found_where_nobody_runs(tmp_path: Path) -> None:
    assert find({"HEADWAY_STATE_DIR": str(tmp_path)}) is None


def test_the_run_file_leads_to_the_server_of_this_machine(tmp_path: Path) -> None:
    assert find(run_file(tmp_path)) == Place("http://127.0.0.1:1", "t")
    assert find(run_file(tmp_path, host="::1")) == Place("http://[::1]:1", "t")


def test_the_run_file_of_a_dead_process_leads_nowhere(tmp_path: Path) -> None:
    assert find(run_file(tmp_path, pid=2**22 + 1)) is None


def test_the_environment_wins_and_never_gets_the_other_ones_token(tmp_path: Path) -> None:
    named = run_file(tmp_path) | {"HEADWAY_URL": "http://farm:8329/"}

    assert find(named) == Place("http://farm:8329", "", remote=True)
    assert find(named | {"HEADWAY_TOKEN": "u"}) == Place("http://farm:8329", "u", remote=True)


def test_a_place_never_shows_its_token() -> None:
    assert "hush" not in repr(Place("http://farm", "hush"))

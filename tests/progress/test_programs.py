"""Whole programs: how they end, fork, are killed, and what everybody sees of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from headway.host import paths
from headway.model.keys import group_key
from headway.model.views import GroupView, JobView
from headway.plane.deaths import deaths
from headway.store.contract import Query
from headway.store.sqlite import SqliteStore
from headway.transport.left import folder_in, left
from headway.transport.sender import Sender

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PATIENCE = 60.0  # seconds
FORKS = hasattr(os, "fork")
METHODS = ["spawn", "forkserver", "fork"] if FORKS else ["spawn"]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def environment(state: Path, **more: str) -> dict[str, str]:
    kept = {name: one for name, one in os.environ.items() if not name.startswith("HEADWAY_")}
    where = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    return {**kept, "PYTHONPATH": where, "HEADWAY_STATE_DIR": str(state), **more}


def command(*args: str) -> list[str]:
    return [sys.executable, "-W", "error", str(HERE / "programs.py"), *args]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run(*args: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*args),
            env=environment(tmp_path, **more),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    return run


def jobs(state: Path) -> dict[str, JobView]:
    """What is stored, by title; what killed programs left is taken up first."""
    with Sender(env={"HEADWAY_STATE_DIR": str(state)}) as sender:
        sender.flush()
    reader = SqliteStore.reader(paths.store_file(str(state)))
    try:
        found = reader.find(Query(limit=5_000)).views
    finally:
        reader.close()
    return {view.title: view for view in found if isinstance(view, JobView)}


def test_what_was_said_last_leaves_before_the_end(run: Run, tmp_path: Path) -> None:
    done = run("ends_with_jobs_open")

    found = jobs(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (found["done"].outcome, found["open"].outcome) == ("succeeded", "unknown")


def test_an_exit_code_is_the_programs_own(run: Run, tmp_path: Path) -> None:
    assert run("raises").returncode == 3
    assert jobs(tmp_path)["broken"].outcome == "failed"


def test_a_hard_end_after_a_flush_loses_nothing(run: Run, tmp_path: Path) -> None:
    assert run("stops_hard").returncode == 0
    assert jobs(tmp_path)["hard"].outcome == "succeeded"


def test_a_program_that_was_killed_is_found_dead_and_its_job_lost(tmp_path: Path) -> None:
    with subprocess.Popen(
        command("waits"), env=environment(tmp_path), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "READY\n"
        running = jobs(tmp_path)["half"]
        assert (running.phase, running.fraction) == ("running", 0.5)
        assert deaths([running], running.updated_at) == []
        process.kill()

    (end,) = deaths([running], running.updated_at + 1.0)
    with Sender(env={"HEADWAY_STATE_DIR": str(tmp_path)}) as sender:
        sender.send([end])
    lost = jobs(tmp_path)["half"]
    assert (lost.outcome, lost.why) == ("lost", "its process died")
    assert f"process {process.pid} of" in lost.evidence


if FORKS:

    def test_bars_are_drawn_on_a_terminal_and_names_move_nothing_there(tmp_path: Path) -> None:
        screen, end = os.openpty()
        env = environment(tmp_path, TERM="xterm", COLUMNS="100")
        with subprocess.Popen(command("draws"), env=env, stdout=subprocess.PIPE, stderr=end) as it:
            os.close(end)
            drawn = read_all(screen)
            assert it.stdout is not None
            assert it.stdout.read() == b"worked True\n"

        assert it.returncode == 0
        assert b"my \xef\xbf\xbd[2J[red]frames" in drawn
        assert b"20/20" in drawn
        assert b"\x1b[2J" not in drawn

    def read_all(screen: int) -> bytes:
        found = b""
        while True:
            try:
                more = os.read(screen, 65_536)
            except OSError:  # Linux says so once the other end is closed
                more = b""
            if not more:
                os.close(screen)
                return found
            found += more

    def test_a_forked_child_speaks_for_itself_alone(run: Run, tmp_path: Path) -> None:
        done = run("forks")

        found = jobs(tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert {title: view.outcome for title, view in found.items()} == {
            "parent's": "succeeded",
            "child's": "succeeded",
        }
        assert found["child's"].meta["parent"] == found["parent's"].key
        assert found["child's"].meta["process"] != found["parent's"].meta["process"]


@pytest.mark.parametrize("method", METHODS)
def test_a_pool_that_is_ended_by_a_signal_loses_nothing(
    run: Run, tmp_path: Path, method: str
) -> None:
    done = run("pool", method)

    found = jobs(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert {title: view.outcome for title, view in found.items()} == {
        f"part {n}": "succeeded" for n in range(4)
    }
    assert {view.meta["group"] for view in found.values()} == {done.stdout.strip()}


@pytest.mark.skipif(not FORKS, reason="there is no fork here")
def test_a_fork_waits_until_nothing_is_half_loaded(run: Run, tmp_path: Path) -> None:
    done = run("pool_while_loading")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "half loaded: [[]]\n"
    assert {title: view.outcome for title, view in jobs(tmp_path).items()} == {
        "parent's": "succeeded",
        "part 0": "succeeded",
    }


def test_who_never_said_anything_hears_nothing_at_the_end(run: Run, tmp_path: Path) -> None:
    done = run("quiet_pool", HEADWAY_STATE_DIR=str(tmp_path / "none yet"))

    assert (done.returncode, done.stderr) == (0, "")


def test_ends_before_their_registration_are_counted_in_another_process(
    run: Run, tmp_path: Path
) -> None:
    assert run("races").returncode == 0

    found = jobs(tmp_path)
    reader = SqliteStore.reader(paths.store_file(str(tmp_path)))
    (whole,) = reader.find(Query(kind="group")).views
    reader.close()
    assert {one: found[one].outcome for one in "ab"} == {"a": "failed", "b": "succeeded"}
    assert isinstance(whole, GroupView)
    assert (whole.complete, whole.result, whole.total) == (True, "partial", 2)


@pytest.mark.parametrize("order", [("ends", "seals"), ("seals", "ends")])
def test_an_end_and_a_seal_of_two_processes_commute(
    run: Run, tmp_path: Path, order: tuple[str, str]
) -> None:
    for name in order:
        assert run(name, "chapter").returncode == 0

    reader = SqliteStore.reader(paths.store_file(str(tmp_path)))
    view = reader.get(group_key("chapter"))
    reader.close()
    assert isinstance(view, GroupView)
    assert (view.complete, view.result, view.title, view.strays) == (True, "succeeded", "it", 0)


def test_a_place_that_cannot_be_written_costs_one_warning(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    done = run("nowhere", HEADWAY_STATE_DIR=str(tmp_path / "file" / "below"))

    assert (done.returncode, done.stdout) == (0, "worked False\n")
    assert len(done.stderr.splitlines()) == 1
    assert "the work goes on" in done.stderr


def test_without_a_home_the_work_goes_on(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    home = str(tmp_path / "file")
    gone = dict.fromkeys(("HEADWAY_STATE_DIR", "XDG_STATE_HOME", "LOCALAPPDATA"), "")
    done = run("nowhere", HOME=home, USERPROFILE=home, **gone)

    assert (done.returncode, done.stdout) == (0, "worked False\n")


def test_what_a_server_does_not_take_before_the_end_is_left_on_disk_for_the_next_one(
    run: Run, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # takes the call and never answers
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        done = run("ends_with_jobs_open", HEADWAY_URL=url)
    assert done.returncode == 0

    left_over = left(folder_in(str(tmp_path)), url, time.time()).events
    ends = {type(one).__name__ for one in left_over}
    assert {"Registered", "Started", "Ended"} <= ends


def test_it_can_be_turned_off(run: Run, tmp_path: Path) -> None:
    done = run("nowhere", HEADWAY_PROGRESS="off")

    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_many_short_jobs_all_arrive(run: Run, tmp_path: Path) -> None:
    done = run("fills")

    assert (done.stdout, done.stderr) == ("worked True\n", "")
    assert {view.outcome for view in jobs(tmp_path).values()} == {"succeeded"}
    assert len(jobs(tmp_path)) == 3_000


def test_no_signal_is_touched(run: Run) -> None:
    assert run("signals").stdout == "same True\n"
    assert signal.getsignal(signal.SIGTERM) is not None

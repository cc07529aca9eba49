"""`headway run`: the command's words, its exit code, and the job that is left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Run

PATIENCE = 60.0  # seconds; matters only where a test fails


def run(*argv: str) -> subprocess.CompletedProcess[str]:
    ours = [sys.executable, "-m", "headway", "run", *argv]
    return subprocess.run(ours, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.fixture(scope="module")
def _compiled(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("compiled"))


@pytest.fixture(autouse=True)
def compiled(_compiled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that are started share what was compiled, as those of an installed package do."""
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", _compiled)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)


def only_job(hw: Run) -> dict[str, Any]:
    (job,) = json.loads(hw("jobs", "--format", "json")[1])
    found: dict[str, Any] = job
    return found


def test_what_follows_the_two_dashes_is_not_touched(home: Path) -> None:
    words = ["--name", "x", "--", "--help", "a b", "", "*", "-v", "--format=json"]
    show = "import sys; print(sys.argv[1:])"

    done = run("--name", "mine", "--", sys.executable, "-c", show, *words)

    assert done.returncode == 0
    assert done.stdout == f"{words}\n"
    assert done.stderr == ""


def test_a_command_that_succeeded_is_a_job_that_did(hw: Run) -> None:
    assert run("--name", "a\x1bname", "--kind=video", "--", "true").returncode == 0

    job = only_job(hw)
    assert (job["title"], job["phase"], job["job_kind"]) == ("a\ufffdname", "succeeded", "video")


def test_the_exit_code_is_the_commands_and_the_job_failed_with_it(hw: Run) -> None:
    done = run("--", "sh", "-c", "echo private-words; exit 7", "private-words")

    assert (done.returncode, done.stdout) == (7, "private-words\n")
    job = only_job(hw)
    assert (job["phase"], job["why"], job["title"]) == ("failed", "exit code 7", "sh")
    assert "private-words" not in json.dumps(job)


def test_arguments_are_kept_on_request(hw: Run) -> None:
    run("--keep-args", "--", "echo", "words")

    job = only_job(hw)
    assert job["title"] == "echo words"
    assert job["meta"]["command"] == "echo words"


def test_a_command_that_is_not_there_is_127_and_a_failed_job(hw: Run) -> None:
    done = run("--", "no-such-command-anywhere")

    assert done.returncode == 127
    assert done.stderr == "headway: no-such-command-anywhere: command not found\n"
    assert only_job(hw)["phase"] == "failed"


def test_a_command_ended_by_a_request_to_stop_is_cancelled(hw: Run) -> None:
    assert run("--", "sh", "-c", "kill -TERM $$").returncode == 143

    assert only_job(hw)["phase"] == "cancelled"


def test_the_command_runs_before_anything_that_only_its_report_needs_is_loaded() -> None:
    look = (
        "import os, sys\n"
        "from headway.cli import entry\n"
        "os.fork = lambda: sys.exit(' '.join(set(sys.modules)))\n"
        "entry.main(['run', '--name', 'x', '--', 'true'])\n"
    )

    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{look}"],
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip

    assert "headway.host.pty_copy" in done.stderr.split()
    heavy = {"headway.progress", "argparse", "typing", "re", "threading", "msgspec"}
    assert not heavy & set(done.stderr.split())


def test_progress_is_read_from_a_command_that_failed_on_its_way(hw: Run) -> None:
    steps = "for n in 1 2 3 4; do echo [$n/9] making; done; exit 1"
    run("--", "sh", "-c", steps)

    job = only_job(hw)
    bar = job["bars"][0]
    assert (bar["done"], bar["total"], bar["basis"]) == (4, 9, "derived")
    assert (job["phase"], job["basis"]) == ("failed", "reported")


@pytest.mark.parametrize("argv", [[], ["--"], ["--name", "x"], ["ls"]])
def test_without_a_command_it_is_a_mistake_of_usage(hw: Run, argv: list[str]) -> None:
    code, _, said = hw("run", *argv)

    assert code == 2
    assert said

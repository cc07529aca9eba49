from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from headway.host.lock import Taken, held

HOLD = """
import sys
from headway.host.lock import held
with held(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_holder_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    path = str(tmp_path / "server.lock")

    with held(path), pytest.raises(Taken) as told, held(path):
        pass

    assert told.value.pid == os.getpid()


def test_it_is_free_again_after_the_block(tmp_path: Path) -> None:
    path = str(tmp_path / "server.lock")
    with held(path):
        pass

    with held(path):
        assert Path(path).read_text() == str(os.getpid())


def test_a_killed_holder_locks_nobody_out(tmp_path: Path) -> None:
    path = str(tmp_path / "server.lock")
    command = [sys.executable, "-c", HOLD, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        with pytest.raises(Taken) as told, held(path):
            pass
        holder.kill()
        holder.wait()

    with held(path):
        assert told.value.pid == holder.pid


def test_a_file_that_says_nothing_yet_names_nobody(tmp_path: Path) -> None:
    path = tmp_path / "server.lock"

    with held(str(path)):
        path.write_text("")
        with pytest.raises(Taken) as told, held(str(path)):
            pass

    assert told.value.pid == 0

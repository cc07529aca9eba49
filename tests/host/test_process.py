"""A process is more than its number."""

import os
import subprocess
import sys
from pathlib import Path

from headway.host.process import Identity, alive, exists, identity, parse, started_at

STAT = "17 (a (bad) name) S " + " ".join(str(n) for n in range(1, 40))


def proc(root: Path, *, stat: str = STAT, boot: str = "b1") -> str:
    """A file system of processes with one process, number 17."""
    (root / "17").mkdir()
    (root / "17" / "stat").write_text(stat)
    (root / "sys" / "kernel" / "random").mkdir(parents=True)
    (root / "sys" / "kernel" / "random" / "boot_id").write_text(f"{boot}\n")
    return str(root)


def test_this_process_is_alive() -> None:
    assert alive(identity()) is True


def test_a_process_that_ended_is_not() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    who = identity(child.pid)
    child.wait()

    assert alive(who) is False


def test_another_start_time_is_another_process() -> None:
    here = identity()

    assert alive(Identity(pid=here.pid, started="1", boot=here.boot)) is False


def test_without_a_start_time_the_number_must_do() -> None:
    assert alive(Identity(pid=os.getpid())) is True


def test_of_another_host_or_namespace_nothing_can_be_said() -> None:
    assert alive(Identity(pid=os.getpid(), host="elsewhere")) is None
    if sys.platform == "linux":
        assert alive(Identity(pid=os.getpid(), namespace="pid:[1]")) is None


def test_what_ran_before_the_last_boot_is_over(tmp_path: Path) -> None:
    root = proc(tmp_path, boot="b2")

    assert alive(Identity(pid=os.getpid(), boot="b1"), proc=root, platform="linux") is False


def test_the_start_time_is_found_behind_any_name(tmp_path: Path) -> None:
    assert started_at(17, proc=proc(tmp_path), platform="linux") == "19"


def test_a_start_time_that_cannot_be_read_is_not_known(tmp_path: Path) -> None:
    assert started_at(17, proc=proc(tmp_path, stat="17 (x) S"), platform="linux") is None
    assert started_at(18, proc=str(tmp_path), platform="linux") is None


def test_no_process_has_a_number_below_one() -> None:
    assert not exists(0)
    assert not exists(-1)


def test_an_identity_survives_as_text() -> None:
    who = identity()

    assert parse(who.text) == who
    assert hash(parse(who.text)) == hash(who)
    assert parse("nonsense") is None
    assert parse("x/1/2/3/4") is None


if os.name != "nt":

    def test_a_process_that_ended_and_was_not_asked_after_yet_is_dead(tmp_path: Path) -> None:
        folder = tmp_path / str(os.getpid())
        folder.mkdir()
        rest = " ".join(["0"] * 18 + ["77"])
        who = Identity(pid=os.getpid(), started="77")
        for state, answer in (("S", True), ("Z", False)):
            (folder / "stat").write_text(f"17 (a ) b) {state} {rest} 0\n")
            assert alive(who, proc=str(tmp_path), platform="linux") is answer

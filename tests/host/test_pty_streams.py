"""Each of the command's streams is what ours is: where ours is no terminal, its is none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.host.conftest import PATIENCE, THROUGH, Desk

if sys.platform == "win32":
    pytest.importorskip("termios")

Sit = Callable[..., Desk]

pytestmark = pytest.mark.usefixtures("compiled")

#: the same with pipes in place of a terminal, as on Windows
PIPED = [
    THROUGH[0],
    "-c",
    THROUGH[2].replace("start(sys.argv[1:])", "start(sys.argv[1:], platform='win32')"),
]


@pytest.fixture(params=[THROUGH, PIPED], ids=["unix", "pipes"])
def through(request: pytest.FixtureRequest) -> list[str]:
    """How a command is passed through."""
    found: list[str] = request.param
    return found


def passed(through: list[str], script: str, **more: object) -> subprocess.CompletedProcess[bytes]:
    argv = [*through, "sh", "-c", script]
    options = {"capture_output": True, "timeout": PATIENCE, "start_new_session": True, **more}
    return subprocess.run(argv, check=False, **options)  # type: ignore[call-overload,no-any-return]


@contextmanager
def under_way(through: list[str], script: str) -> Iterator[subprocess.Popen[bytes]]:
    """Started, and its first line read."""
    with subprocess.Popen(
        [*through, "sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process


def test_output_and_errors_stay_apart_and_unchanged(through: list[str]) -> None:
    done = passed(through, r"printf 'out\n\377'; printf 'err\r\n' >&2; exit 3")

    assert (done.returncode, done.stdout, done.stderr) == (3, b"out\n\xff", b"err\r\n")


def test_the_command_sees_no_terminal(through: list[str]) -> None:
    done = passed(through, "test -t 0 || test -t 1 || test -t 2 || echo none", input=b"")

    assert done.stdout == b"none\n"


def test_input_from_a_pipe_is_the_commands(through: list[str]) -> None:
    assert passed(through, "tr a-z A-Z", input=b"words\n" * 9_000).stdout == b"WORDS\n" * 9_000


def test_a_signal_gives_128_and_its_number(through: list[str]) -> None:
    assert passed(through, "kill -TERM $$").returncode == 143


def test_a_line_of_ten_megabytes_passes_whole(through: list[str]) -> None:
    done = passed(through, "head -c 10000000 /dev/zero")

    assert done.stdout == bytes(10_000_000)


def test_output_and_errors_to_one_place_keep_their_order() -> None:
    script = "for n in 1 2 3 4 5 6 7 8 9; do echo out$n; echo err$n >&2; done"

    done = passed(THROUGH, script, capture_output=False, stdout=subprocess.PIPE,
                  stderr=subprocess.STDOUT)  # fmt: skip

    assert done.stdout.split() == [w % n for n in range(1, 10) for w in (b"out%d", b"err%d")]


def test_whoever_closes_the_output_ends_the_command_by_sigpipe() -> None:
    with under_way(THROUGH, "echo ready; while :; do echo more || exit; done") as process:
        assert process.stdout is not None
        process.stdout.close()

        assert process.wait(PATIENCE) in (0, 141)  # 0: the shell's own echo was told


def test_what_is_left_in_the_background_holds_nobody_up() -> None:
    done = passed(THROUGH, "sleep 600 & echo started $!")
    os.kill(int(done.stdout.split()[1]), signal.SIGKILL)

    assert done.returncode == 0


def test_without_a_terminal_a_signal_to_us_reaches_the_command() -> None:
    traps = "trap 'echo caught' INT; trap 'echo over; exit 9' TERM"
    with under_way(THROUGH, f"{traps}; echo ready; while :; do sleep 0.05; done") as process:
        assert process.stdout is not None
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == b"caught\n"
        process.send_signal(signal.SIGTERM)

        assert process.stdout.read() == b"over\n"
        assert process.wait(PATIENCE) == 9


def test_descriptors_that_were_given_to_us_are_the_commands(tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.write_text("through\n")
    fd = os.open(given, os.O_RDONLY)

    done = passed(THROUGH, f"cat /dev/fd/{fd}", pass_fds=[fd])
    os.close(fd)

    assert done.stdout == b"through\n"


def test_a_closed_stream_is_no_trouble() -> None:
    closing = ["sh", "-c", 'exec "$@" <&- 2>&-', "sh", *THROUGH]

    assert passed(closing, "cat; echo fine").stdout == b"fine\n"


def test_at_a_terminal_only_the_output_that_goes_there_sees_one(desk: Sit, tmp_path: Path) -> None:
    place = tmp_path / "out"
    through = " ".join(f"'{word}'" for word in [*THROUGH, "sh", "-c"])
    script = 'test -t 1 && echo wrong; test -t 2 && echo shown >&2; echo "kept"'

    at = desk("sh", "-c", f"{through} '{script}' > {place}", bare=True)

    at.see("shown")
    assert at.code() == 0
    assert place.read_bytes() == b"kept\n"


def test_ctrl_c_in_a_pipeline_reaches_the_command_once(desk: Sit, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("trap 'echo caught; n=1$n' INT\necho ready\n"
                      "while test -z \"$n\"; do sleep 0.05; done\necho end $n\n")  # fmt: skip
    through = " ".join(f"'{word}'" for word in THROUGH)

    at = desk("sh", "-c", f"trap '' USR1; sleep 0 | {through} sh {script}", bare=True)
    at.see("ready")
    at.type(b"\x03")

    assert "end 1\r\n" in at.see("end 1")
    at.code()

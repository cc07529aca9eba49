"""A command behind a pseudo-terminal behaves as without it: at a terminal of its own."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

import pytest
from tests.host.conftest import THROUGH, Desk

if sys.platform == "win32":
    pytest.importorskip("termios")

Sit = Callable[..., Desk]

pytestmark = pytest.mark.usefixtures("compiled")


def sh(script: str) -> tuple[str, str, str]:
    return "sh", "-c", script


def test_the_exit_code_is_the_commands(desk: Sit) -> None:
    assert desk(*sh("exit 255")).code() == 255


def test_a_command_ended_by_a_signal_gives_128_and_its_number(desk: Sit) -> None:
    assert desk(*sh("kill -9 $$")).code() == 137


def test_a_command_that_is_not_there_gives_127_and_one_that_cannot_run_126(desk: Sit) -> None:
    assert desk("no-such-command-anywhere").code() == 127
    assert desk("/").code() == 126
    assert desk("").code() == 127


def test_a_file_without_a_magic_number_is_run_by_the_shell(desk: Sit, tmp_path: object) -> None:
    script = os.path.join(str(tmp_path), "plain")
    with open(script, "w", encoding="utf-8") as file:
        file.write('echo "plain $1"\n')
    os.chmod(script, 0o700)

    at = desk(script, "words")

    assert "plain words" in at.see("plain words")
    assert at.code() == 0


def test_the_command_has_a_terminal_on_all_three_streams(desk: Sit) -> None:
    at = desk(*sh("test -t 0 && test -t 1 && test -t 2 && test -c /dev/tty && echo all"))

    at.see("all")


def test_bytes_pass_as_they_are(desk: Sit) -> None:
    at = desk(*sh(r"printf '\033[31mred\033[0m \377\376 \033]0;title\007 end'"))

    assert at.code() == 0
    assert at.said == b"\x1b[31mred\x1b[0m \xff\xfe \x1b]0;title\x07 end"


def test_all_output_is_there_when_the_command_has_ended(desk: Sit) -> None:
    at = desk(*sh("head -c 300000 /dev/zero | tr '\\0' x; echo over"))
    at.see("over")

    assert at.code() == 0
    assert at.said.count(b"x") == 300_000


def test_what_is_typed_reaches_the_command(desk: Sit) -> None:
    at = desk(*sh('echo ready; read word; echo "heard $word"'))
    at.see("ready")

    at.type("hello\n")

    at.see("heard hello")
    assert at.code() == 0


def test_ctrl_c_reaches_the_commands_whole_process_group(desk: Sit) -> None:
    inner = "(trap 'echo inner; exit 3' INT; echo ready; while :; do sleep 0.05; done)"
    at = desk(*sh(f"{inner}; true"))
    at.see("ready")

    at.type(b"\x03")

    at.see("inner")
    assert at.code() == 130


def test_a_program_that_takes_ctrl_c_for_itself_goes_on(desk: Sit) -> None:
    at = desk(*sh("trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.05; done"))
    at.see("ready")

    at.type(b"\x03")

    at.see("caught")
    assert at.code() == 5


def test_a_signal_sent_to_us_reaches_the_command(desk: Sit) -> None:
    names = ["INT", "TERM", "HUP", "QUIT", "USR1", "USR2"]
    traps = "; ".join(f"trap 'echo caught {name}' {name}" for name in names)
    at = desk(*sh(f"{traps}; trap 'exit 9' WINCH; echo ready; while :; do sleep 0.05; done"))
    at.see("ready")

    for name in names:
        os.kill(at.pid, getattr(signal, f"SIG{name}"))
        at.see(f"caught {name}")

    at.resize(30, 100)
    assert at.code() == 9


def test_the_size_is_the_terminals_and_follows_it(desk: Sit) -> None:
    at = desk(*sh("trap 'stty size' WINCH; stty size; while :; do sleep 0.05; done"))
    at.see("24 80")

    at.resize(30, 100)

    at.see("30 100")
    at.type(b"\x03")
    assert at.code() == 130


def test_a_stopped_command_stops_us_and_goes_on_in_the_foreground(desk: Sit) -> None:
    at = desk("bash", "--norc", "--noprofile", "-i", bare=True)
    through = " ".join(map(_quoted, [*THROUGH, *sh("echo ready; cat; echo over")]))
    at.type(f"PS1='% '; {through}\n")
    at.see("ready\r\n")

    at.type(b"\x1a")
    at.see("Stopped")
    at.type("echo shell-$((40+2))\n")
    at.see("shell-42")
    at.type("fg\n")
    at.type("again\n")
    at.see("again\r\nagain")
    at.type(b"\x04")

    at.see("\nover")


def test_the_terminal_is_as_it_was_when_the_command_has_ended(desk: Sit) -> None:
    through = " ".join(map(_quoted, [*THROUGH, *sh("kill -9 $$")]))

    at = desk(*sh(f"stty -g; {through}; stty -g"), bare=True)

    assert at.code() == 0
    before, after = [line for line in at.shown.splitlines() if ":" in line]
    assert before == after


def test_what_is_left_in_the_background_holds_nobody_up(desk: Sit) -> None:
    at = desk(*sh("sleep 600 & echo started"))

    assert at.code() == 0
    assert "started" in at.shown


def test_if_we_are_killed_the_command_is_told_by_a_hangup(desk: Sit, tmp_path: object) -> None:
    told = os.path.join(str(tmp_path), "told")
    at = desk(*sh(f"trap 'touch {told}; exit' HUP; echo ready; while :; do sleep 0.05; done"))
    at.see("ready")

    os.kill(at.pid, signal.SIGKILL)

    at._until(lambda: os.path.exists(told), "the hangup")


def _quoted(word: str) -> str:
    import shlex

    return shlex.quote(word)

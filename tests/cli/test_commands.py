"""The command line as a whole: errors, codes, formats, completion."""

import argparse
import io
import json
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Canned, Run

from headway.cli.commands import COMMANDS, seconds
from headway.cli.entry import main
from headway.version import __version__


@pytest.mark.parametrize("command", [one.name for one in COMMANDS])
def test_every_command_has_help(command: str, hw: Run) -> None:
    code, out, _ = hw(command, "--help")

    assert code == 0
    assert out.startswith(f"usage: headway {command}")


@pytest.mark.parametrize(
    "argv",
    [
        (), ("bogus",), ("wait",), ("status", "--format", "xml"), ("jobs", "--limit", "0"),
        ("wait", "--idle", "--timeout", "soon"), ("jobs", "--outcome", "nice"),
    ],
)  # fmt: skip
def test_wrong_usage_is_code_2_and_talk(argv: tuple[str, ...], hw: Run) -> None:
    code, out, err = hw(*argv)

    assert (code, out) == (2, "")
    assert "usage: headway" in err


@pytest.mark.parametrize(
    ("text", "value"), [("90", 90), ("90s", 90), ("10m", 600), ("1.5h", 5400), ("2d", 172_800)]
)
def test_durations_are_read(text: str, value: float) -> None:
    assert seconds(text) == value


def test_what_is_no_duration_is_refused() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="soon"):
        seconds("soon")


def test_a_wrong_setting_is_told_with_the_nearest_one(hw: Run, home: Path) -> None:
    (home / "config.toml").write_text("[server]\nprot = 1\n")

    code, out, err = hw("config")

    assert (code, out) == (2, "")
    assert "no setting 'server.prot'" in err
    assert "did you mean 'port'?" in err


def test_config_shows_values_with_their_origin_and_no_secret(
    hw: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "config.toml").write_text('[server.tokens.bob]\ntoken = "s3cret"\n')
    monkeypatch.setenv("HEADWAY_SERVER_PORT", "9000")

    code, out, _ = hw("config", "--show", "--format", "json")

    shown = {one["name"]: one for one in json.loads(out)}
    assert code == 0
    assert shown["server.port"] == {
        "name": "server.port", "value": 9000, "origin": "HEADWAY_SERVER_PORT",
    }  # fmt: skip
    assert "s3cret" not in out
    assert "s3cret" not in hw("config")[1]


def test_a_settings_file_that_was_demanded_must_be_there(hw: Run, home: Path) -> None:
    code, _, err = hw("config", "--config", str(home / "none.toml"))

    assert code == 2
    assert "no such file" in err


def test_the_version_is_told_in_every_format(hw: Run) -> None:
    assert __version__ in hw("version")[1]
    assert json.loads(hw("version", "--format", "json")[1])["headway"] == __version__
    assert f"headway: {json.dumps(__version__)}" in hw("version", "--format", "yaml")[1]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_command_and_flag(shell: str, hw: Run) -> None:
    code, out, _ = hw("completion", shell)

    assert code == 0
    assert all(one.name in out for one in COMMANDS)
    assert "exit-code" in out


def test_open_without_a_server_says_how_to_start_one(hw: Run) -> None:
    code, _, err = hw("open")

    assert code == 3
    assert "headway serve" in err


def test_open_leads_there_through_a_file_and_never_through_an_argument(
    canned: Canned, hw: Run
) -> None:
    code, out, _ = hw("open", "--print")

    assert code == 0
    assert out.startswith("file:")
    assert "s3cret" not in out


class Closed(io.TextIOWrapper):
    """A pipe whose reader has gone."""

    def write(self, _: str) -> int:
        raise BrokenPipeError


def test_who_closes_the_pipe_has_read_enough(
    canned: Canned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", Closed(io.BytesIO()))

    assert main(["status"]) == 0


class Interrupted(io.StringIO):
    """A terminal at which somebody presses Ctrl-C."""

    def write(self, _: str) -> int:
        raise KeyboardInterrupt


def test_an_interrupt_is_code_130(canned: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Interrupted())

    assert main(["status"]) == 130


def test_a_name_that_the_console_cannot_print_is_escaped(
    canned: Canned, monkeypatch: pytest.MonkeyPatch
) -> None:
    canned.answers["/api/v1/status"] = "name 猫\n".encode()
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", stream)

    assert main(["status"]) == 0

    assert raw.getvalue().decode("ascii").splitlines() == ["name \\u732b"]
    assert "ascii=true" in canned.asked[-1][0]

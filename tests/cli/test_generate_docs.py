"""What docs/generate.md shows is what the command line takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import msgspec
import pytest

from headway.cli.commands import parser
from headway.generate.pipeline_file import read_pipeline
from headway.server.acting import Order

PAGE = (Path(__file__).parent.parent.parent / "docs" / "generate.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, flags=re.DOTALL)
SHELL = [text for kind, text in BLOCKS if kind == "sh"]
COMMANDS = [line for text in SHELL for line in text.splitlines() if line.startswith("headway ")]


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_is_one(line: str) -> None:
    assert parser().parse_args(shlex.split(line)[1:]).home


def test_the_request_is_one_that_a_server_takes() -> None:
    (body,) = re.findall(r"-d '(\{.*?\})'", PAGE, flags=re.DOTALL)

    assert msgspec.json.decode(body, type=Order).title == "the fox"


def test_the_pipeline_is_read_as_the_page_says() -> None:
    (text,) = [text for kind, text in BLOCKS if kind == "yaml"]

    found = {one.id: one for one in read_pipeline(text)}

    assert {one.id: one.seed for one in found.values()} == {"fox": 100, "owl": 101, "bat": 110}
    assert found["fox"].path == "creatures/fox.png"
    assert found["bat"].params["steps"] == 40
    assert found["bat"].prompt == "a bat, ink wash, moonlight"


def test_every_option_that_the_page_names_is_one() -> None:
    flags = set(re.findall(r"`(--[a-z-]+)", PAGE))
    known = set(re.findall(r"--[a-z-]+", "".join(map(help_of, ("generate", "cancel", "pipeline")))))

    assert not flags - known - {"--type"}


def help_of(command: str) -> str:
    actions = parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    return str(actions[command].format_help())  # type: ignore[index,call-overload]

"""The full command line: the table of commands, its parser, and what an error ends with.

Rule 1: a command's module is imported when the command is given, not before.
Rule 2: every command that answers takes `--format`.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from headway.cli import codes
from headway.errors import (
    ConfigError,
    CursorExpired,
    HeadwayError,
    Refused,
    StoreError,
    Unreachable,
    UsageError,
)

ENDS: dict[type[HeadwayError], int] = {
    ConfigError: codes.USAGE,
    UsageError: codes.USAGE,
    Refused: codes.USAGE,
    Unreachable: codes.UNREACHABLE,
    StoreError: codes.UNKNOWN,
    CursorExpired: codes.UNKNOWN,
}
OUTCOMES = ("succeeded", "failed", "cancelled", "lost", "unknown")
PHASES = ("pending", "queued", "running", "finishing", "retrying", *OUTCOMES)
UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}

Fill = Callable[[argparse.ArgumentParser], None]


class Command(NamedTuple):
    """One command: what it is for, where it lives, its own arguments, its formats."""

    name: str
    about: str
    home: str
    fill: Fill
    formats: tuple[str, ...] = ("table", "json", "yaml")


def run(argv: list[str]) -> int:
    """Parse, import, do; the exit code. Errors of ours are told on stderr."""
    own, words = _apart(argv)
    try:
        args = parser().parse_args(own)
    except SystemExit as end:
        return int(end.code or 0)
    args.words = words
    module, _, name = args.home.partition(":")
    try:
        return int(getattr(import_module(module), name)(args))
    except HeadwayError as error:
        print(f"headway: {error}", file=sys.stderr)
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)
        return next((code for kind, code in ENDS.items() if isinstance(error, kind)), codes.FAILED)


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    whole = argparse.ArgumentParser(
        prog="headway",
        description="One live status plane for generative-media work.",
        epilog="Exit codes: 0 done or idle, 1 failed, 2 usage, 3 unreachable, 4 unknown, "
        "10 busy, 124 time-out, 130 interrupted.",
    )
    below = whole.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        one = below.add_parser(command.name, help=command.about, description=command.about)
        one.set_defaults(home=command.home, format="table")
        command.fill(one)
        if command.formats:
            one.add_argument("--format", choices=command.formats, default="table")
        one.add_argument("--config", metavar="FILE", help="instead of the usual settings file")
    return whole


def seconds(text: str) -> float:
    """A duration: 90, 90s, 10m, 1.5h."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", text.strip())
    if not found:
        raise argparse.ArgumentTypeError(f"not a duration: {text!r} (90s, 10m, 1h)")
    return float(found[1]) * UNITS[found[2]]


def _apart(argv: list[str]) -> tuple[list[str], list[str]]:
    # What `run` is to run is nobody's flags: argparse must not see it.
    if argv[:1] != ["run"] or "--" not in argv:
        return argv, []
    at = argv.index("--")
    return argv[:at], argv[at + 1 :]


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"not a number from 1: {text!r}")
    return int(text)


def _nothing(_: argparse.ArgumentParser) -> None:
    return


def _verbose(one: argparse.ArgumentParser) -> None:
    one.add_argument("-v", "--verbose", action="store_true", help="how each fact is known")


def _status(one: argparse.ArgumentParser) -> None:
    _verbose(one)
    one.add_argument("--exit-code", action="store_true", help="0 idle, 10 busy, 4 not known")


def _watch(one: argparse.ArgumentParser) -> None:
    one.add_argument("--once", action="store_true", help="print once and end")


def _jobs(one: argparse.ArgumentParser) -> None:
    one.add_argument("--source", default="", help="only of this source")
    one.add_argument("--outcome", default="", choices=OUTCOMES, help="only those that ended so")
    one.add_argument("--phase", default="", choices=PHASES, help="only those that stand so")
    one.add_argument("--group", default="", help="only members of this group")
    one.add_argument("--search", dest="text", default="", metavar="WORDS", help="words of titles")
    one.add_argument("--limit", type=_count, default=50, help="how many at most (50)")
    which = one.add_mutually_exclusive_group()
    which.add_argument("--active", action="store_const", const=True, help="only unfinished ones")
    which.add_argument("--ended", dest="active", action="store_const", const=False)


def _job(one: argparse.ArgumentParser) -> None:
    one.add_argument("key", metavar="JOB", help="its key or id, or how one of them begins")
    _verbose(one)


def _wait(one: argparse.ArgumentParser) -> None:
    which = one.add_mutually_exclusive_group(required=True)
    which.add_argument("jobs", nargs="*", metavar="JOB", default=[], help="until these are over")
    which.add_argument("--group", help="until this group is complete")
    which.add_argument("--idle", action="store_true", help="until nothing is unfinished")
    one.add_argument("--timeout", type=seconds, metavar="10m", help="give up after that, code 124")
    one.add_argument("--notify", action="store_true", help="tell the desktop, or ring the bell")


def _serve(one: argparse.ArgumentParser) -> None:
    one.add_argument("--port", type=int, help="the port (8329)")
    one.add_argument("--bind", action="append", metavar="ADDRESS", help="listen there (loopback)")
    one.add_argument("-v", "--verbose", action="store_true", help="say more on stderr")
    one.add_argument("--or-demo", action="store_true", help="the demo, if there is no ComfyUI")


def _demo(one: argparse.ArgumentParser) -> None:
    one.add_argument("--port", type=int, default=0, help="the port (any free one)")
    one.add_argument("--speed", type=float, default=1.0, help="times as fast as life")


def _open(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--print", dest="only_print", action="store_true", help="do not open a browser"
    )


def _backend(one: argparse.ArgumentParser) -> None:
    one.add_argument("--backend", metavar="NAME", help="by its name or URL (the one that answers)")


def _request(one: argparse.ArgumentParser) -> None:
    one.add_argument("-n", "--negative-prompt", metavar="TEXT")
    one.add_argument("--model", metavar="NAME", help="`headway models list` lists them")
    one.add_argument("-w", "--width", metavar="PIXELS")
    one.add_argument("--height", metavar="PIXELS")
    one.add_argument("-l", "--length", metavar="PIXELS", help="another word for --height")
    one.add_argument("--steps", metavar="N")
    one.add_argument("--cfg", "--cfg-scale", dest="cfg", metavar="X")
    one.add_argument("--sampler", metavar="NAME")
    one.add_argument("--scheduler", metavar="NAME")
    one.add_argument("--lora", action="append", default=[], metavar="NAME[:WEIGHT]")
    one.add_argument("--style-prefix", default="", metavar="TEXT", help="before every prompt")


def _generate(one: argparse.ArgumentParser) -> None:
    one.add_argument("what", choices=("image",), help="what to make")
    one.add_argument("-p", "--prompt", default="", metavar="TEXT", help="what it shows")
    _request(one)
    one.add_argument("--seed", metavar="N", help="-1 draws one (the default)")
    one.add_argument("-b", "--batch", metavar="N", help="how many (1)")
    one.add_argument("--workflow", metavar="FILE", help="a ComfyUI graph in API format instead")
    one.add_argument("--set", action="append", default=[], metavar="NODE.INPUT=VALUE")
    one.add_argument("--title", default="", help="what to call it in lists")
    one.add_argument("--save-images", action="store_true", help="fetch what was made")
    one.add_argument("-o", "--output-dir", metavar="DIR", help="where to (.)")
    one.add_argument("--filename-template", metavar="NAME", help="such as {index1}-{seed}.{ext}")
    one.add_argument("--detach", action="store_true", help="do not wait for it")
    one.add_argument("--timeout", type=seconds, metavar="10m", help="stop it after that, code 124")
    _backend(one)


def _models(one: argparse.ArgumentParser) -> None:
    one.add_argument("action", choices=("list", "get"))
    one.add_argument("name", nargs="?", default="", metavar="NAME")
    one.add_argument("--type", default="", metavar="TYPE", help="lora, vae, … (checkpoints)")
    _backend(one)


def _pipeline(one: argparse.ArgumentParser) -> None:
    one.add_argument("file", metavar="FILE", help="YAML; docs/generate.md shows one")
    one.add_argument("-o", "--output-dir", default="pipeline-output", metavar="DIR")
    one.add_argument("--base-seed", type=int, default=None, metavar="N", help="(drawn once)")
    _request(one)
    one.add_argument("--style-suffix", default="", metavar="TEXT", help="after every prompt")
    one.add_argument("--dry-run", action="store_true", help="only say what would be made")
    one.add_argument("--continue-on-error", action="store_true")
    one.add_argument("--overwrite", action="store_true", help="files that it did not make, too")
    one.add_argument("--at-once", type=_count, default=1, metavar="N", help="submissions (1)")
    _backend(one)


def _cancel(one: argparse.ArgumentParser) -> None:
    one.add_argument("jobs", nargs="*", metavar="JOB", help="its id or key, or how one begins")
    one.add_argument("--all", action="store_true", help="everything that runs or waits")
    one.add_argument("--mine", action="store_true", help="what was submitted from here")
    one.add_argument("--backend", metavar="NAME", help="only there")
    one.add_argument("-y", "--yes", action="store_true", help="do not ask")


def _run(one: argparse.ArgumentParser) -> None:
    one.usage = "headway run [--name NAME] [--kind KIND] [--keep-args] -- COMMAND [ARGUMENT …]"
    one.add_argument("--name", default="", help="what to call it (the program's name)")
    one.add_argument("--kind", default="command", help="what kind of work it is (command)")
    one.add_argument("--keep-args", action="store_true", help="keep its arguments, too")


def _comfyui(one: argparse.ArgumentParser) -> None:
    one.add_argument("action", choices=("install", "uninstall", "status"))
    one.add_argument("directories", nargs="*", metavar="DIR", help="where ComfyUI is")
    one.add_argument("--url", action="append", default=[], help="of a server to ask for its status")


def _sources(one: argparse.ArgumentParser) -> None:
    one.add_argument("action", nargs="?", choices=("forget",), help="leave out one that is gone")
    one.add_argument("name", nargs="?", metavar="NAME", help="its name")


def _config(one: argparse.ArgumentParser) -> None:
    one.add_argument("--show", action="store_true", help="each setting and where it came from")


def _completion(one: argparse.ArgumentParser) -> None:
    one.add_argument("shell", choices=("bash", "zsh", "fish"))


_SHOW, _FOLLOW = "headway.cli.show", "headway.cli.follow"
COMMANDS: tuple[Command, ...] = (
    Command("status", "What runs now", f"{_SHOW}:status", _status),
    Command("watch", "What runs, live", f"{_FOLLOW}:watch", _watch, ("table", "jsonl")),
    Command("jobs", "Jobs, newest first", f"{_SHOW}:jobs", _jobs),
    Command("job", "One job with its steps over time", f"{_SHOW}:job", _job),
    Command("wait", "Wait until something is done", f"{_FOLLOW}:wait", _wait, ()),
    Command("generate", "Make pictures", "headway.cli.generate:run", _generate),
    Command("cancel", "Stop what runs or waits", "headway.cli.cancel:run", _cancel),
    Command("pipeline", "Make many, from a file", "headway.cli.pipeline:run", _pipeline),
    Command("models", "What a back end can make with", "headway.cli.models:run", _models),
    Command("run", "Run a command as a job", "headway.cli.run:run", _run, ()),
    Command("serve", "Run the server and its page", "headway.cli.start:run", _serve, ()),
    Command("open", "Open the page in a browser", "headway.cli.open:run", _open, ()),
    Command("demo", "Run beside a simulated ComfyUI", "headway.cli.demo:demo", _demo, ()),
    Command("sources", "What is watched, and how well", "headway.cli.forget:run", _sources),
    Command("doctor", "What is found, what is missing", "headway.cli.doctor:run", _nothing),
    Command("comfyui", "The mirror in a ComfyUI", "headway.cli.comfyui:run", _comfyui),
    Command("config", "The settings and their origin", "headway.cli.settings:run", _config),
    Command("completion", "Completion for a shell", "headway.cli.completion:run", _completion, ()),
    Command("version", "The version", f"{_SHOW}:version", _nothing),
)

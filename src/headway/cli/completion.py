"""`headway completion`: what a shell needs to complete commands and flags.

Rule 1: made from the parser, so that it never lags behind.
"""

from __future__ import annotations

import argparse
import sys
from argparse import Namespace

from headway.cli import codes

_BASH = """_headway() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" words
  if [ "$COMP_CWORD" -eq 1 ]; then words="{names}"; else
    case "${{COMP_WORDS[1]}}" in
{cases}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -F _headway headway
"""


def run(args: Namespace) -> int:
    """Print the script for that shell."""
    sys.stdout.write(_SHELLS[args.shell](flags_of()))
    return codes.DONE


def flags_of() -> dict[str, tuple[str, list[str]]]:
    """Each command with what it is for and its flags."""
    from headway.cli.commands import COMMANDS

    found = {}
    for command in COMMANDS:
        one = argparse.ArgumentParser(add_help=True)
        command.fill(one)
        if command.formats:
            one.add_argument("--format")
        one.add_argument("--config")
        flags = [flag for action in one._actions for flag in action.option_strings]
        found[command.name] = (command.about, [flag for flag in flags if flag.startswith("--")])
    return found


def _bash(flags: dict[str, tuple[str, list[str]]]) -> str:
    cases = "\n".join(
        f'      {name}) words="{" ".join(own)}" ;;' for name, (_, own) in flags.items()
    )
    return _BASH.format(names=" ".join(flags), cases=cases)


def _zsh(flags: dict[str, tuple[str, list[str]]]) -> str:
    return "autoload -U +X bashcompinit && bashcompinit\n" + _bash(flags)


def _fish(flags: dict[str, tuple[str, list[str]]]) -> str:
    lines = ["complete -c headway -f"]
    for name, (about, own) in flags.items():
        lines.append(f"complete -c headway -n __fish_use_subcommand -a {name} -d '{about}'")
        seen = f"complete -c headway -n '__fish_seen_subcommand_from {name}'"
        lines += [f"{seen} -l {flag.removeprefix('--')}" for flag in own]
    return "".join(f"{line}\n" for line in lines)


_SHELLS = {"bash": _bash, "zsh": _zsh, "fish": _fish}

"""`headway run -- CMD…`: any command as a job.

Rule 1: what stands after `--` is the command's and is not looked at.
Rule 2: the exit code is the command's; 126 and 127 as a shell says them.
"""

from __future__ import annotations

import sys

from headway.host.pty import NOT_FOUND, code_of
from headway.run.command import run as run_command

TYPE_CHECKING = False  # the command waits for what is imported here
if TYPE_CHECKING:
    from argparse import Namespace


def run(args: Namespace) -> int:
    """Run the command. Raises: UsageError if none is given."""
    from headway.errors import UsageError

    if not args.words:
        raise UsageError("no command given", "headway run -- CMD…")
    return go(args.words, name=args.name, kind=args.kind, keep_args=args.keep_args)


def go(words: list[str], *, name: str = "", kind: str = "command", keep_args: bool = False) -> int:
    """Run the command; its exit code. One that cannot be started is told on stderr."""
    try:
        return run_command(words, name=name, kind=kind, keep_args=keep_args)
    except OSError as error:
        from headway.run.screen import printable

        code = code_of(error)
        why = "command not found" if code == NOT_FOUND else (error.strerror or "").lower()
        print(f"headway: {printable(words[0])}: {why}", file=sys.stderr)
        return code

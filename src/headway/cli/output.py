"""How an answer is printed: as text for the terminal, or as data."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from headway.host.terminal import Terminal, terminal


def show(args: Namespace, data: Callable[[], Any], text: Callable[[Terminal], str]) -> None:
    """Print the answer in the format that was asked for; only that one is made."""
    if args.format == "table":
        sys.stdout.write(text(terminal()))
        return
    from headway.render.data import FORMATS

    sys.stdout.write(FORMATS[args.format](data()))


def say(message: str) -> None:
    """Talk: a line on stderr."""
    print(f"headway: {message}", file=sys.stderr)

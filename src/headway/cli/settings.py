"""`headway config`, and the settings that every other command gets."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

import msgspec

from headway import config
from headway.cli import codes
from headway.cli.output import show
from headway.host import paths
from headway.render.table import Column, table


def loaded(
    args: Namespace | None = None, *, flags: Mapping[str, Any] | None = None
) -> config.Loaded:
    """The settings: defaults, the file, the environment, flags. Raises: ConfigError."""
    given = getattr(args, "config", None) or os.environ.get(paths.CONFIG, "")
    path = given or paths.config_file()
    return config.read(path, demanded=bool(given), env=os.environ, flags=flags)


def run(args: Namespace) -> int:
    """Each setting, its value in the end, and where it came from."""
    found = loaded(args).effective()
    rows = [(one.name, str(one.value), one.origin) for one in found]
    columns = (
        Column("SETTING"),
        Column("VALUE", elastic=12),
        Column("FROM", keep=5, elastic=12),
    )
    print(f"file: {args.config or paths.config_file()}", file=sys.stderr)
    show(
        args,
        lambda: [msgspec.to_builtins(one) for one in found],
        lambda term: table(columns, rows, width=term.width, plain=term.plain),
    )
    return codes.DONE

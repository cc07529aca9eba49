"""`headway models list|get`: what a back end can make pictures with."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from typing import Any

import msgspec

from headway.actions.contract import Model
from headway.cli import codes
from headway.cli.backends import chosen
from headway.cli.output import show
from headway.errors import UsageError
from headway.generate.asking import find_model
from headway.render.table import Column, safe, table

COLUMNS = (
    Column("MODEL", elastic=20),
    Column("KIND", elastic=8),
    Column("SIZE"),
    Column("LOADED"),
)
LOADED = {True: "yes", False: "no", None: "–"}


def run(args: Namespace) -> int:
    """List them all, or one by its name; a miss names the five nearest."""
    if args.action == "get" and not args.name:
        raise UsageError("which model?", "headway models get NAME")
    listed = asyncio.run(_models(args))
    if args.action == "get":
        name = find_model(args.name, listed)
        listed = [one for one in listed if one.name == name]
    wanted = [one for one in listed if not args.name or args.action == "get" or _fits(one, args)]

    def data() -> Any:
        found = [msgspec.to_builtins(one) for one in wanted]
        return found[0] if args.action == "get" else found

    def text(term: Any) -> str:
        if not wanted:
            return "No models of that kind.\n"
        return table(COLUMNS, [_row(one) for one in wanted], width=term.width, plain=term.plain)

    show(args, data, text)
    return codes.DONE


async def _models(args: Namespace) -> list[Model]:
    return await (await chosen(args)).models(args.type)


def _fits(model: Model, args: Namespace) -> bool:
    return str(args.name).casefold() in model.name.casefold()


def _row(model: Model) -> tuple[str, ...]:
    kind = model.architecture or model.folder
    return safe(model.name), safe(kind), model.resolution or "–", LOADED[model.loaded]

"""`headway serve --or-demo`: the server beside a ComfyUI, else the demo; says which and why."""

from __future__ import annotations

import asyncio
from argparse import Namespace

from headway.cli.demo import demo
from headway.cli.output import say
from headway.cli.serve import serve
from headway.cli.settings import loaded
from headway.sources.discovery import USUAL, look

COMFYUI = tuple(one for one in USUAL if one.kind == "comfyui")


def run(args: Namespace) -> int:
    """Serve; with `--or-demo` only if there is a ComfyUI to watch."""
    if not args.or_demo:
        return serve(args)
    reason = reason_to_serve(args)
    if reason:
        say(f"serving: {reason}")
        return serve(args)
    asked = " or ".join(one.url for one in COMFYUI)
    say(f"showing the demo: no ComfyUI answers at {asked}, and none is configured")
    say("start one and run this again, or `headway serve`, which keeps looking for it")
    return demo(Namespace(port=args.port or 0, speed=1.0))


def reason_to_serve(args: Namespace) -> str:
    """Which ComfyUI there is to watch; "" if there is none."""
    configured = loaded(args).config.sources
    if configured:
        return f"{', '.join(configured)} is configured"
    found = [one for one in asyncio.run(look(COMFYUI)) if one.kind == "comfyui"]
    return f"a ComfyUI answers at {found[0].url}" if found else ""

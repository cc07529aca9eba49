"""`headway serve`: settings → store → plane → door, until somebody asks it to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from headway.cli import codes, wire
from headway.cli.finding import Discovery
from headway.cli.output import say
from headway.cli.settings import loaded
from headway.config import Config, masked
from headway.errors import ConfigError, UsageError
from headway.host import paths, runfile
from headway.host.drives import is_network
from headway.host.process import Identity, alive
from headway.host.signals import stopping
from headway.model.cursor import Cursor, parse
from headway.model.events import AnyEvent, Registered
from headway.model.keys import join
from headway.plane import Plane
from headway.server.serve import Serving
from headway.server.serve import serve as door
from headway.sources.comfyui import ComfyUI
from headway.sources.comfyui import Settings as ComfyUISettings
from headway.store.sqlite import SqliteStore

COLLECT_AFTER = (10_000, 20, 20)  # allocations, and collections of the younger generations


def serve(args: Namespace) -> int:
    """Serve until asked to stop. Raises: ConfigError where the port is taken, StoreError."""
    logging.basicConfig(
        level=logging.INFO if args.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(message)s",
    )
    flags = {"server.port": args.port, "server.bind": args.bind}
    given = {name: value for name, value in flags.items() if value is not None}
    return asyncio.run(_serve(loaded(args, flags=given).config))


async def until_stopped(serving: Serving) -> int:
    """Say where the page is, and return once somebody asked to stop."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    with stopping(lambda: loop.call_soon_threadsafe(stop.set)):
        say("the page, with your own rights:")
        print(serving.page, flush=True)
        say("Ctrl-C stops it")
        await stop.wait()
    say("stopping")
    return codes.DONE


async def _serve(config: Config) -> int:
    async with running(config) as serving:
        return await until_stopped(serving)


def calm_collector() -> None:
    """Let the collector of cycles look less often: what is live here has none."""
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[Serving]:
    """Everything that `serve` runs, in the state directory of this user."""
    calm_collector()
    directory = paths.make_private(paths.state_dir())
    run_file = paths.run_file(directory)
    refuse_second(run_file)
    mark = paths.mark_file(directory)
    store = SqliteStore.open(
        paths.store_file(directory),
        durability=config.store.durability,
        high_water=high_water(mark),
        is_network=is_network,
    )
    plane = Plane(store, sources=sources_of(config), settings=config.plane, discover=Discovery())
    try:
        async with plane, door(plane, config.server, run_file=run_file) as serving:
            leave_mark(mark, store.cursor())
            await plane.report(named_in(config, time.time()))
            yield serving
    finally:
        leave_mark(mark, store.cursor())


def high_water(path: str) -> tuple[str, int] | None:
    """How far the store was when it was last served; None if nobody wrote it down.

    A file that is behind it was restored from an older copy, and gets a new epoch.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        cursor = parse(text.strip())
    except (OSError, UnicodeDecodeError, UsageError):
        return None
    return cursor.epoch, cursor.offset


def leave_mark(path: str, cursor: Cursor) -> None:
    """Write down how far the store is."""
    paths.write_private(path, cursor.text)


def refuse_second(run_file: str) -> None:
    """Raises: ConfigError if a server has this state directory already.

    Two would contradict each other about which back ends are seen.
    """
    there = runfile.live(run_file)
    if there is None:
        return
    who = Identity(pid=there.pid, started=there.started)
    if wire.answers(there) or alive(who):
        hint = f"`headway open` shows it; with another {paths.STATE_DIR} a second one can run"
        raise ConfigError(f"Headway serves already at {there.url}, process {there.pid}", hint)


def named_in(config: Config, now: float) -> list[AnyEvent]:
    """What the settings say of the sources, so that one never reached has its name and URL."""
    return [
        Registered(
            key=join(name),
            at=now,
            observer="settings",
            meta={
                "source_kind": one.kind,
                "url": masked("url", one.url),
                "title": one.title or name,
            },
        )
        for name, one in config.sources.items()
    ]


def sources_of(config: Config) -> list[ComfyUI]:
    """The sources that the settings name."""
    return [
        ComfyUI(
            ComfyUISettings(
                name=name,
                url=one.url,
                title=one.title,
                poll=one.poll,
                logs=one.logs,
                keep_prompts=one.keep_prompts,
            )
        )
        for name, one in config.sources.items()
    ]

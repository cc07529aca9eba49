"""`headway serve`: settings → store → plane → door, until somebody asks it to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import time
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import NoReturn

from headway.actions.contract import Actor
from headway.cli import codes, wire
from headway.cli.backends import KINDS, actor_of
from headway.cli.finding import Discovery
from headway.cli.output import say
from headway.cli.settings import loaded
from headway.cli.watching import Watching
from headway.config import Config, masked
from headway.errors import ConfigError
from headway.host import lock, paths, runfile
from headway.host.drives import is_network
from headway.host.process import Identity, alive
from headway.host.signals import stopping
from headway.model.events import AnyEvent, Registered
from headway.model.keys import join
from headway.plane import Plane
from headway.server.serve import Serving
from headway.server.serve import serve as door
from headway.store.mark import high_water, leave_mark
from headway.store.sqlite import SqliteStore
from headway.transport.left import folder_in, left

LOOK, LOOKS = 0.05, 100  # seconds between looks where a server is that has the lock; how many
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
        # Where nobody sits at a terminal it goes to a log, which is no place for a token.
        own = sys.stdout.isatty()
        say("the page, with your own rights:" if own else "the page; `headway open` opens it:")
        print(serving.page if own else serving.url, flush=True)
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
    async with alone(directory), _running(config, directory) as serving:
        yield serving


@asynccontextmanager
async def _running(config: Config, directory: str) -> AsyncIterator[Serving]:
    run_file = paths.run_file(directory)
    mark = paths.mark_file(directory)
    store = SqliteStore.open(
        paths.store_file(directory),
        durability=config.store.durability,
        high_water=high_water(mark),
        is_network=is_network,
    )
    watching = Watching(directory)
    plane = Plane(
        store,
        sources=watching.named(config.sources),
        settings=config.plane,
        discover=Discovery(watching=watching),
        left=lambda: left(folder_in(directory), "", time.time()),
    )
    watching.live = plane.live
    try:
        async with (
            plane,
            door(
                plane, config.server, run_file=run_file, actors=lambda: actors_of(plane, config)
            ) as serving,
        ):
            leave_mark(mark, store.cursor())
            await plane.report(named_in(config, time.time()))
            yield serving
    finally:
        leave_mark(mark, store.cursor())


def actors_of(plane: Plane, config: Config) -> list[Actor]:
    """The back ends that can be acted on: those that are watched."""
    tokens = {name: one.token for name, one in config.sources.items()}
    return [
        actor_of(one.kind, one.name, getattr(one, "url", ""), token=tokens.get(one.name, ""))
        for one in plane.sources
        if one.kind in KINDS
    ]


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


@asynccontextmanager
async def alone(directory: str) -> AsyncIterator[None]:
    """Be the only server of that state directory, also of two that start at once.

    Raises: ConfigError that says who is it already.
    """
    path = paths.lock_file(directory)
    with ExitStack() as stack:
        try:
            stack.enter_context(lock.held(path))
        except lock.Taken as taken:
            await _refuse(taken.pid, paths.run_file(directory))
        except OSError as error:
            hint = f"choose another directory with {paths.STATE_DIR}"
            raise ConfigError(f"cannot lock {path}: {error.strerror}", hint) from error
        yield


async def _refuse(holder: int, run_file: str) -> NoReturn:
    # It has the lock before it says where it is.
    for _ in range(LOOKS):
        refuse_second(run_file)
        await asyncio.sleep(LOOK)
    who = f"process {holder}" if holder else "another process"
    raise ConfigError(f"Headway starts already, {who}", "wait for it, or end that process")


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

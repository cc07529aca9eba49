"""What a node class is, what it may do while it runs, and what it hands back.

Rule 1: a node reports through its NodeRun and in no other way; what reaches whom is not its
    business.
Rule 2: an interrupt is felt at the next report or at the next node's start, and never inside a
    silent wait.
"""

import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

from headway.sim.comfyui.files import Files
from headway.sim.comfyui.log import Bar
from headway.sim.comfyui.version import Version


class Interrupted(Exception):
    """Somebody asked for the running prompt to stop."""


@dataclass(frozen=True)
class Blocked:
    """A value that must not be used.

    Its consumer fails with the reason, and the run goes on as if it had not.
    """

    reason: str | None


@dataclass(frozen=True)
class Made:
    """What a node hands back: values, what the page shows of it, or a graph to run in its place."""

    values: tuple[Any, ...] = ()
    shown: dict[str, Any] | None = None
    expands_to: Mapping[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Picture:
    """A stand-in for a latent or an image tensor."""

    width: int
    height: int
    batch: int = 1
    seed: int = 0

    @property
    def area(self) -> float:
        """Pixels of all pictures of the batch, in units of one 512x512 picture."""
        return self.width * self.height * self.batch / 512**2

    def __str__(self) -> str:
        return f"tensor([{self.batch}, {self.height}, {self.width}, 3])"


@dataclass(frozen=True)
class Model:
    """A stand-in for a model, a text encoder or a VAE.

    One that is made anew, after its loader fell out of the cache, has to be brought to
    the device anew.
    """

    kind: str
    origin: str  # the checkpoint, and the LoRAs on top of it
    megabytes: float
    number: int = field(default_factory=count().__next__)


class Host(Protocol):
    """What a running node asks of the run it is part of."""

    files: Files
    rng: random.Random
    temp_name: str
    version: Version

    def seconds(self, what: str) -> float: ...
    async def spend(self, seconds: float) -> None: ...
    def say(self, line: str) -> None: ...
    def open_bar(self, total: int | None) -> Bar: ...
    def report(self, node: str, value: float, maximum: float, picture: bytes | None) -> None: ...
    def show_text(self, node: str, words: str) -> None: ...
    def raise_if_interrupted(self) -> None: ...
    def first_use(self, model: str) -> bool: ...


class NodeRun:
    """One run of one node."""

    def __init__(self, node: str, host: Host) -> None:
        self.node = node
        self.host = host

    async def work(self, what: str, times: float = 1.0) -> None:
        """Spend what the table of seconds says, that many times."""
        await self.host.spend(self.host.seconds(what) * times)

    def report(self, value: float, maximum: float, picture: bytes | None = None) -> None:
        """Say how far this node is. Raises Interrupted if somebody asked for that."""
        self.host.raise_if_interrupted()
        self.host.report(self.node, value, maximum, picture)

    @contextmanager
    def bar(self, total: int | None) -> Iterator[Bar]:
        """A bar on the console, closed whatever happens."""
        bar = self.host.open_bar(total)
        try:
            yield bar
        finally:
            bar.close()

    async def use(self, model: Model) -> None:
        """Bring a model to the device: some time and two lines, unless it is there already."""
        if not self.host.first_use(f"{model.kind} of {model.origin}, {model.number}"):
            return
        self.host.say(f"Requested to load {model.kind}")
        await self.work("loading")
        self.host.say(f"loaded completely;  {model.megabytes:.2f} MB loaded, full load: True")


Run = Callable[..., Awaitable[Made]]
Inputs = Mapping[str, list[Any]]


@dataclass(frozen=True)
class NodeClass:
    """One entry of /object_info.

    Inputs are written as there: `[type, options]` or `[[choices], options]`.
    """

    run: Run
    inputs: Inputs = field(default_factory=dict)
    makes: tuple[str, ...] = ()
    is_output: bool = False
    is_async: bool = False  # such nodes run beside others
    hidden: tuple[str, ...] = ()  # inputs that the server adds; told only when the node fails

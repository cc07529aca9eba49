"""What one run of a prompt asks of the life of the server that it is part of.

Rule 1: a run knows no more of the server than this; `life` holds all of it, and starts runs.
"""

import random
from collections.abc import Iterable, Mapping
from typing import Protocol

from headway.sim.comfyui.change import Change
from headway.sim.comfyui.custom_nodes import Comfy
from headway.sim.comfyui.files import Files
from headway.sim.comfyui.log import Log
from headway.sim.comfyui.node import Made, NodeClass
from headway.sim.comfyui.pace import Pace
from headway.sim.comfyui.sockets import Sockets
from headway.sim.comfyui.version import Version


class World(Protocol):
    """The surroundings of a run. What is not read only, runs change."""

    interrupt_asked: bool
    cache: dict[str, Made]
    loaded: set[str]

    @property
    def version(self) -> Version: ...
    @property
    def pace(self) -> Pace: ...
    @property
    def files(self) -> Files: ...
    @property
    def rng(self) -> random.Random: ...
    @property
    def classes(self) -> Mapping[str, NodeClass]: ...
    @property
    def previews(self) -> bool: ...
    @property
    def change(self) -> Change: ...
    @property
    def sockets(self) -> Sockets: ...
    @property
    def log(self) -> Log: ...
    @property
    def comfy(self) -> Comfy: ...
    @property
    def temp_name(self) -> str: ...

    def keep_cached(self, signatures: Iterable[str]) -> None:
        """Forget every result but these."""
        ...

"""Back ends that nobody configured."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from headway.cli.finding import Discovery
from headway.cli.watching import Watching
from headway.fold.folding import fold
from headway.fold.views import view
from headway.sources.comfyui import ComfyUI, Settings
from headway.sources.discovery import USUAL, Candidate, Found

COMFY, _, SWARM, *_ = USUAL


class Machine:
    """What answers on a machine, and what it was asked."""

    def __init__(self, *here: Candidate) -> None:
        self.here = list(here)
        self.asked: list[str] = []

    async def look(self, candidates: Iterable[Candidate]) -> list[Found]:
        self.asked = [one.url for one in candidates]
        return [Found(one.kind, one.url, one.kind) for one in self.here if one.url in self.asked]


def watched(name: str, url: str) -> ComfyUI:
    return ComfyUI(Settings(name=name, url=url))


async def test_a_comfyui_is_watched_from_now_on() -> None:
    machine = Machine(COMFY)

    sources, events = await Discovery(looks=machine.look)([])

    assert [(one.name, one.kind) for one in sources] == [("comfyui", "comfyui")]
    assert events == []


async def test_what_is_watched_under_another_name_of_this_machine_is_not_asked_again() -> None:
    machine = Machine(COMFY)

    sources, _ = await Discovery(looks=machine.look)([watched("mine", "http://localhost:8188")])

    assert sources == []
    assert COMFY.url not in machine.asked


async def test_a_name_that_is_taken_by_another_machine_gets_its_port() -> None:
    machine = Machine(COMFY)

    sources, _ = await Discovery(looks=machine.look)([watched("comfyui", "http://far:8188")])

    assert [one.name for one in sources] == ["comfyui-8188"]


async def test_what_cannot_be_watched_yet_is_listed_once_and_never_asked_to_log_in() -> None:
    machine = Machine(SWARM)
    discovery = Discovery(looks=machine.look, clock=lambda: 5.0)
    entities: dict[str, Any] = {}

    _, first = await discovery([])
    _, again = await discovery([])
    for event in first:
        fold(entities, event)

    seen: Any = view(entities["swarmui"])
    assert again == []
    assert (seen.seen, seen.readings["watched"]) == (True, False)
    assert seen.meta["url"] == SWARM.url


async def test_what_went_away_is_told_once() -> None:
    machine = Machine(SWARM)
    discovery = Discovery(looks=machine.look, clock=lambda: 5.0)
    await discovery([])
    machine.here.clear()

    _, gone = await discovery([])
    _, again = await discovery([])

    assert [getattr(one, "presence", None) for one in gone] == ["missing"]
    assert again == []


async def test_a_swarmui_is_watched_where_its_session_can_be_kept(tmp_path: Path) -> None:
    machine = Machine(SWARM)
    watching = Watching(str(tmp_path))

    sources, events = await Discovery(looks=machine.look, watching=watching)([])

    assert [(one.name, one.kind) for one in sources] == [("swarmui", "swarmui")]
    assert events == []

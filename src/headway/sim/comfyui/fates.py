"""What really became of each prompt: the simulation's own account, which no client can read.

Rule 1: it is written by those who do it, when they do it; nothing is concluded from anything.
Rule 2: nothing that a client does, a cleared history or a restart takes any of it back.
"""

from collections.abc import Callable
from dataclasses import dataclass

from headway.sim.comfyui.prompts import Item

#: how the account of a run ended -> what became of the prompt
ENDS = {
    "execution_success": "succeeded",
    "execution_error": "failed",
    "execution_interrupted": "cancelled",
}


@dataclass
class Fate:
    """One prompt. Times are the simulation's; None is not yet, or never.

    `end`: "" while it waits or runs, else succeeded, failed, cancelled (interrupted),
    deleted (while it waited) or lost (the server died). `readable_at`: when it came into the
    history. `life`: which start of the server it belongs to, from 0.
    """

    item: Item
    life: int
    accepted_at: float
    began_at: float | None = None
    ended_at: float | None = None
    readable_at: float | None = None
    end: str = ""

    @property
    def prompt_id(self) -> str:
        return self.item[1]


class Fates:
    """Those of all prompts since the first start."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._all: dict[int, Fate] = {}  # by the item itself: ids may be used twice
        self.life = 0

    @property
    def items(self) -> list[Item]:
        """All that were accepted, in the order of their coming."""
        return [fate.item for fate in self._all.values()]

    @property
    def all(self) -> list[Fate]:
        """The fates, in the same order."""
        return [*self._all.values()]

    def of(self, prompt_id: str) -> list[Fate]:
        """Every use of that id, oldest first."""
        return [fate for fate in self._all.values() if fate.prompt_id == prompt_id]

    def unfinished(self) -> list[Fate]:
        """Those that wait or run."""
        return [fate for fate in self._all.values() if not fate.end]

    def accepted(self, item: Item) -> None:
        self._all[id(item)] = Fate(item, self.life, self._clock())

    def began(self, item: Item) -> None:
        self._all[id(item)].began_at = self._clock()

    def ended(self, item: Item, kind: str) -> None:
        """`kind`: the last event of its run."""
        self._end(self._all[id(item)], ENDS[kind])

    def readable(self, item: Item) -> None:
        self._all[id(item)].readable_at = self._clock()

    def removed(self, item: Item) -> None:
        self._end(self._all[id(item)], "deleted")

    def died(self) -> None:
        """The process is gone, and with it all that was unfinished."""
        for fate in self.unfinished():
            self._end(fate, "lost")
        self.life += 1

    def _end(self, fate: Fate, end: str) -> None:
        fate.end, fate.ended_at = end, self._clock()

"""How far each node of the running prompt is, as `progress_state` tells it.

Rule 1: a node appears when it starts and stays to the end of the prompt; pending nodes are not
    mentioned.
Rule 2: a node that never reports counts 0.0 of 1.0, then 1.0 of 1.0; a reporting one keeps its own
    counts.
Rule 3: with the throttle (since 0.9.2), a bar speaks at most ten times a second and only of at
    least half a percent of change; its first and last word, and any with a picture, are always
    said.
"""

from typing import Any

SPOKEN_EVERY = 0.1  # seconds, at speed 1.0
SPOKEN_CHANGE = 0.005  # of the whole bar


class Ids:
    """The names under which a node is spoken of.

    One made by another node is shown as that one, which also counts as its real node.
    """

    def __init__(self, node: str, *, parent: str | None = None, display: str | None = None) -> None:
        self.node = node
        self.parent = parent
        self.display = display or node

    def in_progress(self, prompt_id: str) -> dict[str, Any]:
        return {
            "node_id": self.node,
            "prompt_id": prompt_id,
            "display_node_id": self.display,
            "parent_node_id": self.parent,
            "real_node_id": self.display,
        }

    def in_history(self) -> dict[str, Any]:
        return {
            "node_id": self.node,
            "display_node": self.display,
            "parent_node": self.parent,
            "real_node_id": self.display,
        }


class Progress:
    """The state of the nodes of one prompt."""

    def __init__(self, prompt_id: str) -> None:
        self._prompt_id = prompt_id
        self._nodes: dict[str, dict[str, Any]] = {}

    def start(self, ids: Ids, *, value: float = 0.0, maximum: float = 1.0) -> None:
        self._nodes[ids.node] = {
            "value": value,
            "max": maximum,
            "state": "running",
            **ids.in_progress(self._prompt_id),
        }

    def update(self, node: str, value: float, maximum: float) -> None:
        self._nodes[node].update(value=value, max=maximum)

    def finish(self, node: str) -> None:
        entry = self._nodes[node]
        entry.update(value=entry["max"], state="finished")

    def snapshot(self) -> dict[str, Any]:
        """The data of a `progress_state` message; later changes do not reach into it."""
        return {
            "prompt_id": self._prompt_id,
            "nodes": {node: dict(entry) for node, entry in self._nodes.items()},
        }


class Throttle:
    """Decides which words of one bar are said."""

    def __init__(self, *, speed: float) -> None:
        self._every = SPOKEN_EVERY / speed
        self._said: tuple[float, float] | None = None

    def lets(self, value: float, maximum: float, *, now: float, picture: bool) -> bool:
        """Whether this word is said; if so it becomes the one to compare with."""
        if self._said is None or value >= maximum or picture:
            said = True
        else:
            when, before = self._said
            said = now - when >= self._every and abs(value - before) >= SPOKEN_CHANGE * maximum
        if said:
            self._said = (now, value)
        return said

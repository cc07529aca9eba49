"""The account of one run: what is said while it lasts, to whom, and what the history keeps of it.

Rule 1: a node's account is progress_state (running), executing, its reports, executed if it shows
    something, progress_state (finished). A report is progress_state, progress, then the picture;
    a picture with metadata comes before progress.
Rule 2: start, cached and end carry a time and are kept for the history, heard or unheard.
Rule 3: there is one end; of two asynchronous nodes that fail, the first decides.
"""

from typing import Any

from headway.sim.comfyui.messages import HEARD_BY_ALL_WITHOUT_OWNER
from headway.sim.comfyui.progress import Ids, Progress, Throttle
from headway.sim.comfyui.prompts import Item
from headway.sim.comfyui.world import World

#: end -> what the history calls it
ENDINGS = {
    "execution_success": "success",
    "execution_error": "error",
    "execution_interrupted": "error",
}


class Account:
    """What is told of one queue item, within one life of the server."""

    def __init__(self, item: Item, life: World) -> None:
        self.prompt_id, self._extra_data = item[1], item[3]
        self.owner: str | None = item[3].get("client_id")
        self.last_node: str | None = None  # the node that a reconnecting owner is told
        self.end: str | None = None
        self.registry: Any = None  # what custom nodes see of its progress
        self._life = life
        self._progress = Progress(self.prompt_id)
        self._throttles: dict[tuple[str, float], Throttle] = {}
        self._shown: dict[str, dict[str, Any]] = {}
        self._meta: dict[str, dict[str, Any]] = {}
        self._messages: list[tuple[str, dict[str, Any]]] = []

    def entry(self) -> dict[str, Any]:
        """What the history keeps of this run, beside the item itself."""
        assert self.end is not None, "an entry is made when the run is over"
        status = {
            "status_str": ENDINGS[self.end],
            "completed": self.end == "execution_success",
            "messages": self._messages,
        }
        return {"outputs": self._shown, "status": status, "meta": self._meta}

    # the run

    def started(self) -> None:
        self._record("execution_start", self._timed())

    def cached(self, nodes: list[str]) -> None:
        self._record("execution_cached", {"nodes": nodes, **self._timed()})

    def ended(self, kind: str, **data: Any) -> None:
        if self.end is None:
            self.end = kind
            timed = self._timed()
            self._record(kind, {"prompt_id": timed.pop("prompt_id"), **data, **timed})

    # a node

    def began(self, ids: Ids) -> None:
        self._progress.start(ids)
        self.registry.start_progress(ids.node)
        self._tell_progress()
        self.tell("executing", self._named(ids))
        self.last_node = ids.node

    def reused(self, ids: Ids, shown: dict[str, Any] | None) -> None:
        """A cached node is done at once. Without an owner some versions forget its outputs."""
        has = self._life.version.has
        forgets = has("cached_outputs_lost") and not has("cached_outputs_kept")
        if shown is not None and (self.owner is not None or not forgets):
            self.shown(ids, shown)
        self._progress.start(ids, value=1, maximum=1)
        self.left(ids)

    def shown(self, ids: Ids, output: dict[str, Any]) -> None:
        self._shown[ids.node] = output
        self._meta[ids.node] = ids.in_history()
        prompt_id = {"prompt_id": self.prompt_id}
        names = {"node": ids.node, "display_node": ids.display}
        self.tell("executed", {**names, "output": output, **prompt_id})

    def left(self, ids: Ids) -> None:
        self._progress.finish(ids.node)
        self.registry.finish_progress(ids.node)
        self._tell_progress()

    def reported(self, ids: Ids, value: float, maximum: float, picture: bytes | None) -> None:
        if not self._previews():
            picture = None
        if not self._spoken(ids.node, value, maximum, picture=picture is not None):
            return
        self._progress.update(ids.node, value, maximum)
        self.registry.update_progress(ids.node, value, maximum)
        self._tell_progress()
        sockets = self._life.sockets
        modern = sockets.wants_metadata(self.owner)
        if picture is not None and modern:
            sockets.send_preview_with_metadata(
                picture, ids.in_progress(self.prompt_id), owner=self.owner
            )
        counts = {"value": value, "max": maximum}
        self.tell("progress", {**counts, "prompt_id": self.prompt_id, "node": ids.node})
        if picture is not None and not modern:
            sockets.send_preview(picture, owner=self.owner)

    def tell(self, kind: str, data: dict[str, Any], *, even_without_owner: bool = False) -> None:
        unowned = self.owner is None and kind not in HEARD_BY_ALL_WITHOUT_OWNER
        if not unowned or even_without_owner:
            self._life.sockets.send(kind, data, to=self.owner)

    # words

    def _record(self, kind: str, message: dict[str, Any]) -> None:
        self._messages.append((kind, message))
        self._life.comfy.say(kind, message)
        self.tell(kind, message)

    def _tell_progress(self) -> None:
        to = self.owner if self._life.version.has("progress_state_to_owner") else None
        self._life.sockets.send("progress_state", self._progress.snapshot(), to=to)

    def _timed(self) -> dict[str, Any]:
        return {"prompt_id": self.prompt_id, "timestamp": self._life.pace.stamp()}

    def _named(self, ids: Ids) -> dict[str, Any]:
        return {"node": ids.node, "display_node": ids.display, "prompt_id": self.prompt_id}

    def _spoken(self, node: str, value: float, maximum: float, *, picture: bool) -> bool:
        if not self._life.version.has("progress_throttle"):
            return True
        new = Throttle(speed=self._life.pace.speed)
        throttle = self._throttles.setdefault((node, maximum), new)
        return throttle.lets(value, maximum, now=self._life.pace.now(), picture=picture)

    def _previews(self) -> bool:
        """Whether pictures are sent: as the prompt asks if it can ask, else as the server does."""
        can_ask = self._life.version.has("preview_method_per_prompt")
        asked = self._extra_data.get("preview_method") if can_ask else None
        return self._life.previews if asked in (None, "default") else asked != "none"

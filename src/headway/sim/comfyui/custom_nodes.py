"""What a custom node finds when the simulated server loads it: objects with ComfyUI's names.

Rule 1: the simulation does its own work through them, where the real server works through its own:
    who wraps a method of them sees what it would see there.
Rule 2: they are made anew for each life of the server, and so is what wraps them.
Rule 3: of a name only what extensions are known to use is here; the rest is absent, not faked.
"""

import asyncio
import itertools
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web

from headway.sim.comfyui.progress import Ids
from headway.sim.comfyui.prompts import Item, PromptQueue

if TYPE_CHECKING:
    from headway.sim.comfyui.life import Life


class Queue:
    """`execution.PromptQueue`, by its names. `currently_running`: items by the count of runs."""

    def __init__(self, queue: PromptQueue) -> None:
        self.mutex = threading.RLock()
        self.currently_running: dict[int, Item] = {}
        self._queue = queue
        self._put, self._pop, self._done = queue.put, queue.pop, queue.done
        self._delete, self._clear = queue.delete, queue.clear
        self._runs = itertools.count()

    @property
    def queue(self) -> list[Item]:
        return self._queue.pending

    def put(self, item: Item) -> None:
        self._put(item)

    def get(self, timeout: float | None = None) -> tuple[Item, int]:
        item, run = self._pop(), next(self._runs)
        self.currently_running[run] = item
        return item, run

    def task_done(self, item_id: int, history_result: dict[str, Any], status: Any = None) -> None:
        self._done(self.currently_running.pop(item_id), history_result)

    def delete_queue_item(self, function: Callable[[Item], bool]) -> None:
        found = next((item for item in self.queue if function(item)), None)
        if found is not None:
            self._delete(found[1])

    def wipe_queue(self) -> None:
        self._clear()

    def take_over(self) -> None:
        """Let all that the simulation does with its queue go through here."""
        through: dict[str, Callable[..., Any]] = {
            "put": lambda item: self.put(item),
            "pop": lambda: self.get()[0],
            "done": lambda item, entry: self.task_done(self._run_of(item), entry),
            "delete": lambda native: self.delete_queue_item(lambda item: item[1] == native),
            "clear": lambda: self.wipe_queue(),
        }
        for name, way in through.items():
            setattr(self._queue, name, way)

    def _run_of(self, item: Item) -> int:
        return next(run for run, one in self.currently_running.items() if one is item)


class PromptExecutor:
    """`execution.PromptExecutor`: it says what happens to the prompt that runs."""

    def add_message(self, event: str, data: dict[str, Any], broadcast: bool) -> None: ...


class DynamicPrompt:
    """The graph of the prompt that runs, with what it grew on its way."""

    def __init__(self, graph: Mapping[str, dict[str, Any]], ids: Mapping[str, Ids]) -> None:
        self._graph, self._ids = graph, ids

    def get_node(self, node_id: str) -> dict[str, Any]:
        return self._graph[node_id]

    def get_parent_node_id(self, node_id: str) -> str | None:
        return self._ids[node_id].parent


class ProgressRegistry:
    """`comfy_execution.progress.ProgressRegistry`: how far each node of one prompt is."""

    def __init__(self, prompt_id: str, dynprompt: DynamicPrompt) -> None:
        self.prompt_id, self.dynprompt = prompt_id, dynprompt
        self.nodes: dict[str, dict[str, Any]] = {}

    def start_progress(self, node_id: str) -> None:
        self.nodes[node_id] = {"state": "running", "value": 0.0, "max": 1.0}

    def update_progress(
        self, node_id: str, value: float, max_value: float, image: object = None
    ) -> None:
        self.nodes[node_id] = {"state": "running", "value": value, "max": max_value}

    def finish_progress(self, node_id: str) -> None:
        top = self.nodes.get(node_id, {}).get("max", 1.0)
        self.nodes[node_id] = {"state": "finished", "value": top, "max": top}


class PromptServer:
    """`server.PromptServer`, as far as routes and the loop go."""

    def __init__(self, queue: Queue) -> None:
        self.loop = asyncio.get_running_loop()
        self.routes = web.RouteTableDef()
        self.prompt_queue = queue


class Comfy:
    """One life's objects; the classes are this life's own."""

    def __init__(self, life: "Life") -> None:
        self.queue = Queue(life.queue)
        self.PromptExecutor = type("PromptExecutor", (PromptExecutor,), {})
        self.ProgressRegistry = type("ProgressRegistry", (ProgressRegistry,), {})
        self.registry: Any = None
        self.server: PromptServer | None = None

    @property
    def routes(self) -> list[web.RouteDef]:
        """What custom nodes added, each as it is and under /api."""
        added = list(self.server.routes) if self.server is not None else []
        plain = [route for route in added if isinstance(route, web.RouteDef)]
        doubled = [web.route(one.method, f"/api{one.path}", one.handler) for one in plain]
        return plain + doubled

    def load(self, custom_node: Callable[["Comfy"], object]) -> None:
        """Load a custom node: from now on what it wraps is gone through."""
        if self.server is None:
            self.server = PromptServer(self.queue)
            self.queue.take_over()
        custom_node(self)

    def began(self, item: Item, graph: Mapping[str, dict[str, Any]], ids: Mapping[str, Ids]) -> Any:
        """The registry of a prompt that begins."""
        self.registry = self.ProgressRegistry(item[1], DynamicPrompt(graph, ids))
        return self.registry

    def say(self, event: str, data: dict[str, Any]) -> None:
        """The executor said this."""
        self.PromptExecutor().add_message(event, data, broadcast=False)


CustomNode = Callable[[Comfy], object]

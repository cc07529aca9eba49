"""One prompt from its start to its end: which nodes run, in which order, with what.

Rule 1: nodes run one after another; asynchronous ones run beside them.
Rule 2: a cached node is silent unless it is an output; that one says executed and finished 1 of 1.
Rule 3: the cache knows the nodes of the last prompt only, also those of a prompt that failed.
Rule 4: a blocked value makes its consumer say execution_error, and the prompt succeeds even so.
Rule 5: a node may be replaced by others; it runs until they are done and has their value then.
"""

import asyncio
import traceback
from typing import Any

from headway.sim.comfyui import graph as graphs
from headway.sim.comfyui.account import Account
from headway.sim.comfyui.files import Outside
from headway.sim.comfyui.log import Bar
from headway.sim.comfyui.node import Blocked, Interrupted, Made, NodeClass, NodeRun
from headway.sim.comfyui.progress import Ids
from headway.sim.comfyui.prompts import Item
from headway.sim.comfyui.world import World


class Cycle(Exception):
    """Nodes that wait for each other."""


class Execution:
    """The run of one queue item within one life of the server, and the host of its nodes."""

    def __init__(self, item: Item, life: World) -> None:
        self.account = Account(item, life)
        self.files, self.rng, self.temp_name = life.files, life.rng, life.temp_name
        self.version = life.version
        self.seconds, self.spend = life.pace.seconds, life.pace.spend
        self._life = life
        self._graph = {node: dict(entry) for node, entry in item[2].items()}
        self._outputs = item[4]
        self._ids = {node: Ids(node) for node in self._graph}
        self.account.registry = life.comfy.began(item, self._graph, self._ids)
        self._signatures = graphs.signatures(self._graph)
        self._values: dict[str, tuple[Any, ...]] = {}  # of nodes that are done
        self._made_of: dict[str, list[str]] = {}  # a node -> the nodes it was replaced by
        self._waiting: list[str] = []
        self._executed: list[str] = []

    async def run(self) -> None:
        """Run the prompt to one of its ends."""
        self.account.started()
        self._life.keep_cached(self._signatures.values())
        cached = [node for node in self._graph if self._cached(node)]
        self.account.cached(cached)
        self._values |= {node: self._life.cache[self._signatures[node]].values for node in cached}
        self._waiting = graphs.needed(self._graph, self._outputs, cached=self._cached)
        await self._run_nodes()
        self.account.ended("execution_success")

    # the nodes

    async def _run_nodes(self) -> None:
        async with asyncio.TaskGroup() as group:
            beside: list[asyncio.Task[None]] = []
            while self._waiting and self.account.end is None:
                node = self._next()
                if node is None and all(task.done() for task in beside):
                    self._fail(self._waiting[0], {}, Cycle(", ".join(self._waiting)))
                elif node is None:
                    await self._life.change.until(lambda: self.account.end or self._next())
                elif self._class(node).is_async:
                    self._waiting.remove(node)
                    beside.append(group.create_task(self._run_node(node)))
                    await asyncio.sleep(0)  # it begins before a node that takes no time
                else:
                    self._waiting.remove(node)
                    await self._run_node(node)
            if self.account.end is not None:
                for task in beside:
                    task.cancel()

    def _next(self) -> str | None:
        return graphs.next_ready(
            {node: self._blocked_by(node) for node in self._waiting},
            is_output=lambda node: self._class(node).is_output,
            is_async=lambda node: self._class(node).is_async,
        )

    def _blocked_by(self, node: str) -> list[str]:
        before = self._made_of.get(node) or graphs.links(self._graph[node])
        return [other for other in before if other not in self._values]

    async def _run_node(self, node: str) -> None:
        if node in self._made_of:
            self._complete(node, Made(self._values[self._made_of[node][-1]]))
        elif self._cached(node):
            made = self._life.cache[self._signatures[node]]
            self.account.reused(self._ids[node], made.shown)
            self._values[node] = made.values
        else:
            self.account.began(self._ids[node])
            await self._attempt(node)
        self._life.change.happened()

    async def _attempt(self, node: str) -> None:
        inputs = self._inputs(node)
        blocks = [value for value in inputs.values() if isinstance(value, Blocked)]
        try:
            self.raise_if_interrupted()
            if blocks:
                return self._block(node, blocks[0])
            made = await self._class(node).run(NodeRun(node, self), **inputs)
        except Interrupted:
            self._life.log.line("Processing interrupted")
            self.account.ended("execution_interrupted", **self._about(node))
        except Exception as error:  # what a node raises is news about the prompt, as in reality
            self._fail(node, inputs, error)
        else:
            (self._replace if made.expands_to else self._complete)(node, made)

    def _complete(self, node: str, made: Made) -> None:
        self._life.cache[self._signatures[node]] = made
        self._executed.append(node)
        if made.shown is not None:
            self.account.shown(self._ids[node], made.shown)
        self._values[node] = made.values
        self.account.left(self._ids[node])

    def _block(self, node: str, blocked: Blocked) -> None:
        if blocked.reason is not None:
            error = {
                **self._about(node),
                "exception_message": f"Execution Blocked: {blocked.reason}",
                "exception_type": "ExecutionBlocked",
                "traceback": [],
                "current_inputs": [],
                "current_outputs": [],
            }
            told = {"prompt_id": self.account.prompt_id, **error}
            self.account.tell("execution_error", told, even_without_owner=True)
        self._executed.append(node)
        self._values[node] = (Blocked(None),) * len(self._class(node).makes)
        self.account.left(self._ids[node])

    def _replace(self, node: str, made: Made) -> None:
        names = {local: f"{node}.0.0.{local}" for local in made.expands_to}
        for local, name in names.items():
            self._graph[name] = graphs.renamed(made.expands_to[local], names)
            self._ids[name] = Ids(name, parent=node, display=self._ids[node].display)
        self._made_of[node] = list(names.values())
        self._signatures = {**graphs.signatures(self._graph), **self._signatures}
        self._waiting += [*names.values(), node]

    def _fail(self, node: str, inputs: dict[str, Any], error: Exception) -> None:
        hidden = dict.fromkeys(self._class(node).hidden)
        if "prompt" in hidden:
            hidden["prompt"] = self._graph
        self._life.log.line(f"!!! Exception during processing !!! {error}", level="ERROR")
        self._life.log.line("".join(traceback.format_exception(error)), level="ERROR")
        self.account.ended(
            "execution_error",
            **self._about(node),
            exception_message=f"{error}\n",
            exception_type=_kind_of(error),
            traceback=traceback.format_tb(error.__traceback__),
            current_inputs={name: [str(value)] for name, value in (inputs | hidden).items()},
            current_outputs=list(self._graph),
        )

    # what a running node asks for

    def report(self, node: str, value: float, maximum: float, picture: bytes | None) -> None:
        self.account.reported(self._ids[node], value, maximum, picture)

    def raise_if_interrupted(self) -> None:
        if self._life.interrupt_asked:
            self._life.interrupt_asked = False
            raise Interrupted

    def say(self, line: str) -> None:
        self._life.log.line(line)

    def show_text(self, node: str, words: str) -> None:
        self._life.sockets.send_text(node, words)

    def open_bar(self, total: int | None) -> Bar:
        pace = self._life.pace
        return Bar(self._life.log, total, clock=pace.now, speed=pace.speed)

    def first_use(self, model: str) -> bool:
        first = model not in self._life.loaded
        self._life.loaded.add(model)
        return first

    # lookups

    def _about(self, node: str) -> dict[str, Any]:
        node_type = self._graph[node]["class_type"]
        return {"node_id": node, "node_type": node_type, "executed": [*self._executed]}

    def _cached(self, node: str) -> bool:
        return self._signatures[node] in self._life.cache

    def _class(self, node: str) -> NodeClass:
        return self._life.classes[self._graph[node]["class_type"]]

    def _inputs(self, node: str) -> dict[str, Any]:
        """The inputs that the class knows, with links replaced by what they lead to."""
        return {
            name: self._values[value[0]][value[1]] if graphs.is_link(value) else value
            for name, value in self._graph[node].get("inputs", {}).items()
            if name in self._class(node).inputs
        }


def _kind_of(error: Exception) -> str:
    """The name of its class, with the module unless it is built in; ours pass as plain ones."""
    kind = type(error)
    if isinstance(error, Outside | Cycle):
        return "Exception"
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"

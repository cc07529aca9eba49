"""The messages of the status socket, each as one small value.

Rule 1: a table of kinds, no ladder; a kind that is not in it is skipped by name.
Rule 2: of a `progress_state` each node is judged alone: one bad node costs no other.
Rule 3: binary frames (previews, texts) are for the submitter's eyes: never opened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from headway.dialects.comfyui.graph import step_id
from headway.dialects.comfyui.wire import (
    Skip,
    decode,
    ident,
    listed,
    mapping,
    number,
    short,
    whole,
)


class Status(msgspec.Struct, frozen=True):
    """Something changed; so many wait or run now. None: it does not say.

    `greeting`: the first frame of a socket, which tells of no change.
    """

    remaining: int | None
    greeting: bool = False


class NodeState(msgspec.Struct, frozen=True):
    """One node of a progress_state. `parent` is the node it was expanded from, or ""."""

    step: str
    done: float
    total: float
    running: bool
    parent: str = ""


class NodeStates(msgspec.Struct, frozen=True):
    """All nodes of a prompt that began."""

    native: str
    nodes: list[NodeState]
    skipped: list[str] = []


class BarMoved(msgspec.Struct, frozen=True):
    """A bar of one node."""

    native: str
    step: str
    done: float
    total: float


class NodeBegan(msgspec.Struct, frozen=True):
    """A node runs; "" = none any more: the prompt is over."""

    native: str
    step: str


class NodeEnded(msgspec.Struct, frozen=True):
    """A node showed its result."""

    native: str
    step: str


class Began(msgspec.Struct, frozen=True):
    """The prompt began. `stamp` in milliseconds of the server's clock."""

    native: str
    stamp: float | None


class WereCached(msgspec.Struct, frozen=True):
    """These nodes need not run."""

    native: str
    steps: list[str]
    stamp: float | None


class Over(msgspec.Struct, frozen=True):
    """The prompt came to an end: succeeded, failed or cancelled."""

    native: str
    outcome: str
    stamp: float | None


class Lines(msgspec.Struct, frozen=True):
    """Console entries: (the server's own time, text)."""

    entries: list[tuple[str, str]]


class Nothing(msgspec.Struct, frozen=True):
    """A message that says nothing about jobs."""


Frame = (
    Status | NodeStates | BarMoved | NodeBegan | NodeEnded | Began | WereCached | Over | Lines
    | Nothing
)  # fmt: skip


def read_frame(data: bytes | str) -> Frame | Skip:
    """The message of one text frame."""
    value = decode(data)
    if isinstance(value, Skip):
        return Skip(f"frame: {value.reason}")
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        return Skip("frame: no type")
    reader = READERS.get(value["type"])
    if reader is None:
        return Skip(f"frame: unknown type {short(value['type'])}")
    found = reader(mapping(value.get("data")))
    return Skip(f"frame: {value['type']} without its fields") if found is None else found


def read_entries(body: bytes) -> Lines | Skip:
    """The console entries of an answer of /internal/logs/raw."""
    value = decode(body)
    return value if isinstance(value, Skip) else _lines(mapping(value))


def _status(data: dict[str, Any]) -> Frame:
    counted = mapping(mapping(data.get("status")).get("exec_info")).get("queue_remaining")
    remaining = whole(counted)
    known = remaining if remaining is not None and remaining >= 0 else None
    return Status(known, "sid" in data)


def _node_states(data: dict[str, Any]) -> Frame | None:
    native = ident(data.get("prompt_id"))
    nodes = data.get("nodes")
    if native is None or not isinstance(nodes, dict):
        return None
    found = [(node, _node_state(node, state)) for node, state in nodes.items()]
    good = [state for _, state in found if state is not None]
    return NodeStates(native, good, ["frame: node state"] * (len(found) - len(good)))


def _node_state(node: str, raw: Any) -> NodeState | None:
    state = mapping(raw)
    bar = _bar(state)
    if not node or bar is None or state.get("state") not in ("running", "finished", "error"):
        return None
    parent = state.get("parent_node_id") or ""
    parent = step_id(parent) if isinstance(parent, str) and parent != node else ""
    return NodeState(step_id(node), *bar, state["state"] == "running", parent)


def _bar(data: dict[str, Any]) -> tuple[float, float] | None:
    done, total = number(data.get("value")), number(data.get("max"))
    return None if done is None or total is None or done < 0 or total < 0 else (done, total)


def _bar_moved(data: dict[str, Any]) -> Frame | None:
    native, node, bar = ident(data.get("prompt_id")), ident(data.get("node")), _bar(data)
    if native is None or node is None or bar is None:
        return None
    return BarMoved(native, step_id(node), *bar)


def _node_began(data: dict[str, Any]) -> Frame | None:
    native, node = ident(data.get("prompt_id")), data.get("node")
    if native is None:  # what a reconnecting owner is told; nobody else ever hears it
        return Nothing() if ident(node) else None
    if node is not None and ident(node) is None:
        return None
    return NodeBegan(native, step_id(ident(node) or ""))


def _node_ended(data: dict[str, Any]) -> Frame | None:
    native, node = ident(data.get("prompt_id")), ident(data.get("node"))
    return None if native is None or node is None else NodeEnded(native, step_id(node))


def _began(data: dict[str, Any]) -> Frame | None:
    native = ident(data.get("prompt_id"))
    return None if native is None else Began(native, number(data.get("timestamp")))


def _were_cached(data: dict[str, Any]) -> Frame | None:
    native = ident(data.get("prompt_id"))
    steps = [step_id(node) for node in listed(data.get("nodes")) if isinstance(node, str) and node]
    return None if native is None else WereCached(native, steps, number(data.get("timestamp")))


def _over(outcome: str) -> Callable[[dict[str, Any]], Frame | None]:
    def read(data: dict[str, Any]) -> Frame | None:
        native = ident(data.get("prompt_id"))
        if native is None:
            return None
        if data.get("exception_type") == "ExecutionBlocked":
            return Nothing()  # said of one node; the prompt goes on and succeeds
        return Over(native, outcome, number(data.get("timestamp")))

    return read


def _lines(data: dict[str, Any]) -> Lines:
    entries = [one for one in listed(data.get("entries")) if isinstance(one, dict)]
    said = [(one.get("t"), one.get("m")) for one in entries]
    return Lines([(t if isinstance(t, str) else "", m) for t, m in said if isinstance(m, str)])


def _nothing(_data: dict[str, Any]) -> Frame:
    return Nothing()


READERS: dict[str, Callable[[dict[str, Any]], Frame | None]] = {
    "status": _status,
    "progress_state": _node_states,
    "progress": _bar_moved,
    "executing": _node_began,
    "executed": _node_ended,
    "execution_start": _began,
    "execution_cached": _were_cached,
    "execution_success": _over("succeeded"),
    "execution_error": _over("failed"),
    "execution_interrupted": _over("cancelled"),
    "logs": _lines,
    "feature_flags": _nothing,
}

"""Prompts that went straight to a back end's ComfyUI, past SwarmUI and its counts.

Rule 1: a prompt is SwarmUI's if one of its nodes is a class that SwarmUI installs.
Rule 2: of the graphs nothing but that is read: they hold other people's prompts.
"""

from __future__ import annotations

from typing import NamedTuple

from headway.dialects.comfyui.wire import Skip, decode, listed, mapping, text

LARGEST_QUEUE = 64 * 1024 * 1024  # bytes
OWN_CLASSES = "Swarm"  # how SwarmUI's classes begin (SwarmKSampler, SwarmSaveImageWS)


class Queue(NamedTuple):
    """A back end's queue: SwarmUI's prompts, and those of others that run and wait."""

    own: int
    running: int
    waiting: int


def read_queue(body: bytes) -> Queue | Skip:
    """Whose prompts stand in an answer of /queue."""
    value = decode(body, limit=LARGEST_QUEUE)
    if not isinstance(value, dict) or "queue_running" not in value:
        return Skip("queue: not a queue")
    running = [is_own(classes_of(row)) for row in listed(value.get("queue_running"))]
    waiting = [is_own(classes_of(row)) for row in listed(value.get("queue_pending"))]
    own = sum(running) + sum(waiting)
    return Queue(own, len(running) - sum(running), len(waiting) - sum(waiting))


def classes_of(row: object) -> list[str]:
    """The class names of the graph in a row of /queue."""
    graph = mapping(row[2]) if isinstance(row, list) and len(row) > 2 else {}
    return [text(mapping(node).get("class_type")) for node in graph.values()]


def is_own(classes: list[str]) -> bool:
    """Whether such a graph was made by SwarmUI."""
    return any(one.startswith(OWN_CLASSES) for one in classes)

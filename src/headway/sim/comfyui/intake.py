"""What becomes of a submitted graph.

Rule 1: each submission without an explicit number uses one up, even if the graph is refused.
Rule 2: the prompt id is the client's if it gives one, as text and unchecked; a second job may carry
    the same. Since 0.25 it must be a UUID as Python spells it, and null is none given.
Rule 3: a refused graph leaves an answer and console lines, and nothing else: no event, no history.
"""

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from headway.sim.comfyui.life import Life
from headway.sim.comfyui.prompts import SECRETS, Item, is_id
from headway.sim.comfyui.validation import Verdict, validate

NO_PROMPT = {
    "type": "no_prompt",
    "message": "No prompt provided",
    "details": "No prompt provided",
    "extra_info": {},
}
INVALID_ID = {
    "type": "invalid_prompt_id",
    "message": "prompt_id must be a valid UUID",
    "details": "prompt_id must be a UUID in canonical form",
    "extra_info": {},
}


@dataclass(frozen=True)
class Answer:
    """An HTTP status and body, and the queued item if there is one."""

    status: int
    body: dict[str, Any]
    item: Item | None = None


def accept(life: Life, request: Mapping[str, Any], *, rng: random.Random) -> Answer:
    """Judge the body of a POST /prompt and queue it.

    Raises TypeError when it cannot be ordered (and queues it).
    """
    life.log.line("got prompt")
    number = life.queue.take_number(number=request.get("number"), front=bool(request.get("front")))
    if "prompt" not in request:
        return Answer(400, {"error": NO_PROMPT, "node_errors": {}})
    prompt_id = _prompt_id(life, request, rng)
    if prompt_id is None:
        return Answer(400, {"error": INVALID_ID, "node_errors": {}})
    verdict = validate(
        request["prompt"], life.classes, targets=request.get("partial_execution_targets")
    )
    _complain(life, verdict)
    if verdict.error is not None:
        return Answer(400, {"error": verdict.error, "node_errors": verdict.node_errors})
    item = (number, prompt_id, request["prompt"], _extra_data(life, request), verdict.outputs)
    life.fates.accepted(item)
    life.queue.put(item)
    return Answer(
        200, {"prompt_id": prompt_id, "number": number, "node_errors": verdict.node_errors}, item
    )


def _prompt_id(life: Life, request: Mapping[str, Any], rng: random.Random) -> str | None:
    """The id of the new prompt; None where the client's is refused."""
    strict = life.version.has("uuid_prompt_ids")
    given = request.get("prompt_id")
    if "prompt_id" not in request or (strict and given is None):
        return str(uuid.UUID(int=rng.getrandbits(128), version=4))
    return str(given) if not strict or is_id(given) else None


def _extra_data(life: Life, request: Mapping[str, Any]) -> dict[str, Any]:
    hidden = SECRETS if life.version.has("keys_hidden_in_queue") else ()
    extra = {
        key: value for key, value in request.get("extra_data", {}).items() if key not in hidden
    }
    if "client_id" in request:
        extra["client_id"] = request["client_id"]
    if life.version.has("create_time"):
        extra["create_time"] = life.pace.stamp()
    return extra


def _complain(life: Life, verdict: Verdict) -> None:
    error_line = partial(life.log.line, level="ERROR")
    outputs = {
        output for found in verdict.node_errors.values() for output in found["dependent_outputs"]
    }
    for output in sorted(outputs):
        error_line(f"Failed to validate prompt for output {output}:")
        for node, found in verdict.node_errors.items():
            error_line(f"* {found['class_type']} {node}:")
            for error in found["errors"]:
                error_line(f"  - {error['message']}: {error['details']}")
        error_line("Output will be ignored")
    if verdict.error is not None:
        life.log.line(f"invalid prompt: {verdict.error}", level="WARNING")

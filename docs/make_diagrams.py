"""Writes the generated parts of docs/states.md, from the tables and from the fold itself.

    python docs/make_diagrams.py

Rule 1: nothing is drawn by hand: a state diagram is what the fold does when every event
is tried in every state that it can get into.
Rule 2: a generated part stands between its markers; whatever is around it is prose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from headway.fold.folding import FITS, Entities, fold
from headway.fold.groups import bucket_of
from headway.fold.views import view
from headway.model.events import (
    EDGES,
    Ended,
    Event,
    Finishing,
    Progress,
    Queued,
    Registered,
    Started,
    StepEnded,
    StepStarted,
)
from headway.model.keys import JobKey, step_key
from headway.model.words import BASIS_RANK, OUTCOME_RANK, PRESUMED, RESOLVED

PAGE = Path(__file__).with_name("states.md")
JOB = JobKey("source", "id").text
STEP = step_key(JOB, "1")

JOB_EVENTS: dict[str, Event] = {
    "registered": Registered(key=JOB, at=1.0, meta={}),
    "queued": Queued(key=JOB, at=1.0),
    "started": Started(key=JOB, at=1.0),
    "a step or a bar": Progress(key=JOB, at=1.0, done=1.0),
    "finishing": Finishing(key=JOB, at=1.0),
    "failed for now": Ended(key=JOB, at=1.0, outcome="failed", final=False),
    "next attempt started": Started(key=JOB, at=2.0, attempt=2),
    "ended": Ended(key=JOB, at=3.0, outcome="unknown"),
}
STEP_EVENTS: dict[str, Event] = {
    "registered": Registered(key=STEP, at=1.0, meta={}),
    "step started": StepStarted(key=JOB, at=1.0, step="1"),
    "progress": Progress(key=JOB, at=1.0, step="1", done=1.0),
    "step ended": StepEnded(key=JOB, at=2.0, step="1"),
    "step ended, cached": StepEnded(key=JOB, at=2.0, step="1", cached=True),
}

Edges = dict[tuple[str, str], list[str]]


def explore(events: dict[str, Event], state_of: Callable[[Entities], str]) -> Edges:
    """(state, state) → the events that lead there, over every history of these events."""
    edges: dict[tuple[str, str], set[str]] = {}
    known: set[tuple[str, ...]] = {()}
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        heard = waiting.pop()
        for label in events:
            more = tuple(sorted({*heard, label}))  # order and repetition make no difference
            pair = state_of(told(events, heard)), state_of(told(events, more))
            edges.setdefault(pair, set()).add(label)
            if more not in known:
                known.add(more)
                waiting.append(more)
    return {pair: sorted(labels) for pair, labels in sorted(edges.items()) if len(set(pair)) == 2}


def told(events: dict[str, Event], labels: Iterable[str]) -> Entities:
    """What is known after these events."""
    entities: Entities = {}
    for label in labels:
        fold(entities, events[label])
    return entities


def job_state(entities: Entities) -> str:
    """The phase, with all outcomes as one."""
    shown: Any = view(entities[JOB]) if JOB in entities else None
    if shown is None:
        return "[*]"
    return "resolved" if shown.phase in RESOLVED else str(shown.phase)


def step_state(entities: Entities) -> str:
    """The step's phase."""
    shown: Any = view(entities[STEP]) if STEP in entities else None
    return "[*]" if shown is None else str(shown.phase)


def diagram(edges: Edges) -> str:
    """A Mermaid state diagram."""
    lines = [f"    {one} --> {other}: {', '.join(by)}" for (one, other), by in edges.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def job_diagram() -> str:
    """How a job's phase moves. Ends are drawn once: they are possible from everywhere."""
    edges = explore(JOB_EVENTS, job_state)
    inner = {pair: by for pair, by in edges.items() if pair[1] != "resolved"}
    states = sorted({one for one, _ in edges} - {"[*]"})
    drawn = diagram(inner).removesuffix("\n```")
    return "\n".join([drawn, *(f"    {one} --> resolved: ended" for one in states), "```"])


def verdicts() -> str:
    """The order of ends, as the fold ranks them."""
    ranked = [
        *(f"presumed {one}" for one in OUTCOME_RANK if one != "succeeded"),
        *OUTCOME_RANK,
    ]
    return " < ".join(ranked)


def bases() -> str:
    """The order of bases; those that only presume are marked."""
    return " < ".join(f"{one} (presumes)" if one in PRESUMED else one for one in BASIS_RANK)


def counts() -> str:
    """Which count of a group each phase belongs to."""
    phases = ["pending", "queued", "retrying", "running", "finishing", *OUTCOME_RANK]
    rows = [f"| {phase} | {bucket_of(phase)} |" for phase in phases]  # type: ignore[arg-type]
    return "\n".join(["| phase | counted as |", "|---|---|", *rows])


def fitting() -> str:
    """Which events can be about which kind of entity."""
    rows = []
    for kind, kinds in FITS.items():
        edges = ", ".join(sorted(tag(one) for one in kinds & EDGES))
        levels = ", ".join(sorted(tag(one) for one in kinds - EDGES))
        rows.append(f"| {kind} | {edges} | {levels} |")
    return "\n".join(["| entity | edges | levels |", "|---|---|---|", *rows])


def tag(kind: type[Event]) -> str:
    """What the event is called on the wire."""
    info = msgspec.inspect.type_info(kind)
    return str(getattr(info, "tag", ""))


PARTS: dict[str, Callable[[], str]] = {
    "job": job_diagram,
    "step": lambda: diagram(explore(STEP_EVENTS, step_state)),
    "verdicts": verdicts,
    "bases": bases,
    "counts": counts,
    "fitting": fitting,
}


def generated(page: str) -> str:
    """The page with every generated part as it should be now."""
    for name, part in PARTS.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        text = f"{begin}\n{part()}\n{end}"
        page = re.sub(f"{begin}.*?{end}", text, page, flags=re.DOTALL)
    return page


if __name__ == "__main__":
    PAGE.write_text(generated(PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")

"""Histories for the properties: lists of events that collide as often as possible.

Rule 1: few times, few observers, few values: ties and contradictions are the rule.
Rule 2: events are drawn from pools made beforehand, the same in every process, so that
ten thousand histories are cheap and a failing one shrinks to simple events.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import Any, get_args

from hypothesis import strategies as st
from tests.fold.stories import AGAIN, JOB

from headway.model.events import (
    EDGES,
    Activity,
    AnyEvent,
    Ended,
    Event,
    Finishing,
    Position,
    Presence,
    Progress,
    Queued,
    Reading,
    Registered,
    Started,
    StepEnded,
    StepStarted,
)
from headway.model.words import Basis, Outcome

PER_KIND = 96  # events of each kind in a pool
TIMES = (10.0, 11.0, 12.5, 30.0)  # the last makes the others old, for levels
OBSERVERS = ("a", "b")
BASES: tuple[Basis, ...] = get_args(Basis)
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
VALUES: tuple[Any, ...] = (None, 0, 1, 1.0, True, "x", [1], {"b": 1, "a": 2})
METAS: tuple[dict[str, Any], ...] = (
    {},
    {"title": "x"},
    {"title": "y", "group": "g"},
    {"needed": ["1", "2"]},
    {"needed": ["1", "2", "3"], "names": {"1": "KSampler"}},
    {"n": 1},
    {"n": True},
    {"n": 1.0, "outputs": [{"name": "a.png"}]},
    {"needed": 5, "names": [1], "outputs": ["?"]},
)


def every(**fields: Sequence[Any]) -> list[dict[str, Any]]:
    """All combinations of these fields' values."""
    return [dict(zip(fields, values, strict=True)) for values in product(*fields.values())]


BODIES: dict[type[Event], list[dict[str, Any]]] = {
    Registered: every(meta=METAS),
    Queued: [{}],
    Started: [{}],
    Finishing: [{}],
    StepStarted: every(step=["1", "2", "3"], name=["", "KSampler", "VAEDecode"]),
    StepEnded: every(step=["1", "2", "3"], cached=[False, True], name=["", "KSampler"]),
    Ended: every(outcome=OUTCOMES, final=[True, False], why=["", "oom"]),
    Progress: every(
        step=["", "1", "2"], done=[0.0, 1.0, 2.0], total=[None, 3.0, 7.0], run=[0, 1], bar=["", "x"]
    ),
    Position: every(position=[1, 2], of=[None, 5]),
    Activity: every(text=["", "loading", "sampling"]),
    Reading: every(field=["temperature", "stall_limit", "estimate", "cold"], value=VALUES),
    Presence: every(presence=["missing", "seen"]),
}
LEVELS = tuple(kind for kind in BODIES if kind not in EDGES)


@cache
def pool(kind: type[Event], keys: tuple[str, ...]) -> list[AnyEvent]:
    """Events of one kind about these keys."""
    heads = every(key=keys, attempt=[1, 2], at=TIMES, observer=OBSERVERS, basis=BASES)
    drawn = random.Random(kind.__name__)
    made: Iterator[Any] = (
        kind(**drawn.choice(heads), **drawn.choice(BODIES[kind])) for _ in range(PER_KIND)
    )
    return list(made)


@cache
def events(*kinds: type[Event], keys: tuple[str, ...] = (JOB,)) -> st.SearchStrategy[AnyEvent]:
    """One event of these kinds (of any, if none is named)."""
    return st.sampled_from([one for kind in kinds or BODIES for one in pool(kind, keys)])


def histories(
    *kinds: type[Event], keys: tuple[str, ...] = (JOB,), longest: int = 12
) -> st.SearchStrategy[list[AnyEvent]]:
    """Events in any order, contradictions included."""
    return st.lists(events(*kinds, keys=keys), max_size=longest)


REUSED = (JOB, AGAIN)
seeds = st.integers(min_value=0, max_value=255)


def muddled(history: Sequence[AnyEvent], seed: int) -> list[AnyEvent]:
    """The same events in another order, some of them twice."""
    drawn = random.Random(seed)
    doubled = [*history, *drawn.choices(history, k=len(history) // 2)] if history else []
    return drawn.sample(doubled, k=len(doubled))

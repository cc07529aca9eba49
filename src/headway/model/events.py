"""What happened: every event that can be told to Headway. Schema version 1, frozen.

Rule 1: an event is past tense, says what was observed, by whom (`observer`), when
(`at`) and how it is known (`basis`); it is never "set the status to".
Rule 2: **edges** happened once and are kept for ever; **levels** are readings, of
which only the newest counts, and may be conflated anywhere.
Rule 3: an event about an unknown entity creates it; events may come late, twice and
in any order.
Rule 4: the schema only grows: new optional fields with defaults, never a changed or
re-used name. `SCHEMA` is raised only by a change that old readers cannot take.

Times are `float` seconds since the Unix epoch in the clock of the machine that
Headway runs on: a source that reads foreign clocks translates before it speaks.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from headway.model.words import Basis, Outcome, Seen

SCHEMA = 1

Key = Annotated[str, Meta(min_length=1, max_length=1024)]
Word = Annotated[str, Meta(max_length=256)]
Text = Annotated[str, Meta(max_length=4096)]
Detail = Annotated[str, Meta(max_length=262_144)]
Count = Annotated[float, Meta(ge=0)]


class Event(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    gc=False,
    tag_field="kind",
):
    """What every event has. Never created itself: use one of the kinds below.

    `attempt` counts from 1. `replaced` marks an `at` that was implausible (older than
    90 days or more than 5 s ahead) and was replaced by the time of receipt.
    """

    key: Key
    at: float
    observer: Word = ""
    basis: Basis = "reported"
    attempt: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    replaced: bool = False


class Registered(Event, frozen=True, tag="registered"):
    """Edge: facts about the entity, each kept from whoever said it first by (at, observer).

    Names with a meaning of their own are listed in `headway.model.meta`; others are the
    owner's and come back untouched.
    """

    meta: dict[str, Any]


class Queued(Event, frozen=True, tag="queued"):
    """Edge: the job waits at its back end."""


class Started(Event, frozen=True, tag="started"):
    """Edge: work on the job began."""


class Finishing(Event, frozen=True, tag="finishing"):
    """Edge: the work is done; the outputs are not yet known to be readable."""


class StepStarted(Event, frozen=True, tag="step_started"):
    """Edge: a step of the job began. `key` is the job's.

    `name` says what it does (a node's class, a function); `parent` is the step it was
    expanded from, and it then counts inside that one.
    """

    step: Word
    name: Word = ""
    parent: Word = ""


class StepEnded(Event, frozen=True, tag="step_ended"):
    """Edge: a step of the job is over. `cached`: it did not have to run.

    `name` and `parent` as in StepStarted, for steps whose start nobody saw.
    """

    step: Word
    cached: bool = False
    name: Word = ""
    parent: Word = ""


class Ended(Event, frozen=True, tag="ended"):
    """Edge: the attempt ended so. `final`: no further attempt follows.

    `why` is for people; `evidence` names what the verdict rests on; `detail` (a
    traceback) is kept apart and shown on request.
    """

    outcome: Outcome
    final: bool = True
    why: Text = ""
    evidence: Text = ""
    detail: Detail = ""


class Sealed(Event, frozen=True, tag="sealed"):
    """Edge: these job keys are the group's exact members. `key` is the group's."""

    ids: list[Key]


class Progress(Event, frozen=True, tag="progress"):
    """Level: a bar of the job, or of one of its steps, stands at `done` of `total`.

    `total` None: not known. `run` is raised by the observer whenever `done` falls or
    `total` changes; `bar` tells several bars of one step apart.
    """

    done: Count
    total: Count | None = None
    step: Word = ""
    run: int = 0
    bar: Word = ""
    unit: Word = ""


class Position(Event, frozen=True, tag="position"):
    """Level: the job is number `position` (from 1) of the `of` that wait."""

    position: Annotated[int, Meta(ge=1)]
    of: int | None = None


class Activity(Event, frozen=True, tag="activity"):
    """Level: what the entity does right now, in words; "" = nothing."""

    text: Text


class Reading(Event, frozen=True, tag="reading"):
    """Level: a named value, such as a queue's length, a version or an estimate."""

    field: Word
    value: Any


class Presence(Event, frozen=True, tag="presence"):
    """Level: the observer sees the entity, or does not see it any more."""

    presence: Seen


Edge = Registered | Queued | Started | Finishing | StepStarted | StepEnded | Ended | Sealed
Level = Progress | Position | Activity | Reading | Presence
AnyEvent = Edge | Level

EDGES: frozenset[type[Event]] = frozenset(
    {Registered, Queued, Started, Finishing, StepStarted, StepEnded, Ended, Sealed}
)


def discriminator(event: Event) -> str:
    """What tells two edges of one (entity, attempt, kind) apart.

    A second hearing with the same discriminator is no news and is not kept.
    """
    match event:
        case Registered():
            return f"{event.observer} {hash_ids(list(event.meta))}"
        case StepStarted() | StepEnded():
            return f"{event.step} {event.basis}"
        case Ended():
            return f"{event.outcome} {event.basis} {event.final:d}"
        case Sealed():
            return hash_ids(event.ids)
        case _:
            return event.basis


def hash_ids(ids: list[str]) -> str:
    """A digest of a set of ids, the same in every process."""
    joined = "\n".join(sorted(set(ids))).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(joined, digest_size=8).hexdigest()

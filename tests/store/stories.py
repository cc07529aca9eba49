"""Events for the tests of the store: a few jobs, groups and sources, any story of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from headway.model import events as ev
from headway.model.cursor import Cursor
from headway.model.events import AnyEvent
from headway.model.keys import JobKey, group_key
from headway.store.contract import Query, Reading, Store
from headway.store.sqlite import SqliteStore

DAY = 86_400.0
JOB = JobKey("comfy", "5f7c", "1").text
OTHER = JobKey("comfy", "77aa", "").text
SWARM = JobKey("swarm", "5f99", "3").text
JOBS = (JOB, OTHER, SWARM)
GROUP = group_key("g1")
GROUPS = (GROUP, group_key("g 2"))
NODES = ("comfy", "comfy~gpu0", "~daemon~sync")
EVERYTHING = (*JOBS, *GROUPS, *NODES)


def local(_: Path) -> bool:
    """No drive is a network drive."""
    return False


def open_store(path: Path, **options: Any) -> SqliteStore:
    """The store in that file, on a local drive."""
    return SqliteStore.open(path, is_network=local, **options)


def registered(key: str = JOB, at: float = 1.0, who: str = "queue", **meta: Any) -> AnyEvent:
    return ev.Registered(key=key, at=at, observer=who, basis="observed", meta=meta)


def queued(key: str = JOB, at: float = 2.0) -> AnyEvent:
    return ev.Queued(key=key, at=at, observer="queue", basis="observed")


def started(key: str = JOB, at: float = 3.0) -> AnyEvent:
    return ev.Started(key=key, at=at, observer="queue", basis="observed")


def progress(done: float, key: str = JOB, at: float = 4.0, step: str = "3") -> AnyEvent:
    return ev.Progress(key=key, at=at, observer="log", step=step, done=done, total=20.0)


def step_started(step: str, key: str = JOB, at: float = 3.5) -> AnyEvent:
    return ev.StepStarted(key=key, at=at, observer="log", step=step, name="KSampler")


def step_ended(step: str, key: str = JOB, at: float = 5.0) -> AnyEvent:
    return ev.StepEnded(key=key, at=at, observer="log", step=step)


def ended(outcome: Any = "succeeded", key: str = JOB, at: float = 9.0, **more: Any) -> AnyEvent:
    return ev.Ended(key=key, at=at, outcome=outcome, **{"basis": "observed", **more})


def whole_job(key: str = JOB, at: float = 1.0, **meta: Any) -> list[AnyEvent]:
    """A job from first word to success, with two steps."""
    return [
        registered(key, at, **meta),
        queued(key, at + 1),
        started(key, at + 2),
        step_started("3", key, at + 2),
        progress(7, key, at + 3),
        step_ended("3", key, at + 4),
        step_started("8", key, at + 4),
        step_ended("8", key, at + 5),
        ended("succeeded", key, at + 6),
    ]


def told(store: Reading) -> dict[str, Any]:
    """Everything that a store answers, offsets aside."""
    epoch = store.cursor().epoch
    changed = store.changes(Cursor(epoch, 0))
    pages = {name: _listed(store, query) for name, query in QUERIES.items()}
    return {
        "views": {key: store.get(key) for key in EVERYTHING},
        "changed": {one.key: (one.view, one.edge) for one in changed},
        "live": {one.key: one.view for one in store.live()},
        "steps": {job: store.steps(job) for job in JOBS},
        "past": {key: [_timeless(one) for one in store.past(key)] for key in EVERYTHING},
        "details": {job: store.payload(job, "detail") for job in JOBS},
        "counts": sorted(store.counts(), key=repr),
        "records": store.records(),
        "pages": pages,
        "names": {prefix: store.resolve(prefix) for prefix in ("5f", "comfy", "7")},
    }


QUERIES = {
    "all": Query(limit=2),
    "active": Query(active=True),
    "ended": Query(active=False),
    "comfy": Query(source="comfy"),
    "succeeded": Query(outcome="succeeded"),
    "failed comfy": Query(phase="failed", source="comfy"),
    "running": Query(phase="running"),
    "group": Query(group="g1", limit=1),
    "words": Query(text="fox jum"),
    "groups": Query(kind="group"),
    "sources": Query(kind="source"),
    "steps": Query(kind="step", limit=1),
}


def _listed(store: Reading, query: Query) -> list[Any]:
    """All pages of a list."""
    page = store.find(query)
    views = list(page.views)
    while page.next:
        page = store.find(msgspec.structs.replace(query, after=page.next))
        views += page.views
    return views


def _timeless(past: Any) -> Any:
    return msgspec.structs.replace(past, offset=0)


def play(store: Store, batches: Sequence[Sequence[AnyEvent]]) -> None:
    """Append one batch after the other."""
    for batch in batches:
        store.append(batch)


_TIMES = st.integers(0, 40).map(float)
_WHO = st.sampled_from(["queue", "log"])
_BASIS = st.sampled_from(["inferred", "derived", "observed"])
_STEP = st.sampled_from(["3", "8", "a b"])
_WORDS = st.sampled_from(["quick fox", "the fox jumps", "Ünder_score fox", ""])
_META = st.fixed_dictionaries(
    {},
    optional={
        "title": _WORDS,
        "group": st.sampled_from(["g1", "g 2"]),
        "needed": st.sampled_from([["3"], ["3", "8"]]),
        "signature": st.just("s1"),
        "runs_as": st.sampled_from([JOB, "swarm"]),
    },
)


def _about(cls: type[Any], keys: Sequence[str], **fields: Any) -> st.SearchStrategy[AnyEvent]:
    return st.builds(
        cls, key=st.sampled_from(keys), at=_TIMES, observer=_WHO, basis=_BASIS, **fields
    )


_ATTEMPT = st.integers(1, 2)
_OUTCOMES = st.sampled_from(["unknown", "lost", "failed", "cancelled", "succeeded"])
_DONE = st.integers(0, 5).map(float)

EDGES = st.one_of(
    _about(ev.Registered, EVERYTHING, meta=_META),
    _about(ev.Queued, JOBS, attempt=_ATTEMPT),
    _about(ev.Started, JOBS, attempt=_ATTEMPT),
    _about(ev.StepStarted, JOBS, step=_STEP, attempt=_ATTEMPT),
    _about(ev.StepEnded, JOBS, step=_STEP, cached=st.booleans(), attempt=_ATTEMPT),
    _about(
        ev.Ended,
        JOBS,
        outcome=_OUTCOMES,
        final=st.booleans(),
        attempt=_ATTEMPT,
        detail=st.sampled_from(["", "trace", "longer trace"]),
    ),
    _about(ev.Sealed, GROUPS, ids=st.lists(st.sampled_from(JOBS), max_size=3)),
)
LEVELS = st.one_of(
    _about(ev.Progress, JOBS, step=st.one_of(st.just(""), _STEP), done=_DONE, total=st.just(5.0)),
    _about(ev.Position, JOBS, position=st.integers(1, 3)),
    _about(ev.Activity, EVERYTHING, text=st.sampled_from(["", "loading"])),
    _about(ev.Reading, EVERYTHING, field=st.sampled_from(["cold", "tier"]), value=st.booleans()),
    _about(ev.Presence, EVERYTHING, presence=st.sampled_from(["seen", "missing"])),
)
BATCHES = st.one_of(
    st.lists(LEVELS, min_size=1, max_size=4),
    st.lists(st.one_of(EDGES, LEVELS), min_size=1, max_size=6),
)

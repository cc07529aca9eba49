"""Whatever well-formed events say: every reader of what they leave survives it.

A meta field, a reading and a text are the sender's; nothing promises that a width is a
number, that a number is small, or that a text can be printed.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.errors import HeadwayError
from headway.fold.admit import admit
from headway.model import meta
from headway.model.events import AnyEvent
from headway.model.records import Record
from headway.model.views import AnyView, JobView
from headway.monitor.ends import Ends
from headway.monitor.update import update_of
from headway.plane.forecast import Forecaster
from headway.render.data import as_json, as_yaml
from headway.render.job import job_text
from headway.render.jobs import jobs_text
from headway.render.making import line_of
from headway.render.sources import sources_text
from headway.render.status import status_text
from headway.render.watch import block
from headway.server.encoded import view_bytes
from headway.server.metrics import Times
from headway.server.privacy import public, public_event
from headway.store.contract import Query
from headway.store.memory import MemoryStore
from headway.talk import frames
from headway.talk.messages import Filter, matches
from headway.talk.status import status_of

NOW = 1_795_298_194.0

HUGE = 10**400
TEXTS = ["", "a", "~", "fox\n\x1b[2J", "\u202egnp.exe", "\ud800", "🎈" * 50, "%", "0", "1e999"]
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([HUGE, -HUGE, 2**63, 2**64, 1e308, -0.0, 5e-324])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(TEXTS)
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["n", "name", "media", "step", "place", "end_at", "x"]), inner
        )
    ),
    max_leaves=5,
)
FIELDS = sorted({*meta.JOB, *meta.SOURCE, "job_id", "daemon_id", "gpu", "x"})
READINGS = sorted({*meta.SOURCE_READINGS, "estimate", "stall_limit", "gpu", "current_status"})
KEYS = ["comfy~a~", "comfy~b~", "prog~c~", "comfy", "comfy~gpu0", "~group~g", "~daemon~d"]
metas = st.dictionaries(st.sampled_from(FIELDS), values, max_size=4)
times = st.sampled_from([NOW - 100, NOW - 1, NOW, NOW + 1, 0.0, -1e300, 1e300])
words = st.sampled_from(TEXTS)


def one(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"kind": st.just(kind), "key": st.sampled_from(KEYS), "at": times, **fields}
    )


numbers = st.sampled_from([0, 1, 3, 20, -1, 1e308, 5e-324, HUGE])
outcomes = st.sampled_from(["succeeded", "failed", "cancelled", "lost", "unknown"])
stories = st.lists(
    one("registered", meta=metas)
    | one("queued")
    | one("started")
    | one("finishing")
    | one("step_started", step=words, name=words)
    | one("step_ended", step=words, cached=st.booleans())
    | one("progress", step=words, done=numbers, total=numbers | st.none(), unit=words)
    | one("position", position=st.integers(0, 10**9), of=st.none() | st.integers(0, 10**9))
    | one("activity", text=words)
    | one("reading", field=st.sampled_from(READINGS), value=values)
    | one("presence", presence=st.sampled_from(["seen", "missing"]))
    | one("ended", outcome=outcomes, why=words, evidence=words, final=st.booleans()),
    max_size=12,
)

_read = msgspec.json.Decoder(AnyEvent).decode


def taken(story: list[dict[str, Any]]) -> MemoryStore:
    """A store with those events of the story that are events at all."""
    store = MemoryStore()
    for said in story:
        try:
            event = _read(msgspec.json.encode(said))
            store.append([admit(event, NOW)])
        except (msgspec.MsgspecError, OverflowError, UnicodeEncodeError, HeadwayError):
            continue  # refused at the border, as it should be
    return store


def everything(store: MemoryStore) -> list[AnyView]:
    kinds = ("job", "group", "source", "worker", "daemon")
    return [view for kind in kinds for view in store.find(Query(kind=kind, limit=100)).views]


@settings(max_examples=100)
@given(stories)
async def test_every_reader_survives_what_any_sender_says(story: list[dict[str, Any]]) -> None:
    store = taken(story)
    views = everything(store)
    live = [change.view for change in store.live()]

    for view in views:
        assert msgspec.json.decode(view_bytes(view, everything=True))
        assert msgspec.json.decode(view_bytes(view, everything=False))
        matches(Filter(active=True, group="g"), view)
    _printed(live)
    _printed([public(view) for view in live])
    for job in (view for view in views if isinstance(view, JobView)):
        _read_as_a_job(store, job)
    events = await Forecaster(_recall(store)).after(views, live, NOW + 5)
    assert store.append([admit(event, NOW + 5) for event in events]) is not None


def _printed(views: list[AnyView]) -> None:
    status = status_of(views, now=NOW + 5, version="0")
    assert msgspec.json.decode(msgspec.json.encode(status))
    for width in (20, 80):
        status_text(status, width=width, verbose=True).encode("utf-8", "replace")
        sources_text(status, width=width)
        block(status, width=width)
    as_json(status), as_yaml(status)


def _read_as_a_job(store: MemoryStore, job: JobView) -> None:
    steps = [msgspec.to_builtins(step) for step in store.steps(job.key)]
    row = msgspec.to_builtins(job)
    assert job_text(row, steps, now=NOW + 5, width=80)
    assert jobs_text([row], now=NOW + 5, width=80)
    assert msgspec.json.decode(frames.frame("x", frames.progress(job, now=NOW), now=NOW))
    for past in store.past(job.key):
        assert msgspec.json.encode(public_event(past.body))
    Times().count(job)
    Ends().see(job, "video")
    assert update_of("x", job, now=NOW, seen=True).comfyui_prompt_id == job.native
    assert line_of(job, store.steps(job.key), per_unit=0.5, left=3.0)


def _recall(store: MemoryStore) -> Any:
    async def recall(job: JobView) -> list[Record]:
        return store.records(source=job.source)

    return recall


@pytest.mark.parametrize("field", FIELDS)
def test_a_number_of_400_digits_is_only_a_value(field: str) -> None:
    story = [{"kind": "registered", "key": KEYS[0], "at": NOW, "meta": {field: HUGE}}]

    views = everything(taken(story))

    for view in views:
        assert msgspec.json.decode(view_bytes(view, everything=True))
    _printed(views)

"""What is live, by key and by source, whatever comes in whatever order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headway.model.keys import JobKey, group_key, source_of
from headway.model.views import GroupView, JobView, SourceView, StepView
from headway.model.words import RESOLVED, Phase
from headway.plane.live import Live
from headway.store.contract import Change

PHASES: list[Phase] = ["queued", "running", "succeeded", "failed"]
KEYS = [JobKey(source, native).text for source in ("comfy", "a ~ b", "é") for native in "xyz"]


def told(key: str, phase: Phase, *, edge: bool = True, process: bool = False) -> Change:
    meta = {"process": {"pid": 1, "host": "here"}} if process else {}
    return Change(1, key, JobView(key=key, source="", native="", phase=phase, meta=meta), edge)


@given(st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(PHASES), st.booleans())))
def test_it_is_what_the_last_word_on_each_job_makes_it(
    words: list[tuple[str, Phase, bool]],
) -> None:
    live, expected = Live(), {}
    for key, phase, process in words:
        live.tell([told(key, phase, process=process)])
        expected[key] = (phase, process)

    open_ = {key for key, (phase, _) in expected.items() if phase not in RESOLVED}
    assert set(live.changes) == open_
    for part in {key.partition("~")[0] for key in KEYS}:
        found = {change.key for change in live.of(part)}
        assert found == {key for key in open_ if key.partition("~")[0] == part}
    assert live.owned <= open_
    assert live.owned >= {key for key in open_ if expected[key][1]}


def test_of_a_level_no_view_is_made() -> None:
    live = Live()
    live.tell([told(KEYS[0], "running")])

    live.tell([Change(2, KEYS[0], None, False, b"no body that could be read")])

    assert live.changes[KEYS[0]].offset == 2


def test_steps_are_not_held_and_complete_groups_go() -> None:
    live, group = Live(), group_key("batch")
    step = StepView(key=f"{KEYS[0]}~3", job=KEYS[0], step="3", phase="running")
    source = SourceView(key="comfy")
    live.tell([Change(1, step.key, step, True), Change(2, "comfy", source)])
    live.tell([Change(3, group, GroupView(key=group, id="batch"), True)])
    assert set(live.changes) == {"comfy", group}

    live.tell([Change(4, group, GroupView(key=group, id="batch", complete=True), True)])

    assert [change.key for change in live.of("")] == []
    assert [source_of(change.key) for change in live.of("comfy")] == ["comfy"]

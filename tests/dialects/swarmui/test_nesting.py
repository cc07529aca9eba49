"""The ComfyUI behind a SwarmUI: what it does for that one counts there."""

from __future__ import annotations

from typing import Any

from headway.dialects.swarmui.nesting import Nesting, Outer
from headway.fold.folding import fold
from headway.fold.views import view
from headway.model.events import AnyEvent, Queued, Reading, Registered, Started

JOB = "comfy~p1~7"


def behind(outer: Outer) -> Nesting:
    nesting = Nesting(outer)
    nesting.adopt("swarm", 1.0)
    return nesting


def named(*classes: str) -> AnyEvent:
    names = {str(n): one for n, one in enumerate(classes)}
    return Registered(key=JOB, at=5.0, observer="comfy", meta={"names": names})


def runs_as(events: list[AnyEvent]) -> Any:
    entities: dict[str, Any] = {}
    for event in events:
        fold(entities, event)
    return view(entities[JOB]).meta.get("runs_as")


def test_a_prompt_of_swarmui_runs_as_the_swarmui() -> None:
    nesting = behind(lambda swarm, prompt: None)

    assert runs_as(nesting.hear([named("SwarmKSampler", "VAEDecode")])) == "swarm"


def test_a_prompt_that_went_straight_there_runs_as_itself() -> None:
    nesting = behind(lambda swarm, prompt: None)

    assert runs_as(nesting.hear([named("KSampler", "SaveImage")])) is None


def test_a_prompt_of_a_generation_of_ours_runs_as_that() -> None:
    nesting = behind(lambda swarm, prompt: {"p1": ("swarm~w-0~", 4.0)}.get(prompt))

    assert runs_as(nesting.hear([named("SwarmKSampler")])) == "swarm~w-0~"


def test_a_generation_that_names_its_prompt_later_is_believed() -> None:
    ours: dict[str, tuple[str, float]] = {}
    nesting = behind(lambda swarm, prompt: ours.get(prompt))
    events = nesting.hear([named("SwarmKSampler")])
    ours["p1"] = ("swarm~w-0~", 4.0)

    events += nesting.hear([Started(key=JOB, at=6.0)])

    assert runs_as(events) == "swarm~w-0~"


def test_the_counts_of_its_queue_are_not_passed_on_and_all_else_is() -> None:
    running = Reading(key="comfy", at=5.0, field="running", value=2)
    other = Reading(key="comfy", at=5.0, field="version", value="0.12")
    queued = Queued(key=JOB, at=5.0)

    found = behind(lambda swarm, prompt: None).hear([running, other, queued])

    assert [getattr(one, "value", "-") for one in found] == [None, "0.12", "-"]
    assert found[1:] == [other, queued]


def test_what_was_heard_before_somebody_said_whose_it_is_is_told_then() -> None:
    nesting = Nesting(lambda swarm, prompt: None)
    counted = Reading(key="comfy", at=5.0, observer="comfy", field="running", value=2)
    events = nesting.hear([named("SwarmKSampler"), counted])

    adopted = nesting.adopt("swarm", 6.0)

    assert runs_as(events) is None
    assert runs_as(events + adopted) == "swarm"
    assert [one.value for one in adopted if isinstance(one, Reading)] == [None]
    assert nesting.adopt("swarm", 7.0) == []

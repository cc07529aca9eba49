from __future__ import annotations

import msgspec

from headway.model.events import Ended, Queued, Registered
from headway.model.views import DaemonView, GroupView, JobView, Output, SourceView, StepView
from headway.server.privacy import public, public_event

SECRET = "a red fox"


def text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def test_a_job_without_a_token_shows_states_progress_and_counts_only() -> None:
    view = JobView(
        key="comfy~1~",
        source="comfy",
        native="1",
        phase="failed",
        title=SECRET,
        activity=SECRET,
        why=f"ValueError: {SECRET}",
        evidence=SECRET,
        fraction=0.5,
        outputs=[Output(n=0, name=f"{SECRET}.png")],
        meta={"prompt": SECRET, "new field": SECRET, "model": "sdxl.safetensors", "group": "g"},
        readings={"anything": SECRET},
    )

    shown = public(view)

    assert SECRET not in text(shown)
    assert isinstance(shown, JobView)
    assert shown.meta == {"model": "sdxl.safetensors", "group": "g"}
    assert (shown.fraction, shown.why) == (0.5, "ValueError")


def test_other_entities_show_known_fields_only() -> None:
    group = GroupView(key="~group~1", id="1", title=SECRET, meta={"a": SECRET}, total=3)
    daemon = DaemonView(key="~daemon~x", activity=SECRET, readings={"a": SECRET})
    source = SourceView(
        key="comfy",
        meta={"url": f"http://me:{SECRET}@host:8188/x?key={SECRET}", "key": SECRET},
        readings={"running": 1, "last line": SECRET},
    )

    shown = [public(view) for view in (group, daemon, source)]

    assert SECRET not in text(shown)
    assert isinstance(shown[2], SourceView)
    assert shown[2].meta == {"url": "http://host:8188/x"}
    assert shown[2].readings == {"running": 1}


def test_a_step_is_shown_as_it_is() -> None:
    view = StepView(key="comfy~1~~3", job="comfy~1~", step="3", phase="running", name="KSampler")

    assert public(view) is view


def test_the_past_without_a_token_holds_no_prompt_and_no_error() -> None:
    told = [
        Registered(key="comfy~1~", at=1.0, meta={"prompt": SECRET, "width": 512}),
        Ended(
            key="comfy~1~",
            at=2.0,
            outcome="failed",
            why=f"ValueError: {SECRET}",
            evidence=SECRET,
            detail=SECRET,
        ),
        Queued(key="comfy~1~", at=1.0),
    ]

    shown = [public_event(event) for event in told]

    assert SECRET not in text(shown)
    assert shown[2] is told[2]

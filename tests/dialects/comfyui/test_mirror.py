"""The ear for the mirror: words of the server itself, and how they go with all else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tests.dialects.comfyui.story import T0, Listener, began, ended, entry, item, jobs

from headway.dialects.comfyui.mirror_frames import (
    About,
    Challenge,
    Word,
    Words,
    read_about,
    read_mirror,
)
from headway.dialects.comfyui.wire import Skip

CREATED = int(T0 * 1000)


def word(kind: str, after: float = 1.0, native: str = "a", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "at": T0 + after, "id": native, **more}


def prompt(kind: str, after: float = 1.0, native: str = "a", **more: Any) -> dict[str, Any]:
    return word(kind, after, native, **{"number": 1.0, "created": CREATED, **more})


def batch(*words: dict[str, Any]) -> bytes:
    return json.dumps({"kind": "batch", "messages": words}).encode()


def report(*running: dict[str, Any], boot: str = "b1") -> bytes:
    return json.dumps({"kind": "report", "boot": boot, "running": running}).encode()


def running(*nodes: list[Any], **more: Any) -> dict[str, Any]:
    job = {"id": "a", "number": 1.0, "created": CREATED, "at": T0 - 5, "outcome": "", "cached": []}
    return {**job, "nodes": list(nodes), **more}


class Mirrored(Listener):
    """Ears that have had the mirror's first report."""

    def __init__(self, *running: dict[str, Any], **more: Any) -> None:
        super().__init__(**more)
        self.says(report(*running))

    def says(self, data: bytes) -> None:
        found = read_mirror(data)
        self.take(self.ears.mirror(found, self.now))  # type: ignore[arg-type]

    def hears(self, *words: dict[str, Any]) -> None:
        self.says(batch(*words))


def told(listener: Listener, kind: str) -> list[Any]:
    return [one for one in listener.events if type(one).__name__ == kind]


def test_with_the_mirror_it_is_tier_2_and_without_it_what_it_was() -> None:
    listener = Mirrored()
    assert listener.source().readings["tier"] == 2

    listener.take(listener.ears.no_mirror("the connection to it broke", T0 + 1))

    assert listener.source().readings["tier"] == 1
    assert listener.source().readings["mirror"] == "the connection to it broke"


def test_a_whole_job_is_told_as_reported_with_its_own_times() -> None:
    listener = Mirrored().at(5)
    listener.hears(
        prompt("queued", 1), prompt("started", 2), word("step", 3, node="3", **{"class": "K"}),
        word("bar", 3.5, node="3", done=1, total=2), word("over", 4, node="3", ran=True),
        word("ended", 4.5, outcome="succeeded"),
    )  # fmt: skip

    kinds = [type(one).__name__ for one in listener.events if one.observer == "comfy/mirror"]
    assert kinds == ["Queued", "Started", "StepStarted", "Progress", "StepEnded", "Finishing"]
    assert {one.basis for one in listener.events if one.observer == "comfy/mirror"} == {"reported"}
    assert told(listener, "StepEnded")[0].at == T0 + 4
    assert listener.job("a").phase == "finishing"


def test_who_comes_late_knows_every_step_of_what_runs() -> None:
    listener = Mirrored(
        running(
            ["4", "Loader", "", T0 - 4, T0 - 3, None, None], ["3", "K", "", T0 - 3, None, 7, 20]
        )
    )

    job = listener.job("a")
    assert [(bar.step, bar.done, bar.total, bar.basis) for bar in job.bars] == [
        ("3", 7.0, 20.0, "reported")
    ]
    assert told(listener, "StepEnded")[0].at == T0 - 3
    assert told(listener, "Started")[0].at == T0 - 5


def test_a_job_that_a_listing_in_flight_did_not_have_is_not_gone() -> None:
    listener = Mirrored()
    listener.hears(prompt("queued"))
    listener.listing(jobs())

    assert not told(listener, "Presence")

    listener.listing(jobs())

    assert told(listener, "Presence")[0].presence == "missing"


def test_what_was_deleted_is_cancelled_as_reported_and_an_echo_changes_nothing() -> None:
    listener = Mirrored()
    listener.hears(prompt("queued"), prompt("deleted", 2))
    listener.listing(jobs(("a", "pending", 1, 0)))
    listener.listing(jobs())

    job = listener.job("a")
    assert (job.phase, job.basis, job.why) == ("cancelled", "reported", "removed from the queue")
    assert not listener.ears.busy
    assert not [want for want in listener.wants if want.kind == "history"]


def test_without_create_time_an_echo_of_a_deleted_job_is_no_new_job() -> None:
    listener = Mirrored()
    listener.hears(prompt("queued", created=None), prompt("deleted", 2, created=None))
    listener.queue(pending=[item("a", 1)])
    listener.queue()

    assert len(listener.jobs()) == 1


def test_the_end_comes_from_the_history_and_by_the_mirrors_word_where_that_is_empty() -> None:
    listener = Mirrored()
    listener.hears(prompt("queued"), prompt("started"), prompt("done", 3, outcome="succeeded"))
    listener.listing(jobs())
    assert listener.job("a").phase == "running"

    listener.history("a")

    job = listener.job("a")
    assert (job.phase, job.basis) == ("succeeded", "reported")
    assert not listener.ears.busy


def test_words_that_are_heard_after_the_history_still_count() -> None:
    listener = Mirrored()
    listener.hears(prompt("queued"), prompt("started"), word("step", 2, node="9"))
    listener.listing(jobs())
    found = item("a", 1, created=0)
    listener.history("a", entry(found, began(), ended(after=3)))
    listener.hears(
        word("over", 3, node="9", ran=True), word("ended", 3, outcome="succeeded"),
        prompt("done", 3, outcome="succeeded"),
    )  # fmt: skip

    last = [one for one in told(listener, "StepEnded") if one.step == "9"]
    assert last[-1].basis == "reported"
    assert listener.job("a").phase == "succeeded"
    listener.tick()
    assert listener.source().readings["skipped"] == 0


def test_while_it_is_heard_socket_and_console_say_nothing_of_jobs() -> None:
    listener = Mirrored()
    listener.hears(prompt("queued"), prompt("started"))
    listener.queue([item("a", 1, created=0)])
    listener.frame("progress", prompt_id="a", node="3", value=1, max=8)
    listener.say(" 12%|#  | 1/8 [00:01<00:07,  1.00s/it]")

    assert not told(listener, "Progress")


def test_after_it_is_lost_they_go_on_and_nothing_is_told_twice() -> None:
    listener = Mirrored()
    listener.hears(
        prompt("queued"), prompt("started"), word("step", 2, node="4"),
        word("over", 2.5, node="4", ran=True), word("step", 3, node="3"),
        word("bar", 3, node="3", done=2, total=8),
    )  # fmt: skip
    listener.queue([item("a", 1, created=0)])
    steps = len(told(listener, "StepStarted")), len(told(listener, "StepEnded"))
    listener.take(listener.ears.no_mirror("the connection to it broke", listener.now))
    listener.at(20).frame("progress", prompt_id="a", node="3", value=5, max=8)

    last = told(listener, "Progress")[-1]
    assert (last.observer, last.done, last.run) == ("comfy/socket", 5.0, 0)
    assert (len(told(listener, "StepStarted")), len(told(listener, "StepEnded"))) == steps


def test_it_comes_back_and_tells_only_what_is_new() -> None:
    rows = [["4", "L", "", T0, T0 + 1, None, None], ["3", "K", "", T0 + 1, None, 2, 8]]
    listener = Mirrored(running(*rows))
    listener.take(listener.ears.no_mirror("the connection to it broke", listener.now))
    before = len(told(listener, "StepStarted")), len(told(listener, "StepEnded"))
    rows[1][5] = 6
    listener.says(report(running(*rows)))

    assert (len(told(listener, "StepStarted")), len(told(listener, "StepEnded"))) == before
    assert [bar.done for bar in listener.job("a").bars] == [6.0]


def test_only_needed_cached_nodes_are_told_once_the_graph_is_known() -> None:
    listener = Mirrored()
    listener.hears(prompt("queued"), prompt("started"), word("cached", nodes=["4", "not needed"]))
    assert not told(listener, "StepEnded")

    listener.queue([item("a", 1, created=0)])

    assert [(one.step, one.cached) for one in told(listener, "StepEnded")] == [("4", True)]


def test_a_bar_that_falls_is_a_new_run() -> None:
    listener = Mirrored()
    bars = [word("bar", n, node="3", done=done, total=5) for n, done in enumerate((4, 5, 1))]
    listener.hears(prompt("queued"), prompt("started"), word("step", node="3"), *bars)

    assert [(one.done, one.run) for one in told(listener, "Progress")] == [(4, 0), (5, 0), (1, 1)]


def test_another_boot_after_a_broken_connection_proves_a_restart() -> None:
    listener = Mirrored()
    listener.hears(prompt("queued"), prompt("started"))
    listener.listing(jobs(("a", "in_progress", 1, 0)))
    listener.connect()
    listener.says(report(boot="b2"))
    listener.listing(jobs())

    job = listener.job("a")
    assert job.phase == "lost"
    assert "mirror" in job.evidence


def test_two_uses_of_one_id_are_told_apart_by_their_number() -> None:
    listener = Mirrored()
    listener.hears(prompt("queued", created=None), prompt("queued", number=2.0, created=None))
    listener.hears(prompt("started", number=2.0, created=None), word("step", node="3"))

    step = told(listener, "StepStarted")[0]
    assert step.key.endswith("0.2")


def test_a_report_and_the_words_it_stands_for_make_the_same_state() -> None:
    words = [
        prompt("started", -5), word("cached", -5, nodes=[]),
        word("step", -4, node="4", **{"class": "L", "parent": ""}),
        word("over", -3, node="4", ran=True, **{"class": "L", "parent": ""}),
        word("step", -3, node="3", **{"class": "K", "parent": ""}),
        word("bar", -3, node="3", done=7, total=20),
    ]  # fmt: skip
    heard = Mirrored()
    heard.hears(*words)
    rows = [["4", "L", "", T0 - 4, T0 - 3, None, None], ["3", "K", "", T0 - 3, None, 7, 20]]

    assert Mirrored(running(*rows)).job("a") == heard.job("a")


def test_a_bad_word_costs_no_other() -> None:
    listener = Mirrored()
    listener.hears(
        {"kind": "nonsense"}, word("step"), word("bar", node="3", done=float("nan"), total=2),
        prompt("queued"), word("ended", outcome="fine"), 3,  # type: ignore[arg-type]
    )  # fmt: skip

    assert listener.job("a").phase == "queued"
    assert listener.ears.tick(T0 + 1)


@settings(max_examples=50)
@given(
    some.recursive(
        some.none() | some.booleans() | some.floats() | some.text(max_size=8)
        | some.sampled_from(["report", "batch", "challenge", "step", "bar", "over", "started"]),
        lambda inner: some.lists(inner, max_size=8)
        | some.dictionaries(
            some.sampled_from(
                ["kind", "messages", "running", "nodes", "id", "at", "node", "done", "boot"]
            ),
            inner,
            max_size=6,
        ),
        max_leaves=30,
    )
)  # fmt: skip
def test_whatever_it_says_is_read_or_skipped(said: Any) -> None:
    found = read_mirror(json.dumps(said))

    assert isinstance(found, Words | Challenge | Skip)
    if isinstance(found, Words) and (found.words or found.boot):
        listener = Mirrored()
        listener.take(listener.ears.mirror(found, T0))
        assert all(isinstance(one, Word) for one in found.words)
    assert isinstance(read_about(json.dumps(said).encode()), About | Skip)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"mirror": "other", "protocol": 1}'])
def test_what_is_no_mirrors_page_is_skipped(body: bytes) -> None:
    assert isinstance(read_about(body), Skip)

"""Other people's steps, read from the console."""

from __future__ import annotations

from typing import Any

from tests.dialects.comfyui.story import T0, Listener, began, ended, entry, graph, item

from headway.model.events import Finishing, Progress, Started, StepEnded


def bar(done: int, total: int, elapsed: int = 0) -> str:
    return f"\r {done}%|###  | {done}/{total} [00:{elapsed:02d}<00:01,  2.58it/s]"


def running(raw: Any = None, outputs: Any = ("9",)) -> Listener:
    ear = Listener()
    ear.queue(pending=[item(created=0, raw=raw, outputs=outputs)])
    ear.at(1.0).queue(running=[item(created=0, raw=raw, outputs=outputs)])
    return ear


def two_samplers(first: int, second: int) -> dict[str, Any]:
    raw = graph(steps=first)
    raw["13"] = {"class_type": "KSampler", "inputs": {"latent_image": ["3", 0], "steps": second}}
    raw["8"]["inputs"]["samples"] = ["13", 0]
    return raw


def test_a_bar_of_the_only_running_job_is_its_samplers() -> None:
    ear = running()
    ear.at(5.0).say(bar(3, 8))

    shown = ear.job().bars[0]
    assert (shown.step, shown.done, shown.total, shown.basis) == ("3", 3, 8, "derived")


def test_while_a_sampler_draws_all_before_it_is_done() -> None:
    ear = running()
    ear.at(5.0).say(bar(0, 8))

    assert sorted(one.step for one in ear.of(StepEnded)) == ["4", "5", "6", "7"]
    assert {one.basis for one in ear.of(StepEnded)} == {"derived"}
    assert (ear.job().steps_done, ear.job().steps_needed) == (4, 7)


def test_a_sampler_began_when_its_bar_did() -> None:
    ear = running()
    ear.at(30.0).say(bar(3, 8, elapsed=20))

    assert ear.step("a", "3").started_at == T0 + 10.0


def test_a_bar_drawn_again_at_its_close_is_no_news() -> None:
    ear = running()
    ear.say(bar(8, 8))
    told = len(ear.events)
    ear.say("", bar(8, 8))
    ear.say("\n")

    assert len(ear.events) == told


def test_tiles_are_not_taken_for_the_samplers_steps() -> None:
    ear = running()
    ear.say(bar(5, 8))
    ear.say(bar(8, 8))
    ear.say(bar(1, 5))

    shown = ear.job().bars
    assert [(one.step, one.done, one.total) for one in shown] == [("", 1, 5)]
    assert ear.step("a", "3").phase == "ended"


def test_of_two_samplers_in_a_row_the_first_draws_first() -> None:
    ear = running(two_samplers(8, 8))
    for done in range(9):
        ear.say(bar(done, 8))
    ear.say(bar(0, 8), bar(4, 8))

    assert ear.step("a", "3").phase == "ended"
    assert [(one.step, one.done) for one in ear.job().bars] == [("13", 4)]


def test_of_two_side_by_side_the_number_of_steps_decides() -> None:
    raw = two_samplers(8, 12)
    raw["13"]["inputs"]["latent_image"] = ["5", 0]
    raw["9"]["inputs"]["second"] = ["3", 0]
    ear = running(raw)
    ear.say(bar(2, 12))

    assert [one.step for one in ear.job().bars] == ["13"]


def test_where_it_cannot_be_told_the_bar_is_the_jobs() -> None:
    raw = two_samplers(8, 8)
    raw["13"]["inputs"]["latent_image"] = ["5", 0]
    raw["9"]["inputs"]["second"] = ["3", 0]
    ear = running(raw)
    ear.say(bar(2, 8))

    assert [one.step for one in ear.job().bars] == [""]


def test_a_load_is_an_activity_and_makes_the_run_cold() -> None:
    ear = running()
    ear.say("Requested to load SD1ClipModel\n")
    assert ear.job().activity == "loading SD1ClipModel"

    ear.at(2.0).say("loaded completely;  235.84 MB loaded, full load: True\n")
    assert ear.job().activity == ""
    assert ear.job().readings["cold"] is True


def test_a_run_without_a_load_that_was_heard_whole_is_warm() -> None:
    ear = running()
    ear.at(10.0).queue()
    ear.history("a", entry(item(created=0), began(), ended()))

    assert ear.job().readings["cold"] is False


def test_while_two_run_a_line_is_nobodys() -> None:
    ear = Listener()
    ear.queue(running=[item("a", 1), item("b", 2)])
    ear.say(bar(3, 8))

    assert not any(isinstance(one, Progress) for one in ear.events)


def test_prompt_executed_is_never_a_success() -> None:
    ear = running()
    ear.wanted("listing")
    ear.say("Prompt executed in 8.06 seconds\n")

    assert ear.job().phase == "running"
    assert ear.wanted("listing")


def test_prompt_executed_and_gone_from_the_queue_is_finishing() -> None:
    ear = running()
    ear.say("Prompt executed in 8.06 seconds\n")
    ear.at(2.0).queue()

    assert ear.job().phase == "finishing"
    assert ear.of(Finishing)[0].basis == "derived"


def test_a_jobs_own_frames_are_better_than_the_console() -> None:
    ear = running()
    ear.frame("progress", prompt_id="a", node="3", value=2, max=8)
    ear.say(bar(1, 8))

    assert [(one.done, one.basis) for one in ear.job().bars] == [(2, "observed")]


def test_a_late_joiner_reads_the_bar_and_the_beginning() -> None:
    ear = Listener().at(100.0)
    ear.raw_logs(
        ("2026-11-21T22:20:00.000000", "Prompt executed in 3.00 seconds\n"),
        ("2026-11-21T22:20:10.000000", "got prompt\n"),
        ("2026-11-21T22:20:11.000000", "Requested to load BaseModel\n"),
        ("2026-11-21T22:20:20.000000", bar(3, 8, elapsed=4)),
    )
    ear.queue(running=[item(created=90_000)])

    job = ear.job()
    assert [(one.step, one.done) for one in job.bars] == [("3", 3)]
    assert job.started_at == T0 + 90.0
    assert job.readings["cold"] is True
    assert ear.step("a", "3").started_at == T0 + 96.0


def test_lines_kept_from_an_earlier_prompt_are_not_the_present_ones() -> None:
    ear = Listener().at(100.0)
    ear.raw_logs(
        ("2026-11-21T22:20:00.0", bar(8, 8)),
        ("2026-11-21T22:20:01.0", "Prompt executed in 3.00 seconds\n"),
    )
    ear.queue(running=[item(created=90_000)])

    assert not ear.job().bars


def test_got_prompt_is_a_reason_to_look() -> None:
    ear = Listener()
    ear.wanted("listing")
    ear.say("got prompt\n")

    assert ear.wanted("listing")


def test_the_history_gives_a_better_start() -> None:
    ear = running()
    ear.at(10.0).queue()
    ear.history("a", entry(item(created=0), began(0.5), ended()))

    assert ear.job().started_at == T0 + 0.5
    assert {one.basis for one in ear.of(Started)} == {"observed"}

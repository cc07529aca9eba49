from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.progress.conftest import Heard

from headway.model.events import Progress
from headway.progress import Job, current, job


def leave(error: BaseException | None) -> None:
    with job("it") as one:
        one.advance(3)
        if error is not None:
            raise error


def test_a_block_that_ends_is_a_job_that_succeeded(heard: Heard) -> None:
    with job("it", total=20, kind="video", meta={"scene": 7}) as one:
        one.advance()
        one.advance(4)

    view = heard.job()
    assert (view.phase, view.fraction, view.job_kind) == ("succeeded", 1.0, "video")
    assert view.meta["scene"] == 7
    assert view.started_at is not None


@pytest.mark.parametrize(
    ("error", "outcome", "why"),
    [
        (ValueError("no room"), "failed", "ValueError: no room"),
        (KeyboardInterrupt(), "cancelled", "KeyboardInterrupt"),
        (asyncio.CancelledError(), "cancelled", "CancelledError"),
        (GeneratorExit(), "unknown", "GeneratorExit"),
        (SystemExit(2), "failed", "SystemExit: 2"),
        (SystemExit(0), "unknown", "SystemExit: 0"),
    ],
)
def test_how_a_block_is_left_is_how_the_job_ended(
    heard: Heard, error: BaseException, outcome: str, why: str
) -> None:
    with pytest.raises(type(error)):
        leave(error)

    assert (heard.job().outcome, heard.job().why) == (outcome, why)


def test_the_traceback_of_a_failure_is_kept(heard: Heard) -> None:
    with pytest.raises(ValueError, match="deep"):
        leave(ValueError("deep"))

    assert "in leave" in heard.detail(heard.job().key)


def test_an_open_job_shows_where_it_stands(heard: Heard) -> None:
    one = job("it", total=20, unit="frame")
    one.set(9)

    view = heard.job()
    assert (view.phase, view.fraction) == ("running", 0.45)
    assert (view.bars[0].done, view.bars[0].total, view.bars[0].unit) == (9.0, 20.0, "frame")
    one.close()


def test_a_job_that_is_forgotten_is_unknown(heard: Heard) -> None:
    one = job("it")
    del one

    assert (heard.job().outcome, heard.job().why) == ("unknown", "it was left without an end")


def test_the_first_end_counts_and_nothing_is_heard_after_it(heard: Heard) -> None:
    one = job("it")
    one.fail("first")
    one.close()
    one.cancel()
    one.advance(5)
    one.doing("too late")
    one.tell(late=True)
    one.step("late").close()

    view = heard.job()
    assert (view.outcome, view.why, view.activity) == ("failed", "first", "")
    assert "late" not in view.meta


def test_a_queued_job_waits_until_it_is_started(heard: Heard) -> None:
    one = job("it", queued=True)
    assert heard.job().phase == "queued"

    one.start()
    assert heard.job().phase == "running"
    one.close()


def test_a_bar_that_falls_or_gets_another_total_is_a_new_run(heard: Heard) -> None:
    one = job("it", total=20)
    for done, total in ((9, 20), (4, 20), (4, 30)):
        one.set(done, total=total)
        bar = heard.job().bars[0]
        assert (bar.done, bar.total) == (done, total)
    one.close()


def test_what_it_does_and_what_it_reads_is_the_newest(heard: Heard) -> None:
    one = job("it")
    for n in range(5):
        one.doing(f"part {n}")
        one.reading("loss", n / 10)

    assert (heard.job().activity, heard.job().readings) == ("part 4", {"loss": 0.4})
    one.close()


def test_its_steps_have_bars_of_their_own(heard: Heard) -> None:
    with job("it", steps=["load", "decode"]) as one:
        with one.step("load"):
            pass
        with one.step("decode", total=4) as step:
            step.advance(2)
            view = heard.job()
            assert (view.steps_done, view.steps_needed, view.fraction) == (1, 2, 0.75)
            assert (view.bars[0].step, view.bars[0].done) == ("decode", 2.0)

    assert heard.job().outcome == "succeeded"


def test_a_step_that_broke_is_not_finished(heard: Heard) -> None:
    with pytest.raises(OSError, match="x"), job("it", steps=["load"]) as one, one.step("load"):
        raise OSError("x")

    assert (heard.job().outcome, heard.job().steps_done) == ("failed", 0)


def test_a_job_inside_another_names_it(heard: Heard) -> None:
    with job("outer") as outer:
        assert current() is outer
        with job("inner"):
            pass

    assert current() is None
    assert heard.job("inner").meta["parent"] == outer.key


async def test_tasks_side_by_side_have_their_own_jobs(heard: Heard) -> None:
    async def work(name: str) -> None:
        async with job(name):
            await asyncio.sleep(0)
            with job(f"{name} inside"):
                await asyncio.sleep(0)

    await asyncio.gather(work("a"), work("b"))

    jobs = heard.jobs()
    assert jobs["a inside"].meta["parent"] == jobs["a"].key
    assert jobs["b inside"].meta["parent"] == jobs["b"].key


def test_a_retry_is_another_attempt(heard: Heard) -> None:
    one = job("it", total=5)
    one.set(4)
    one.retry("no luck")
    assert (heard.job().phase, heard.job().attempt) == ("running", 2)

    one.close()
    assert (heard.job().outcome, heard.job().attempt) == ("succeeded", 2)


def test_a_file_is_named_and_success_needs_it(heard: Heard, tmp_path: Path) -> None:
    made = tmp_path / "cat.png"
    made.write_bytes(b"x")
    with job("there") as one:
        one.artifact(made, media="image/png")
    with job("gone") as one:
        one.artifact(tmp_path / "dog.png")

    there, gone = heard.job("there"), heard.job("gone")
    assert (there.outcome, there.outputs[0].name, there.outputs[0].media) == (
        "succeeded",
        "cat.png",
        "image/png",
    )
    assert (gone.outcome, gone.why) == ("failed", "its file is not there: dog.png")


class Rude:
    def __str__(self) -> str:
        raise RuntimeError("no words")

    def __len__(self) -> int:
        raise RuntimeError("no length")


BAD: list[Any] = [None, 0, -1, float("nan"), float("inf"), "many", 10**400, Rude(), [1]]


@pytest.mark.parametrize("total", BAD, ids=lambda one: type(one).__name__ + repr(one)[:4])
def test_a_total_that_is_none_is_not_known_and_the_work_goes_on(heard: Heard, total: Any) -> None:
    with job("it", total=total) as one:
        one.advance(3)
        view = heard.job()
        assert view.bars[0].done == 3.0
        assert view.bars[0].total in (None, 0.0)
        assert view.fraction is None

    assert heard.job().outcome == "succeeded"


@pytest.mark.parametrize("done", [float("nan"), "x", -4, 10**400])
def test_a_count_that_is_none_is_left_out(heard: Heard, done: Any) -> None:
    with job("it", total=10) as one:
        one.set(done)
        assert heard.job().bars == []
        one.set(3)
        assert heard.job().bars[0].done == 3.0

    assert [one for one in heard.warnings if "no number" in one]


def test_more_than_all_is_shown_as_it_is_and_never_as_done(heard: Heard) -> None:
    one = job("it", total=10)
    one.set(12)

    view = heard.job()
    assert (view.bars[0].done, view.bars[0].total) == (12.0, 10.0)
    assert view.fraction is not None
    assert view.fraction < 1
    one.close()


def test_a_growing_total_is_followed(heard: Heard) -> None:
    one = job("it", total=1)
    for n in range(1, 5):
        one.total = n + 1
        one.set(n)
    assert (heard.job().bars[0].done, heard.job().bars[0].total) == (4.0, 5.0)
    one.close()


def test_names_are_shown_without_what_moves_a_terminal(heard: Heard) -> None:
    with job("a\x1b[2Jb\r\nc\ud800d\u202e", unit="\x07x") as one:
        one.advance()
        one.doing("\x1b]0;owned\x07")
        (view,) = heard.jobs().values()
        told = (view.title, view.activity, view.bars[0].unit)

    assert told == ("a�[2Jb  c�d�", "�]0;owned�", "�x")


def test_facts_that_are_no_json_are_told_as_text(heard: Heard) -> None:
    meta: dict[Any, Any] = {"path": Path("/x"), 3: float("nan"), "r": Rude()}
    with job("it", meta=meta):
        pass

    told = heard.job().meta
    assert (told["path"], told["3"]) == ("/x", None)


@pytest.mark.parametrize("meta", ["text", 7, [1, 2], {"much": "x" * 20_000}])
def test_facts_that_do_not_fit_cost_only_themselves(heard: Heard, meta: Any) -> None:
    with job("it", meta=meta):
        pass

    assert heard.job().outcome == "succeeded"
    assert "much" not in heard.job().meta
    assert len(heard.warnings) == 1


def test_long_words_are_cut(heard: Heard) -> None:
    one = job("it" * 500)
    one.doing("x" * 9_000)
    one.fail("y" * 9_000, detail="z" * 300_000)

    (view,) = heard.jobs().values()
    assert (len(view.title), len(view.why)) == (200, 4096)


def test_an_object_whose_making_failed_is_collected_in_peace() -> None:
    with pytest.raises(TypeError):
        Job(nonsense=1)  # type: ignore[call-arg]


def test_a_key_is_what_the_model_makes_of_the_same_name(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headway.model.keys import JobKey, group_key
    from headway.progress import naming

    monkeypatch.setenv("HEADWAY_SOURCE", "my ~ sou%rce/ü")
    one = job("it", native="a b~c")

    assert one.key == JobKey("my ~ sou%rce/ü", "a b~c").text
    assert naming.group_key("x y/1") == group_key("x y/1")
    one.close()


def test_ids_are_uuids_of_version_7_in_order_of_time() -> None:
    import uuid

    from headway.progress.naming import new_id

    found = [uuid.UUID(new_id()) for _ in range(200)]

    assert {(one.version, one.variant) for one in found} == {(7, uuid.RFC_4122)}
    assert len(set(found)) == 200
    assert [one.int >> 80 for one in found] == sorted(one.int >> 80 for one in found)


def test_a_job_says_which_process_it_is_of(heard: Heard) -> None:
    from headway.host.process import alive, parse

    one = job("it")
    who = parse(heard.job().meta["process"])

    assert who is not None
    assert alive(who) is True
    one.close()


def test_a_run_is_counted_within_its_attempt(heard: Heard) -> None:
    from headway.progress.telling import Teller
    from headway.progress.voice import Line

    teller, line = Teller("me", "who"), Line("a~b~", "reported")

    def runs() -> Iterator[int | None]:
        for sample in ((1, 5, "", 1), (1, 5, "", 1), (3, 5, "", 1), (2, 5, "", 1), (2, 6, "", 1)):
            event = teller.progress(line, sample, 1_000.0)
            yield event.run if isinstance(event, Progress) else None

    assert list(runs()) == [0, None, 0, 1, 2]

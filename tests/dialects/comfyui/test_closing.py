"""How jobs end."""

from __future__ import annotations

import json
from typing import Any

from tests.dialects.comfyui.story import T0, Listener, began, ended, entry, item, jobs

from headway.dialects.comfyui.history import Past, read_recent
from headway.dialects.comfyui.wire import Skip
from headway.model.events import Ended, Presence
from headway.model.views import JobView


def gone(*, ran: bool = True, created: int = 0) -> Listener:
    """A job that was seen, and is in no listing any more."""
    ear = Listener()
    mine = item(created=created)
    ear.queue(running=[mine] if ran else [], pending=[] if ran else [mine])
    ear.at(1.0).queue()
    return ear


def test_the_history_is_asked_only_for_ids_that_left_the_queue() -> None:
    ear = Listener()
    ear.queue(running=[item("a", 1)], pending=[item("b", 2)])
    ear.queue(running=[item("b", 2)])
    ear.tick()

    assert {want.native for want in ear.wanted("history")} == {"a"}


def test_times_come_from_the_messages() -> None:
    ear = gone()
    ear.history("a", entry(item(created=0), began(0.5), ended(after=0.9)))

    job = ear.job()
    assert (job.started_at, job.ended_at) == (T0 + 0.5, T0 + 0.9)
    assert (job.outcome, job.basis) == ("succeeded", "observed")


def test_an_error_that_was_an_interrupt_is_a_cancel() -> None:
    ear = gone()
    ear.history("a", entry(item(created=0), began(), ended("execution_interrupted", node_id="3")))

    assert ear.job().phase == "cancelled"


def test_a_failure_says_why_and_where() -> None:
    ear = gone()
    error = ended(
        "execution_error",
        node_type="VAEDecode",
        exception_type="OutOfMemoryError",
        exception_message="no memory\n",
        traceback=["line 1\n"],
        executed=["3", "4"],
    )
    ear.history("a", entry(item(created=0), began(), error))

    assert ear.job().why == "OutOfMemoryError: no memory of VAEDecode"
    assert ear.of(Ended)[0].detail == "line 1\n"


def test_a_blocked_execution_in_the_history_is_a_success() -> None:
    ear = gone()
    blocked = ended("execution_error", exception_type="ExecutionBlocked")
    ear.history("a", entry(item(created=0), began(), blocked, ended()))

    assert ear.job().phase == "succeeded"


def test_a_success_without_outputs_is_a_success() -> None:
    ear = gone()
    cached = ("execution_cached", {"nodes": ["3", "4", "5", "6", "7", "8", "9", "77"]})
    ear.history("a", entry(item(created=0), began(), cached, ended(), outputs={}))

    assert ear.job().phase == "succeeded"
    assert ear.job().steps_cached == 7
    assert ear.job().outputs == []


def test_a_failed_run_keeps_what_it_made_before() -> None:
    ear = gone()
    made = {"9": {"images": [{"filename": "x_1.png", "subfolder": "", "type": "output"}]}}
    error = ended("execution_error", exception_type="E")
    ear.history("a", entry(item(created=0), began(), error, outputs=made))

    assert [one.name for one in ear.job().outputs] == ["x_1.png"]


def test_media_are_told_by_their_files() -> None:
    ear = gone()
    made: dict[str, Any] = {
        "1": {"images": [{"filename": "v.mp4", "subfolder": "video", "type": "output"}]},
        "2": {"images": [{"filename": "w.webp", "type": "output"}], "animated": [True]},
        "3": {"audio": [{"filename": "s.flac", "type": "temp"}]},
        "4": {"images": [{"filename": "p.png", "type": "output"}], "animated": [False]},
        "5": {"text": ["a secret story"], "3d": [{"filename": "m.glb", "type": "output"}]},
        "6": {"images": [{"filename": "../x", "type": "elsewhere"}, {"filename": 3}, None, "x"]},
    }
    ear.history("a", entry(item(created=0), began(), ended(), outputs=made))

    assert [one.media for one in ear.job().outputs] == ["video", "video", "audio", "image", "3d"]
    assert "secret" not in repr(ear.events)


def test_slow_history_stays_finishing() -> None:
    ear = Listener()
    ear.queue(running=[item(created=0)])
    ear.say("Prompt executed in 8.06 seconds\n")
    ear.at(1.0).queue()
    ear.history("a")
    ear.at(1.2).history("a")

    assert ear.job().phase == "finishing"


def test_an_unreadable_history_decides_nothing() -> None:
    ear = gone()
    for _ in range(3):
        ear.history("a", b"<html>")

    assert ear.job().outcome is None


def test_what_ran_and_left_no_history_is_unknown() -> None:
    ear = gone()
    ear.queue()
    ear.empty_history("a")

    assert (ear.job().phase, ear.job().basis) == ("unknown", "inferred")
    assert ear.job().why == "ended, outcome not known"


def test_what_ran_to_its_end_and_was_cleared_says_so() -> None:
    ear = Listener()
    ear.queue(running=[item(created=0)])
    ear.say("Prompt executed in 8.06 seconds\n")
    ear.at(1.0).queue()
    ear.queue()
    ear.empty_history("a")

    assert ear.job().phase == "unknown"
    assert "to its end" in ear.job().evidence


def test_what_was_deleted_while_waiting_is_cancelled() -> None:
    ear = Listener()
    ear.queue(running=[item("r", 1)], pending=[item("a", 2)])
    ear.at(1.0).queue(running=[item("r", 1)])
    ear.at(2.0).queue(running=[item("r", 1)])
    ear.empty_history("a")

    assert (ear.job().phase, ear.job().basis) == ("cancelled", "inferred")
    assert ear.job().ended_at == T0 + 1.0


def test_what_vanished_without_a_sign_of_life_is_not_called_cancelled() -> None:
    ear = gone(ran=False)
    ear.queue()
    ear.empty_history("a")
    assert ear.job().outcome is None

    ear.at(60.0).tick()
    assert ear.job().phase == "unknown"


def test_a_later_sign_of_life_settles_it() -> None:
    ear = gone(ran=False)
    ear.queue()
    ear.empty_history("a")
    ear.at(60.0).tick()
    ear.at(70.0).queue(running=[item("b", 9)])
    ear.tick()

    assert ear.job().phase == "cancelled"


def test_a_dead_worker_overrides_deleted() -> None:
    ear = Listener()
    ear.queue(running=[item("r", 1)], pending=[item("a", 2), item("t", 3), item("t", 3, created=9)])
    ear.at(1.0).queue(pending=[item("t", 3), item("t", 3, created=9)])
    ear.say("Exception in thread Thread-1 (prompt_worker):\nTypeError\n")
    ear.tick()
    ear.queue(pending=[item("t", 3)])
    ear.history("r", entry(item("r", 1), began(), ended(after=0.9)))
    ear.empty_history("a")

    assert ear.job().phase == "unknown"
    assert "worker thread died" in ear.job().evidence
    assert "worker thread died" in ear.source().readings["trouble"]


def test_gone_while_wedged_is_unknown_and_stays_so_after_the_restart() -> None:
    ear = Listener()
    ear.raw_logs(("2026-11-21T20:00:00.0", "Starting server\n"))
    ear.queue(pending=[item(created=0), item("b", 5)])
    ear.at(1.0).queue(pending=[item("b", 5)])
    ear.queue(pending=[item("b", 5)])
    ear.empty_history("a")
    ear.at(40.0).tick()
    ear.tick()
    assert (ear.job().phase, ear.job().outcome) == ("unknown", "unknown")

    ear.at(50.0).connect()
    ear.raw_logs(("2026-11-21T23:30:00.0", "Starting server\n"))

    # Somebody may have removed it, or the dying worker took it: it was not there any more.
    assert ear.job().phase == "unknown"


def restarted(*, boot: str) -> Listener:
    """A running job, a broken connection, and a console that shows this start."""
    ear = Listener()
    ear.raw_logs(("2026-11-21T20:00:00.0", "Starting server\n"))
    ear.queue(running=[item(created=0)], pending=[item("b", 2, created=1)])
    ear.at(10.0).connect()
    ear.raw_logs((boot, "Starting server\n"))
    ear.queue()
    return ear


def test_a_restart_proven_by_the_console_loses_at_once() -> None:
    ear = restarted(boot="2026-11-21T21:00:00.0")

    assert {job.phase for job in ear.jobs()} == {"lost"}
    assert "21:00:00" in ear.job().evidence
    assert ear.source().readings["instance"] == 1


def test_a_dropped_socket_alone_proves_nothing() -> None:
    ear = restarted(boot="2026-11-21T20:00:00.0")

    assert {job.outcome for job in ear.jobs()} == {None}
    assert ear.source().readings["instance"] == 0


def test_numbers_that_fall_prove_a_restart() -> None:
    ear = Listener(tier=0)
    ear.queue(running=[item("a", 57, created=0)])
    ear.at(10.0).connect(tier=0)
    ear.queue()
    ear.at(20.0).queue(running=[item("n", 0, created=15_000)])

    assert ear.job().phase == "lost"
    assert "fell from 57 to 0" in ear.job().evidence
    assert ear.job("n").phase == "running"


def test_an_explicit_low_number_is_no_restart_while_a_known_job_remains() -> None:
    ear = Listener(tier=0)
    ear.queue(running=[item("a", 57, created=0)], pending=[item("b", 58, created=1)])
    ear.at(10.0).connect(tier=0)
    ear.queue(running=[item("b", 58, created=1)], pending=[item("n", 2, created=15_000)])

    assert ear.source().readings["instance"] == 0


def test_a_low_number_under_an_unbroken_watch_is_no_restart() -> None:
    ear = Listener(tier=0)
    ear.queue(running=[item("a", 57, created=0)])
    ear.at(10.0).queue(running=[item("n", 0, created=5_000)])

    assert ear.source().readings["instance"] == 0


def test_the_entry_of_a_later_use_is_not_this_ones() -> None:
    ear = gone()
    ear.queue()
    for _ in range(3):
        ear.now += 1.0
        ear.history("a", entry(item(created=77), began(), ended()), key=ear.jobs()[0].key)
        ear.tick()

    assert [(job.phase, job.evidence[:17]) for job in ear.jobs()] == [
        ("unknown", "its history entry"),
        ("succeeded", "its history entry"),
    ]
    assert "replaced" in ear.jobs()[0].evidence


def known(phase: str = "running") -> JobView:
    created = int(T0 * 1000)
    return JobView(
        key=f"comfy~old~{created}", source="comfy", native="old", phase=phase, meta={"number": 9}
    )  # type: ignore[arg-type]


def test_a_job_known_from_before_is_looked_up_and_judged() -> None:
    ear = Listener()
    ear.ears.remember([known()], None)
    ear.queue()
    ear.tick()
    assert [want.native for want in ear.wanted("history")] == ["old"]

    ear.at(20.0).history("old", entry(item("old", 9, created=0), began(), ended()), key=known().key)
    assert ear.job("old").phase == "succeeded"


def test_a_job_known_from_before_that_still_runs_is_the_same_job() -> None:
    ear = Listener()
    ear.ears.remember([known()], None)
    ear.listing(jobs(("old", "in_progress", 9, 0)))

    assert [job.phase for job in ear.jobs()] == ["running"]


def test_what_came_back_is_watched_on() -> None:
    ear = gone()
    ear.queue()
    ear.empty_history("a")
    ear.queue(running=[item(created=0)])
    ear.queue()
    ear.history("a", entry(item(created=0), began(), ended()))

    assert ear.job().phase == "succeeded"


def test_a_job_gone_and_undecided_is_missing() -> None:
    ear = gone()

    assert ear.job().missing_since == T0 + 1.0
    assert [one.presence for one in ear.of(Presence)] == ["missing"]


def test_a_wedge_is_trouble_on_the_source() -> None:
    ear = Listener()
    ear.queue(pending=[item()])
    ear.at(31.0).queue(pending=[item()])
    ear.tick()
    assert ear.source().readings["trouble"] == "jobs wait and nothing runs"

    ear.at(32.0).queue(running=[item()])
    ear.tick()
    assert ear.source().readings["trouble"] == ""


def test_the_servers_clock_is_translated() -> None:
    ear = Listener().at(10.0)
    ear.take(ear.ears.clock(3_600.0, ear.now))
    ear.queue(running=[item(created=3_600_000)])

    assert ear.job().queued_at == T0
    assert ear.source().readings["clock_offset"] == 3_600.0


def test_a_second_of_difference_is_no_evidence_about_a_clock() -> None:
    ear = Listener()
    ear.take(ear.ears.clock(1.4, ear.now))

    assert ear.source().readings["clock_offset"] == 0.0


def recent(ear: Listener, *rows: tuple[str, float]) -> None:
    """The answer about the newest ended jobs: (id, ended, in seconds after T0)."""
    listed = [{"id": one, "execution_end_time": (T0 + after) * 1000} for one, after in rows]
    body = json.dumps({"jobs": [*listed, {"id": "waits", "status": "pending"}, None]}).encode()
    ear.take(ear.ears.recent(read_recent(body), ear.now))


def test_a_prompt_that_no_listing_showed_is_looked_for_among_the_ended() -> None:
    ear = Listener().at(1.0)
    ear.say("got prompt\n", "Prompt executed in 0.01 seconds\n")
    ear.at(1.5).queue()
    assert ear.wanted("recent")

    recent(ear, ("quick", 1.2), ("before", -5.0))
    assert [want.native for want in ear.wanted("history")] == ["quick"]

    ear.history(
        "quick", entry(item("quick", 3, created=1_000), began(1.1), ended(after=1.2)), key=""
    )
    assert ear.job("quick").phase == "succeeded"
    recent(ear, ("quick", 1.2))
    assert not ear.wanted("history")


def test_a_prompt_that_a_listing_showed_is_not_looked_for() -> None:
    ear = Listener().at(1.0)
    ear.say("got prompt\n")
    ear.at(1.5).queue(running=[item()])
    ear.at(3.0).queue(running=[item()])

    assert not ear.wanted("recent")


def test_what_ended_while_the_connection_was_broken_is_looked_for() -> None:
    ear = Listener()
    ear.queue()
    ear.wanted("recent")
    ear.at(60.0).connect()

    assert ear.wanted("recent")
    recent(ear, ("meanwhile", 30.0))
    assert [want.native for want in ear.wanted("history")] == ["meanwhile"]


def test_old_versions_tell_the_same_by_a_bounded_history() -> None:
    body = entry(item("quick", 3), began(1.1), ended(after=1.2))

    assert read_recent(body) == [Past("quick", (T0 + 1.2) * 1000)]
    assert isinstance(read_recent(b"[]"), Skip)


def test_numbers_prove_a_restart_also_after_the_first_verdict() -> None:
    ear = Listener(tier=0)
    ear.queue(running=[item("a", 57, created=0)])
    ear.at(10.0).connect(tier=0)
    ear.queue()
    ear.queue()
    ear.empty_history("a")
    assert ear.job().phase == "unknown"

    ear.at(60.0).queue(running=[item("n", 0, created=55_000)])
    assert ear.job().phase == "lost"


def test_what_is_too_large_for_one_registration_is_cut_and_not_refused() -> None:
    wide = {f"{n}🎈": {"class_type": "節点" * 9, "inputs": {}} for n in range(600)}
    many = [{"filename": f"{n}{'é' * 60}.png", "type": "output"} for n in range(500)]
    ear = Listener()
    mine = item("🎈" * 7_000, created=0, raw=wide, outputs=list(wide))
    ear.queue(running=[mine])
    ear.queue()
    body = entry(mine, began(), ended(), outputs={"9": {"images": many}})
    ear.history(mine[1], body, key=ear.jobs()[0].key)

    job = ear.jobs()[0]
    assert job.phase == "succeeded"
    assert 0 < len(job.outputs) < 500

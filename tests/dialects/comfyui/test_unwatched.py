"""A server that was not heard may have worked on: what a restart then does not prove."""

from __future__ import annotations

from tests.dialects.comfyui.story import Listener, item

from headway.dialects.comfyui.verdict import Evidence, verdict
from headway.dialects.comfyui.wire import Skip

PROOF = "its console says that it started at T"
OLD, NEW = "2026-11-21T20:00:00.0", "2026-11-21T21:00:00.0"


def watched() -> Listener:
    """A running job and one that waits behind it."""
    ear = Listener()
    ear.raw_logs((OLD, "Starting server\n"))
    ear.queue(running=[item(created=0)], pending=[item("b", 2, created=1)])
    return ear


def restarts(ear: Listener) -> None:
    ear.at(10.0).connect()
    ear.raw_logs((NEW, "Starting server\n"))
    ear.queue()


def test_after_a_silence_a_restart_proves_no_loss() -> None:
    ear = watched()
    ear.ears.unwatched()
    restarts(ear)

    assert {(job.phase, job.basis) for job in ear.jobs()} == {("unknown", "inferred")}
    assert NEW[:19] in ear.job().evidence


def test_who_was_seen_after_the_silence_is_lost_all_the_same() -> None:
    ear = watched()
    ear.ears.unwatched()
    ear.at(5.0).connect()
    ear.queue(running=[item("b", 2, created=1)])
    restarts(ear)

    assert ear.job("b").phase == "lost"
    assert ear.job("a").phase == "unknown"


def test_a_new_program_does_not_call_lost_what_it_did_not_watch() -> None:
    before = watched()
    ear = Listener()
    ear.ears.remember(before.jobs(), before.source())
    restarts(ear)

    assert {job.outcome for job in ear.jobs()} == {"unknown"}


def test_what_had_left_the_queue_before_is_not_lost_by_a_restart() -> None:
    ear = watched()
    ear.at(1.0).queue(running=[item(created=0)])
    restarts(ear)

    assert ear.job("b").phase == "unknown"
    assert ear.job("a").phase == "lost"


def test_what_ran_to_its_end_is_not_lost_by_a_restart() -> None:
    said = verdict(Evidence(restart=PROOF, to_its_end=True))

    assert said is not None
    assert said.outcome == "unknown"
    assert "to its end" in said.evidence
    assert PROOF in said.evidence


def test_without_create_time_a_restart_that_is_proven_late_makes_no_second_job() -> None:
    ear = Listener(tier=0)
    ear.queue(running=[item("old", 5)])
    ear.at(10.0).connect(tier=0)
    ear.queue(running=[item("a", 0)], pending=[item("b", 1)])
    ear.at(11.0).queue(running=[item("a", 0)], pending=[item("b", 1)])

    assert ear.source().readings["instance"] == 1
    assert sorted(job.native for job in ear.jobs()) == ["a", "b", "old"]
    assert ear.job("a").phase == "running"


def test_a_queue_that_cannot_be_read_is_told_as_not_seen_and_never_as_idle() -> None:
    ear = Listener()
    ear.queue()
    for _ in range(3):
        ear.take(ear.ears.listing(Skip("listing: too large to read"), ear.now))
    unread = ear.source().readings["unseen"]
    ear.at(5.0).queue()

    assert "too large" in unread
    assert ear.source().readings["unseen"] == ""

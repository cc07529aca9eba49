"""The queue: identity, places in line, phases."""

from __future__ import annotations

from tests.dialects.comfyui.story import T0, Listener, began, ended, entry, graph, item, jobs

from headway.model.events import Position, Queued, Registered, Started
from headway.model.keys import job_key


def test_the_place_in_line_is_the_rank_by_number_and_id() -> None:
    ear = Listener()
    heap = [item("d", -7), item("b", 4), item("c", 6), item("a", 5), item("aa", 4)]

    ear.queue(pending=heap)

    places = {one: ear.job(one).position for one in ("d", "b", "aa", "a", "c")}
    assert places == {"d": 1, "aa": 2, "b": 3, "a": 4, "c": 5}


def test_a_place_is_told_when_it_changes_and_not_at_every_look() -> None:
    ear = Listener()
    for _ in range(5):
        ear.queue(pending=[item("a", 1), item("b", 2)])

    assert len(ear.of(Position, "b")) == 1


def test_a_job_is_queued_at_its_create_time() -> None:
    ear = Listener().at(60.0)
    ear.queue(pending=[item(created=5_000)])

    assert ear.job().queued_at == T0 + 5.0
    assert job_key(ear.key("a")).incarnation == str(int(T0 * 1000) + 5_000)


def test_without_create_time_instance_and_number_tell_uses_of_an_id_apart() -> None:
    ear = Listener()
    ear.queue(pending=[item(number=7), item(number=8), item("c", -7.5)])

    incarnations = {job_key(job.key).incarnation for job in ear.jobs()}
    assert incarnations == {"0.7", "0.8", "0.-7.5"}


def test_an_id_seen_again_after_its_end_is_a_new_incarnation() -> None:
    ear = Listener()
    mine = item(created=0)
    ear.queue(running=[mine])
    ear.queue()
    ear.history("a", entry(mine, began(), ended()))

    ear.queue(pending=[item(created=9_000)])

    assert sorted(job.phase for job in ear.jobs()) == ["queued", "succeeded"]


def test_a_reused_id_and_number_without_create_time_is_a_new_incarnation_too() -> None:
    ear = Listener()
    ear.queue(running=[item(number=1)])
    ear.queue()
    ear.history("a", entry(item(number=1), began(), ended()))

    ear.queue(running=[item(number=1)])

    assert [job.phase for job in ear.jobs()] == ["succeeded", "running"]


def test_an_echo_of_an_ended_use_changes_nothing() -> None:
    ear = Listener()
    mine = item(created=0)
    ear.queue(running=[mine])
    ear.queue()
    ear.history("a", entry(mine, began(), ended()))

    ear.queue(running=[mine])

    assert [job.phase for job in ear.jobs()] == ["succeeded"]


def test_two_waiting_uses_of_one_id_are_two_jobs() -> None:
    ear = Listener()
    ear.queue(pending=[item(number=44, created=1), item(number=45, created=5)])

    assert [job.position for job in ear.jobs()] == [1, 2]


def test_who_runs_at_the_first_look_began_before() -> None:
    ear = Listener()
    ear.queue(running=[item(created=0)])

    assert ear.job().phase == "running"
    assert ear.job().basis == "derived"
    assert ear.job().meta["resumed"] is True


def test_a_start_between_two_looks_is_observed() -> None:
    ear = Listener()
    ear.queue(pending=[item()])
    ear.at(1.0).queue(running=[item()])

    assert ear.job().basis == "observed"
    assert len(ear.of(Started)) == 1
    assert len(ear.of(Queued)) == 1


def test_the_jobs_api_gives_the_same_and_graphs_are_asked_for_once() -> None:
    ear = Listener()
    ear.wanted("graphs")
    ear.listing(jobs(("a", "in_progress", 1, 0), ("b", "pending", 2, 1)))

    assert len(ear.wanted("graphs")) == 1
    ear.queue(running=[item("a", 1, created=0)], pending=[item("b", 2, created=1)])
    ear.listing(jobs(("a", "in_progress", 1, 0), ("b", "pending", 2, 1)))
    assert not ear.wanted("graphs")
    assert ear.job("b").title == "dream 512×768 · 8 steps"


def test_a_plan_is_told_once() -> None:
    ear = Listener()
    for _ in range(3):
        ear.queue(running=[item()])

    assert sum("signature" in one.meta for one in ear.of(Registered)) == 1


def test_between_two_jobs_nothing_is_lost() -> None:
    ear = Listener()
    ear.queue(pending=[item("b", 2), item("c", 3)])
    ear.at(1.0).queue(running=[item("b", 2)], pending=[item("c", 3)])

    assert (ear.job("b").phase, ear.job("c").phase) == ("running", "queued")
    assert ear.source().readings["running"] == 1
    assert ear.source().readings["waiting"] == 1


def test_a_queue_of_thousands_is_taken() -> None:
    ear = Listener()
    small = {"1": {"class_type": "PreviewAny", "inputs": {"source": "x"}}}
    ear.queue(pending=[item(f"j{n}", n, created=n, raw=small, outputs=["1"]) for n in range(3_000)])

    assert ear.job("j2999").position == 3_000


def test_ids_of_any_kind_make_keys() -> None:
    ear = Listener()
    odd = ['with "quotes"', "a/b\\c", "🎈" * 190, "x" * 4096, "é~%20", "..", "42"]
    ear.queue(pending=[item(one, n) for n, one in enumerate(odd)])

    assert {job.native for job in ear.jobs()} == set(odd)
    assert max(len(job.key) for job in ear.jobs()) < 1024


def test_the_submitter_is_told_as_a_digest() -> None:
    ear = Listener()
    ear.queue(pending=[item(client_id="frontend-1234", raw=graph())])

    assert len(ear.job().meta["submitter"]) == 10
